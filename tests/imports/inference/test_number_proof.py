"""Money and other numbers as people write them: read if all of a column's values agree, else text and a warning."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.columns.column import Column
from app.imports.inference.column_warnings import warn_of
from tests.imports.engine import Engine, read_file

NO_BREAK, NARROW, THIN = "\u00a0", "\u202f", "\u2009"


def write_file(values: list[str], delimiter: str = ",") -> bytes:
    """A file with a column of row numbers and one of these values, quoted if necessary."""
    quoted = [f'"{value}"' if delimiter in value else value for value in values]
    rows = "".join(f"{place}{delimiter}{value}\n" for place, value in enumerate(quoted))
    return f"row{delimiter}x\n{rows}".encode()


def read(values: list[str], delimiter: str = ",", **options: Any) -> list[str | None]:
    """Read the values: numbers as decimals, texts with a mark."""
    made = read_file(write_file(values, delimiter), header=True, delimiter=delimiter, **options)
    assert made.rejections == []
    column = made.columns[1]
    return [None if row["x"] is None else show(row["x"], column) for row in made.rows]


def show(value: Any, column: Column) -> str:
    if column.type == "text":
        return f"text {value}"
    if column.type == "decimal" and isinstance(value, int):
        return f"{Decimal(value).scaleb(-(column.scale or 0)):f}"
    return str(value)


def find(values: list[str], delimiter: str = ",", **options: Any) -> tuple[Column, str | None]:
    """The column of these values, and its warnings."""
    options = {"header": True, "delimiter": delimiter, **options}
    found = Engine(write_file(values, delimiter), 1 << 20, 1 << 20, options).infer()[1]
    return found.column()[0], warn_of(found)


class TestMoney:
    @pytest.mark.parametrize(
        ("values", "numbers"),
        [
            (["$1,228.55", "$3.00", "-$0.50"], ["1228.55", "3.00", "-0.50"]),
            (["$ 5.25", "$-5.10", "- $1.00"], None),
            (["$5.25", "$-5.10", "-$1.00", "−$2.00"], ["5.25", "-5.10", "-1.00", "-2.00"]),
            (["93.405,61 €", "1,00 €"], ["93405.61", "1.00"]),
            (["93.405,61€", f"1,00{NO_BREAK}€"], ["93405.61", "1.00"]),
            (["(987.65)", "12.00"], ["-987.65", "12.00"]),
            (["($987.65)", "$12.00", "$(1.00)"], ["-987.65", "12.00", "-1.00"]),
            (["5.00-", "7.25"], ["-5.00", "7.25"]),
            (["12.5%", "7%"], ["12.5", "7.0"]),
            (["1 234,50", "7,25"], ["1234.50", "7.25"]),
            ([f"1{NO_BREAK}234,50", f"12{NARROW}345,00", f"1{THIN}000,25"], ["1234.50", "12345.00", "1000.25"]),
            (["12’345.00", "1'000.50"], ["12345.00", "1000.50"]),
            (["1_234.50", "0.25"], ["1234.50", "0.25"]),
            (["EUR 5.25", "EUR 1,234.00"], ["5.25", "1234.00"]),
            (["5,25 CHF", "1.234,00 CHF"], ["5.25", "1234.00"]),
            (["US$5.25", "US$1.00"], ["5.25", "1.00"]),
            (["$5", "$1,200,000"], ["5.00", "1200000.00"]),
            (["₹12,34,567.50", "₹1,23,456.00"], ["1234567.50", "123456.00"]),
            (["5.25 kr", "1.00 kr"], ["5.25", "1.00"]),
        ],
    )
    @pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
    def test_is_read_where_all_values_agree(self, values: list[str], numbers: list[str] | None, delimiter: str) -> None:
        assert read(values, delimiter) == (numbers or [f"text {value}" for value in values])

    def test_what_was_proven_is_in_the_column(self) -> None:
        column, warning = find(["($1,234.50)", "$2.00"])
        assert (column.type, column.scale, warning) == ("decimal", 2, None)
        assert (column.decimal_separator, column.thousands_separator) == (".", ",")
        assert (column.units, column.accounting) == (("$",), True)

    def test_percent_is_read_as_written_and_said(self) -> None:
        content = write_file(["12.5%", "0.5 %"])
        column, why = Engine(content, 1 << 20, 1 << 20, {"header": True}).infer()[1].column()
        assert (column.type, column.units) == ("decimal", ("%",))
        assert "percent is read as written: 12.5% is 12.5" in why

    @pytest.mark.parametrize(
        ("values", "named"),
        [
            (["$5.25", "3.00"], 'units=$ (--unit "$")'),
            (["$5.25", "€3.00"], "units=$,€"),
            (["12.5%", "7"], "units=%"),
        ],
    )
    def test_values_that_do_not_agree_on_a_unit_stay_text(self, values: list[str], named: str) -> None:
        column, warning = find(values)
        assert column.type == "text"
        assert warning is not None
        assert "'x'" in warning
        assert named in warning
        assert find(values, units=["$", "€", "%"])[0].type in ("decimal", "number")

    def test_one_value_without_its_sign_is_named_and_so_is_the_option(self) -> None:
        warning = find(["$5.25"] * 150 + ["3.00"])[1]
        assert warning is not None
        assert '1 of its 151 values, "3.00" at line 152' in warning
        assert "units=$" in warning

    @pytest.mark.parametrize("values", [["(1.00)", "(2.00)"], ["(1)", "(2)", "3"], ["1-", "2-", "3"]])
    def test_parentheses_of_all_values_or_around_mere_counts_are_labels(self, values: list[str]) -> None:
        column, warning = find(values)
        assert column.type == "text"
        assert warning is not None
        assert "accounting" in warning

    @pytest.mark.parametrize(
        "value", ["--5.00", "(-5.00)", "-5.00-", "$5.00$", "$ $5.00", "(5.00", "5.00)", "+5.00", "5.00 kg"]
    )
    def test_what_is_no_number(self, value: str) -> None:
        assert read(["1.00", "2.00", value])[-1] == f"text {value}"


class TestProof:
    @pytest.mark.parametrize("delimiter", [";", "\t", "|"])
    @pytest.mark.parametrize(
        ("values", "options"),
        [
            (["1.234", "2.500"], ("thousands_separator=.", "decimal_separator=.")),
            (["709,037", "1,200", "87"], ("thousands_separator=,", "decimal_separator=,")),
            (["1 234", "2 000"], ('thousands_separator=" "',)),
            (["110 001", "560 034"], ('thousands_separator=" "',)),
            (["1 234", "12 345", "1234"], ('thousands_separator=" "',)),
            (["12,5", "1.234"], ("thousands_separator=.",)),
            (["12.5", "1,234"], ("thousands_separator=,",)),
            (["123.456.789", "987.654.321"], ("thousands_separator=.",)),
        ],
    )
    def test_three_digits_prove_nothing(self, values: list[str], options: tuple[str, ...], delimiter: str) -> None:
        column, warning = find(values, delimiter)
        assert column.type == "text"
        assert warning is not None
        assert "'x'" in warning
        for option in options:
            assert option in warning

    @pytest.mark.parametrize("delimiter", [";", "\t", "|"])
    @pytest.mark.parametrize(
        ("values", "numbers"),
        [
            (["1,234,567", "1,000"], ["1234567", "1000"]),
            (["1.234.567", "1.000", "7"], ["1234567", "1000", "7"]),
            (["1.234,50", "1.234"], ["1234.50", "1234.00"]),
            (["12,5", "1,234"], ["12.5", "1.234"]),
            (["0.25", "1.234"], ["0.25", "1.234"]),
            (["0,125", "1,234"], ["0.125", "1.234"]),
            (["1234,567", "1,234"], ["1234.567", "1.234"]),
            ([",5", "1,234"], ["0.5", "1.234"]),
            (["1 234 567", "999"], ["1234567", "999"]),
            (["1 234", "12 345", "999"], ["1234", "12345", "999"]),
            (["1'234", "12’345"], ["1234", "12345"]),
        ],
    )
    def test_what_can_be_read_in_one_way_only_proves(
        self, values: list[str], numbers: list[str], delimiter: str
    ) -> None:
        assert [Decimal(str(value)) for value in read(values, delimiter)] == [Decimal(number) for number in numbers]

    def test_points_of_a_comma_delimited_file_are_decimal_and_that_is_said(self) -> None:
        content = write_file(["1.234", "2.500"])
        column, why = Engine(content, 1 << 20, 1 << 20, {"header": True}).infer()[1].column()
        assert (column.type, column.scale) == ("decimal", 3)
        assert any("comma-delimited" in line for line in why)

    def test_unless_another_column_has_commas_before_fractions(self) -> None:
        content = 'a,b\n1.234,"1.234,50"\n2.500,"2,75"\n'
        assert read_file(content, header=True).types == ["text", "decimal"]

    @pytest.mark.parametrize("values", [["1.234,50", "1,234.50"], ["12,5", "12.5"], ["1,234,567", "1.234.567"]])
    @pytest.mark.parametrize("delimiter", [";", ","])
    def test_values_that_contradict_each_other_stay_text(self, values: list[str], delimiter: str) -> None:
        assert read(values, delimiter) == [f"text {value}" for value in values]

    @pytest.mark.parametrize("block", [1 << 20, 100])
    @pytest.mark.parametrize(("often", "kind"), [(99, "decimal"), (150, "text")])
    def test_one_odd_cell_among_many_doubtful_ones_proves_nothing(self, often: int, kind: str, block: int) -> None:
        content = write_file(["1.234"] * often + ["1.234,50"], ";")
        assert read_file(content, block=block, header=True).types == ["integer", kind]

    def test_a_list_in_a_comma_delimited_file_is_no_number(self) -> None:
        assert read(["1,5", "2,7"]) == ["text 1,5", "text 2,7"]
        assert read(["101,102,103", "104,105", "106"]) == ["text 101,102,103", "text 104,105", "text 106"]

    @pytest.mark.parametrize("values", [["192.168.1.1", "10.0.0.1"], ["1.2.3", "1.10.0"], ["2024.01.15"], ["007", "1"]])
    def test_what_no_style_reads_is_text(self, values: list[str]) -> None:
        assert read(values, ";") == [f"text {value}" for value in values]


class TestOptions:
    def test_the_others_are_still_looked_for(self) -> None:
        assert read(["1.234,50 €", "1,00 €"], ";", units=["€"]) == ["1234.50", "1.00"]
        assert read(["1.234,50 kg", "1,00 kg"], ";", units=["kg"]) == ["1234.50", "1.00"]

    def test_a_given_separator_needs_no_proof(self) -> None:
        assert read(["709,037", "1,200", "950"], "\t", thousands_separator=",") == ["709037", "1200", "950"]
        assert read(["709,037", "1,200"], "\t", decimal_separator=",") == ["709.037", "1.200"]
        assert read(["1.234", "12"], ";", thousands_separator=".") == ["1234", "12"]
        assert read(["1.234", "2.000"], ";", decimal_separator=".") == ["1.234", "2.000"]
        assert read([f"1{NO_BREAK}234", "999"], ";", thousands_separator=" ") == ["1234", "999"]

    def test_what_does_not_follow_it_stays_text(self) -> None:
        assert read(["12.5", "3"], ";", decimal_separator=",") == ["text 12.5", "text 3"]


STYLES = [
    (point, mark) for point in ".," for mark in ("", ",", ".", " ", NO_BREAK, NARROW, "'", "’", "_") if point != mark
]
MONEY = st.decimals(-(10**9), 10**9, places=2) | st.decimals(-2000, 2000, places=3) | st.integers(-(10**7), 10**7)


def write_number(number: Decimal | int, point: str, mark: str) -> str:
    text = f"{number:,}" if isinstance(number, int) else f"{number:,f}"
    return text.translate({ord(","): mark or None, ord("."): point})


class TestAnyNumbers:
    @given(st.lists(MONEY, min_size=1, max_size=6), st.sampled_from(STYLES), st.sampled_from([";", "\t", ","]))
    def test_of_one_style_are_exact_or_text(
        self, numbers: list[Decimal | int], style: tuple[str, str], delimiter: str
    ) -> None:
        # There a point is taken for the decimal point, and that is said.
        assume(delimiter != "," or style[1] != ".")
        texts = [write_number(number, *style) for number in numbers]
        for number, text, value in zip(numbers, texts, read(texts, delimiter), strict=True):
            assert value is not None
            assert value == f"text {text}" or Decimal(value) == number

    @given(
        st.lists(MONEY, min_size=1, max_size=6), st.sampled_from(STYLES), st.text("0123456789.,- '$€()%eE", max_size=9)
    )
    def test_an_odd_cell_makes_them_text_or_changes_nothing(
        self, numbers: list[Decimal | int], style: tuple[str, str], odd: str
    ) -> None:
        texts = [write_number(number, *style) for number in numbers]
        odd = odd.strip() or "x"
        for number, text, value in zip(numbers, texts, read([*texts, odd], ";"), strict=False):
            assert value is not None
            assert value == f"text {text}" or Decimal(value) == number

    @given(st.lists(MONEY, min_size=1, max_size=6), st.sampled_from(STYLES), st.integers(1, 30))
    def test_are_read_alike_however_the_file_is_cut(
        self, numbers: list[Decimal | int], style: tuple[str, str], block: int
    ) -> None:
        content = write_file([write_number(number, *style) for number in numbers], ";")
        options = {"header": True, "delimiter": ";"}
        whole, cut = (Engine(content, size, 1 << 20, options).infer()[1] for size in (1 << 20, block))
        assert cut.column() == whole.column()
        assert cut.near_misses() == whole.near_misses()
        assert warn_of(cut) == warn_of(whole)
