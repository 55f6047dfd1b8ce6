"""Numerals: the notations of a column's numbers, independent of digits, each with its count and first position.

Pure: no I/O.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.columns.types.numbers import MAX_BIGINT, MAX_SAFE_INTEGER
from app.imports.inference.tally import show_cell
from app.imports.values.numbers import EXACT_DIGITS, Plain
from app.imports.values.numeral import Numeral, read_numeral, size_numeral

# Integers of so many digits fit 64 bits.
MAX_BIGINT_DIGITS = 18
_SHAPE = bytes.maketrans(b"123456789", b"999999999")


@dataclass(slots=True)
class Sighting:
    """A count of occurrences, with the first position."""

    count: int
    line: int
    value: str


class Numerals:
    """The numerals of a column; plain values are counted without looking at each."""

    def __init__(self, units: tuple[str, ...] | None = None) -> None:
        self._units = units
        self.seen: dict[Numeral, Sighting] = {}
        # Of bigint, whose evidence says how large they are.
        self.least = 0
        self.greatest = 0

    def take_plain(self, array: pa.Array, line_of: Callable[[int], int]) -> bool:
        """Count further values, none of them null, if all of them are numbers as JSON has them; whether they are."""
        plain = Plain(array)
        if plain.is_plain:
            self._take_plain(plain, array, line_of)
        return plain.is_plain

    def take(self, array: pa.Array, line_of: Callable[[int], int]) -> npt.NDArray[np.bool_] | None:
        """Count further values, none of them null or blank; return a mask of those that are not numbers, None if all
        are numbers."""
        odd = Plain(array).odd
        few = pa.array(odd)
        others = array.filter(pc.invert(few))
        plain = Plain(others)
        if not len(others) or not plain.is_plain:
            return self._take_each(array, line_of)
        places = np.flatnonzero(~odd)
        self._take_plain(plain, others, lambda place: line_of(int(places[place])))
        odd_places = np.flatnonzero(odd)
        bad = self._take_each(array.filter(few), lambda place: line_of(int(odd_places[place])))
        if bad is None:
            return None
        odd[odd_places] = bad
        return odd

    def _take_plain(self, plain: Plain, array: pa.Array, line_of: Callable[[int], int]) -> None:
        """Count numbers as JSON has them, by the digits before and after the point."""
        digits = plain.whole_digits + plain.scales
        if len(digits) and int(digits.max()) > EXACT_DIGITS:
            self._take_long(plain, array, digits, line_of)
            return
        zero_first = plain.is_fraction
        keys = (plain.scales * 16 + plain.whole_digits) * 4 + zero_first * 2 + plain.ends_in_zero
        for key, count in _counts(keys):
            scale, whole = divmod(key >> 2, 16)
            runs = (whole, scale) if scale else (whole,)
            numeral = Numeral(runs, "." if scale else "", bool(key & 2), bool(key & 1))
            if not self._count(numeral, count):
                self._add(numeral, count, array, _first(keys, key), line_of)

    def _take_long(
        self, plain: Plain, array: pa.Array, digits: npt.NDArray[np.int32], line_of: Callable[[int], int]
    ) -> None:
        long = digits > EXACT_DIGITS
        short = ~long
        places = np.flatnonzero(short)
        if len(places):
            few = array.filter(pa.array(short))
            self._take_plain(Plain(few), few, lambda place: line_of(int(places[place])))
        whole = long & (plain.scales == 0) & (plain.whole_digits <= MAX_BIGINT_DIGITS)
        self._take_bigints(array, whole, line_of)
        for place in np.flatnonzero(long & ~whole):
            text = array[int(place)].as_py().decode()
            before, _, behind = text.removeprefix("-").partition(".")
            runs = [before, behind] if behind else [before]
            written = Numeral(tuple(map(len, runs)), "." if behind else "", before == "0", text.endswith("0"))
            if not behind:
                self.least, self.greatest = min(self.least, int(text)), max(self.greatest, int(text))
            numeral = size_numeral(written, runs, is_negative=text.startswith("-"))
            if not self._count(numeral, 1):
                self._add(numeral, 1, array, int(place), line_of)

    def _take_bigints(self, array: pa.Array, mask: npt.NDArray[np.bool_], line_of: Callable[[int], int]) -> None:
        places = np.flatnonzero(mask)
        if not len(places):
            return
        texts = array.filter(pa.array(mask))
        values = texts.view(pa.string()).cast(pa.int64())
        extremes = pc.min_max(values).as_py()
        self.least, self.greatest = min(self.least, extremes["min"]), max(self.greatest, extremes["max"])
        plain, large = Plain(texts), np.abs(values.to_numpy()) > MAX_SAFE_INTEGER
        keys = (plain.whole_digits * 2 + large) * 2 + plain.ends_in_zero
        for key, count in _counts(keys):
            size = (key >> 1) & 1
            numeral = Numeral((key >> 2,), zero_last=bool(key & 1), exact=not size, size=size)
            if not self._count(numeral, count):
                self._add(numeral, count, texts, _first(keys, key), lambda place: line_of(int(places[place])))

    def _take_each(self, array: pa.Array, line_of: Callable[[int], int]) -> npt.NDArray[np.bool_] | None:
        """Count values of any look, each look once."""
        shapes = _shapes(array).dictionary_encode()
        codes = shapes.indices.to_numpy()
        looks = shapes.dictionary.to_pylist()
        numerals = [read_numeral(look, self._units) for look in looks]
        bad = np.array([numeral is None for numeral in numerals], np.bool_)
        long = np.array([sum(map(look.count, (b"0", b"9"))) > EXACT_DIGITS for look in looks], np.bool_) & ~bad
        for code, count in _counts(codes):
            numeral = numerals[code]
            if numeral is not None and not long[code]:
                self._add(numeral, count, array, _first(codes, code), line_of)
        for place in np.flatnonzero(long[codes]):
            numeral = read_numeral(array[int(place)].as_py(), self._units)
            if numeral is not None:
                self._add(numeral, 1, array, int(place), line_of)
        return np.asarray(bad[codes]) if bad.any() else None

    def _count(self, numeral: Numeral, count: int) -> bool:
        """Count a later occurrence of a numeral if it is known; return whether it is."""
        sighting = self.seen.get(numeral)
        if sighting is not None:
            sighting.count += count
        return sighting is not None

    def _add(self, numeral: Numeral, count: int, array: pa.Array, place: int, line_of: Callable[[int], int]) -> None:
        sighting = self.seen.setdefault(numeral, Sighting(0, MAX_BIGINT, ""))
        sighting.count += count
        if (line := line_of(place)) < sighting.line:
            sighting.line, sighting.value = line, show_cell(array[place].as_py())


def _shapes(array: pa.Array) -> pa.Array:
    """The cells with a 9 for every digit but 0."""
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    content = memoryview(data)[ends[0] : ends[-1]] if data is not None else b""
    shaped = bytes(content).translate(_SHAPE)
    return pa.Array.from_buffers(
        pa.binary(), len(array), [None, pa.py_buffer((ends - ends[0]).astype(np.int32)), pa.py_buffer(shaped)]
    )


def _counts(keys: npt.NDArray[np.integer]) -> list[tuple[int, int]]:
    """Each of some small numbers with its count."""
    counts = np.bincount(keys)
    return [(int(key), int(counts[key])) for key in np.flatnonzero(counts)]


def _first(keys: npt.NDArray[np.integer], key: int) -> int:
    return int(np.argmax(keys == key))
