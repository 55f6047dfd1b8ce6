import pytest

from app.imports.formats.csv.kinds import MAX_TYPED, is_comment, is_torn, is_word, is_year, kind, shape, whole_number


class TestKind:
    @pytest.mark.parametrize(
        ("cell", "expected"),
        [
            ("", "empty"),
            ("   ", "empty"),
            ("12", "number"),
            ("-1.234,50 €", "number"),
            ("$ (5.00)", "text"),
            ("($5.00)", "number"),
            ("1e-7", "number"),
            ("12.5%", "number"),
            ("2024-01-31", "date"),
            ("31 Jan 2024", "date"),
            ("Jan 2024", "date"),
            ("2024-01-31T10:00:00Z", "datetime"),
            ("31/01/2024 10:00 pm", "datetime"),
            ("10:30", "time"),
            ("Yes", "boolean"),
            ("01234567-89ab-cdef-0123-456789abcdef", "uuid"),
            ("https://a.example/b", "address"),
            ("a.b@c.example", "address"),
            ("N/A", "missing"),
            ("--", "missing"),
            ("< 5", "missing"),
            ("AB12", "code"),
            ("price", "text"),
            ("unit price 2", "text"),
        ],
    )
    def test_of_a_cell(self, cell: str, expected: str) -> None:
        assert kind(cell.encode()) == expected

    def test_what_is_long_is_text(self) -> None:
        assert kind(b"1" * MAX_TYPED) == "number"
        assert kind(b"1" * (MAX_TYPED + 1)) == "text"


class TestWords:
    @pytest.mark.parametrize("cell", ["name", "Größe", "AB12", "unit price (€)"])
    def test_name_columns(self, cell: str) -> None:
        assert is_word(cell.encode())

    @pytest.mark.parametrize("cell", ["", "12", "yes", "n/a", "2024-01-31", "???", "x" * 101])
    def test_values_and_what_has_no_letter_do_not(self, cell: str) -> None:
        assert not is_word(cell.encode())


class TestNumbers:
    @pytest.mark.parametrize(
        ("cell", "year"), [(b" 1999 ", True), (b"2026", True), (b"1700", False), (b"20260", False)]
    )
    def test_years_are_of_the_last_centuries(self, cell: bytes, year: bool) -> None:
        assert is_year(cell) is year

    @pytest.mark.parametrize(("cell", "number"), [(b" 07", 7), (b"1.0", None), (b"-1", None), (b"1" * 10, None)])
    def test_a_whole_number_is_a_few_digits(self, cell: bytes, number: int | None) -> None:
        assert whole_number(cell) == number


class TestIsComment:
    @pytest.mark.parametrize(
        ("cell", "comment"), [(b"# made by x", True), (b" // x", True), (b"#", False), (b"a#", False)]
    )
    def test_it_begins_with_a_mark_and_goes_on(self, cell: bytes, comment: bool) -> None:
        assert is_comment(cell) is comment


class TestIsTorn:
    @pytest.mark.parametrize(
        ("cell", "torn"),
        [(b"a;b", True), (b"(a", True), (b'a"', True), (b"[a]", False), (b'""', False), (b"a,b", False)],
    )
    def test_half_of_a_pair_or_another_delimiter(self, cell: bytes, torn: bool) -> None:
        assert is_torn(cell, b";\t") is torn


class TestShape:
    def test_codes_of_one_sort_share_it(self) -> None:
        assert shape(b" AB-12 ") == shape(b"xy-99") == b"aa-99"
        assert shape(b"AB12") != shape(b"AB-12")
