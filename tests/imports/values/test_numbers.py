from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.values.number_style import NumberStyle
from app.imports.values.numbers import Plain, normalise_numbers, read_decimals, read_integers, read_numbers


def _cells(texts: list[str]) -> Any:
    return pa.array([text.encode() for text in texts], pa.binary())


def _read(cells: tuple[Any, Any]) -> list[Any]:
    """The values, and "bad" in the place of the others."""
    values, bad = cells
    return ["bad" if bad is not None and bad[place] else value for place, value in enumerate(values.to_pylist())]


class TestPlain:
    @pytest.mark.parametrize("texts", [["1", "-2.50", "0.0"], ["0"], []])
    def test_digits_and_one_point(self, texts: list[str]) -> None:
        assert Plain(_cells(texts)).is_plain

    @pytest.mark.parametrize("text", ["", "01", "1.", ".5", "1.2.3", "--1", "1-", "+1", "1e3", "x", "1" * 401])
    def test_anything_else_is_not(self, text: str) -> None:
        assert not Plain(_cells(["1", text])).is_plain

    def test_the_shape_of_each(self) -> None:
        plain = Plain(_cells(["-12.50", "0.5", "7"]))
        assert (plain.whole_digits.tolist(), plain.scales.tolist()) == ([2, 1, 1], [2, 1, 0])
        assert plain.is_fraction.tolist() == [False, True, False]
        assert plain.ends_in_zero.tolist() == [True, False, False]


class TestIntegers:
    def test_ten_and_nothing_behind_the_point_is_one(self) -> None:
        assert _read(read_integers(_cells(["10.0", "-0", " 7 ", "−4", "", "1.5", "1e3", "007"]))) == [
            10, 0, 7, -4, None, "bad", "bad", "bad",
        ]  # fmt: skip

    def test_they_have_64_bits(self) -> None:
        texts = ["9223372036854775807", "-9223372036854775808", "9223372036854775808"]
        assert _read(read_integers(_cells(texts))) == [2**63 - 1, -(2**63), "bad"]


class TestDecimals:
    @pytest.mark.parametrize(
        ("text", "value"),
        [("1.5", 150), (".5", 50), ("-0.05", -5), ("99999.99", 9999999), ("1.005", "bad"), ("100000", "bad")],
    )
    def test_they_are_scaled_to_integers(self, text: str, value: Any) -> None:
        assert _read(read_decimals(_cells([text]), 7, 2)) == [value]

    def test_large_ones_stay_texts(self) -> None:
        assert _read(read_decimals(_cells(["1" * 20 + ".5"]), 30, 2)) == ["1" * 20 + ".5"]

    @given(st.lists(st.decimals(-(10**15), 10**15, places=2), min_size=1, max_size=5))
    def test_none_loses_a_digit(self, numbers: list[Decimal]) -> None:
        read = _read(read_decimals(_cells([f"{number:f}" for number in numbers]), 18, 2))
        assert [Decimal(value).scaleb(-2) for value in read] == numbers


class TestNumbers:
    def test_one_that_is_too_large_is_none(self) -> None:
        assert _read(read_numbers(_cells(["1e400", "-Infinity", "1e3", ".5", "e5", "-"]))) == [
            "bad", float("-inf"), 1000.0, 0.5, "bad", "bad",
        ]  # fmt: skip


class TestNormaliseNumbers:
    @pytest.mark.parametrize(
        ("style", "text", "plain"),
        [
            (NumberStyle(",", ".", ("€",), accounting=True), "(1.234,50 €)", b"-1234.50"),
            (NumberStyle(".", ",", ("$",)), "$1,234.50", b"1234.50"),
            (NumberStyle(".", "'"), "1’234", b"1234"),
            (NumberStyle(",", " "), "1\u202f234,5", b"1234.5"),
            (NumberStyle(".", "", ("k", "kg")), "5 kg", b"5"),
            (NumberStyle(".", "", (), accounting=True), "5.00-", b"-5.00"),
        ],
    )
    def test_they_are_written_as_json_has_them(self, style: NumberStyle, text: str, plain: bytes) -> None:
        assert _read(normalise_numbers(_cells([text]), style)) == [plain]

    @pytest.mark.parametrize("text", ["$", "1,23.50", "(5", "€5"])
    def test_what_does_not_follow_the_style_is_none(self, text: str) -> None:
        assert _read(normalise_numbers(_cells([text]), NumberStyle(".", ",", ("$",), accounting=True))) == ["bad"]
