import pytest

from app.imports.values.numeral import Numeral, is_currency, parts_of, read_numeral


class TestReadNumeral:
    @pytest.mark.parametrize(
        ("text", "runs", "separators", "unit", "negative"),
        [
            ("1.234,50", (1, 3, 2), ".,", "", ""),
            ("12’345", (2, 3), "'", "", ""),
            ("1\u202f234", (1, 3), " ", "", ""),
            ("$1,228.55", (1, 3, 2), ",.", "$", ""),
            ("-5.25 kr", (1, 2), ".", "kr", ""),
            ("(987.65)", (3, 2), ".", "", "("),
            ("5.00-", (1, 2), ".", "", "-"),
            ("EUR 5.25", (1, 2), ".", "EUR", ""),
            (".5", (0, 1), ".", "", ""),
        ],
    )
    def test_how_it_is_written(
        self, text: str, runs: tuple[int, ...], separators: str, unit: str, negative: str
    ) -> None:
        numeral = read_numeral(text.encode())
        assert numeral is not None
        assert (numeral.runs, numeral.separators, numeral.unit, numeral.negative) == (runs, separators, unit, negative)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "x",
            "007",
            "12E3",
            "1.2.3",
            "--5",
            "(-5)",
            "5$ $",
            "ABC 5",
            "(5",
            "1,,5",
            "192.168.1.1",
            "9" * 61,
            "5 kg",
        ],
    )
    def test_what_is_none_in_any_style(self, text: str) -> None:
        assert read_numeral(text.encode()) is None

    def test_units_that_are_given_are_the_only_ones(self) -> None:
        numeral = read_numeral(b"5 kg", ("kg",))
        assert numeral is not None
        assert numeral.unit == "kg"
        assert read_numeral(b"$5", ("kg",)) is None

    @pytest.mark.parametrize(
        ("text", "exact"),
        [
            ("0.1234567890123456789", False),
            ("0.1000000000000000055511151231257827", False),
            ("0.5", True),
            ("1.1e-7", True),
        ],
    )
    def test_whether_a_double_holds_it(self, text: str, exact: bool) -> None:
        numeral = read_numeral(text.encode())
        assert numeral is not None
        assert numeral.exact is exact


class TestPartsOf:
    @pytest.mark.parametrize(
        ("separators", "runs", "point", "thousands", "parts"),
        [
            (".", (1, 3), ".", "", (1, 3)),
            (".", (1, 3), ",", ".", (4, 0)),
            (".", (1, 2), ",", ".", None),
            (".,", (1, 3, 2), ",", ".", (4, 2)),
            (",,", (2, 2, 3), ".", ",", (7, 0)),
            ("..", (2, 2, 3), ",", ".", None),
            ("", (4,), ".", ",", (4, 0)),
        ],
    )
    def test_what_a_style_makes_of_it(
        self, separators: str, runs: tuple[int, ...], point: str, thousands: str, parts: tuple[int, int] | None
    ) -> None:
        assert parts_of(Numeral(runs, separators), point, thousands) == parts


class TestIsCurrency:
    @pytest.mark.parametrize(("unit", "money"), [("$", True), ("US$", True), ("EUR", True), ("kr", True), ("%", False)])
    def test_signs_codes_and_words(self, unit: str, money: bool) -> None:
        assert is_currency(unit) is money
