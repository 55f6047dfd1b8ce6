from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.inference.numerals import Numerals
from app.imports.values.numeral import Numeral

NUMBERS = st.sampled_from(
    ["0", "7", "10", "0.50", "-1.25", "9007199254740993", "1,5", "$3.00", "x", "12345678901234567.8"]
)


def _cells(texts: list[str]) -> Any:
    return pa.array([text.encode() for text in texts], pa.binary())


def _take(texts: list[str]) -> Numerals:
    numerals = Numerals()
    if not numerals.take_plain(_cells(texts), lambda place: place + 2):
        numerals.take(_cells(texts), lambda place: place + 2)
    return numerals


class TestNumerals:
    def test_each_way_of_writing_has_its_count_and_its_first_place(self) -> None:
        seen = _take(["1.5", "22", "2.5", "33"]).seen
        assert {numeral.runs: (one.count, one.line, one.value) for numeral, one in seen.items()} == {
            (1, 1): (2, 2, "1.5"),
            (2,): (2, 3, "22"),
        }

    def test_what_is_not_plain_is_told_from_what_is_no_number(self) -> None:
        numerals = Numerals()
        assert not numerals.take_plain(_cells(["1", "$2", "x"]), lambda place: place)
        bad = numerals.take(_cells(["1", "$2", "x"]), lambda place: place)
        assert bad is not None
        assert bad.tolist() == [False, False, True]
        assert Numeral((1,), unit="$") in numerals.seen

    @pytest.mark.parametrize(("text", "size"), [("9007199254740991", 0), ("9007199254740993", 1), ("9" * 19, 2)])
    def test_large_integers_are_of_another_size(self, text: str, size: int) -> None:
        (numeral,) = _take([text]).seen
        assert (numeral.size, numeral.exact) == (size, size == 0)

    def test_the_extremes_of_large_ones_are_known(self) -> None:
        numerals = _take(["-9007199254740993", "5", "9007199254740995"])
        assert (numerals.least, numerals.greatest) == (-9007199254740993, 9007199254740995)

    @given(st.lists(NUMBERS, min_size=1, max_size=12), st.integers(1, 11))
    def test_they_do_not_depend_on_how_values_come(self, texts: list[str], cut: int) -> None:
        whole, parts = _take(texts), Numerals()
        for start in range(0, len(texts), cut):
            part = _cells(texts[start : start + cut])
            line_of = lambda place, start=start: place + start + 2  # noqa: E731
            if not parts.take_plain(part, line_of):
                parts.take(part, line_of)
        assert parts.seen == whole.seen
        assert (parts.least, parts.greatest) == (whole.least, whole.greatest)
