"""Candidates: the types that a column may still have, each with what it remembers of the values it has seen.

A candidate dies at the first value that it cannot hold. What it remembers, and where it dies, does not depend on how
the values were cut into chunks.

Pure: no I/O.
"""

import re
from collections.abc import Callable
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.datasets.column_types import MAX_SAFE_INTEGER
from app.imports import cells, numbers
from app.imports.cells import Conventions, Mask, either, to_mask
from app.imports.formats import Pattern
from app.imports.numbers import Plain

# A number written with more digits is not meant for a double, whatever its value.
MAX_DOUBLE_DIGITS = 25
LONG_NUMBER = r"^-?[0-9.]{16,}$"

# What kills a candidate: the place of the first value it cannot hold, from 0, or None.
Misfit = int | None


class Candidate(Protocol):
    """A type that a column may still have; `misfit` looks at further values, none of them null or empty."""

    name: str

    def misfit(self, array: pa.Array) -> Misfit: ...


def _first(mask: Mask | None) -> Misfit:
    return None if mask is None or not mask.any() else int(mask.argmax())


class Integers:
    """64-bit integers; remembers the least and the greatest."""

    name = "integer"

    def __init__(self, conventions: Conventions) -> None:
        self._conventions = conventions
        self.least = 0
        self.greatest = 0

    def misfit(self, array: pa.Array) -> Misfit:
        array, foreign = numbers.normalise_numbers(array, self._conventions)
        values, bad = numbers.read_integers(array)
        misfit = _first(either(foreign, bad))
        extremes = pc.min_max(values.slice(0, misfit)).as_py()
        self.least = min(self.least, extremes["min"] or 0)
        self.greatest = max(self.greatest, extremes["max"] or 0)
        return misfit

    @property
    def is_safe(self) -> bool:
        """Whether a double holds each of them."""
        return max(abs(self.least), abs(self.greatest)) <= MAX_SAFE_INTEGER

    @property
    def digits(self) -> int:
        return len(str(max(abs(self.least), abs(self.greatest))))


class Decimals:
    """Numbers with a point; remembers the most digits before and behind it and how they were written."""

    name = "decimal"

    def __init__(self, conventions: Conventions) -> None:
        self._conventions = conventions
        self.whole = 0
        self.scale = 0
        self.digits = 0
        # Whether a double holds each of them, in the sense that writing it out to as many digits gives the same.
        self.exact = True
        # A zero at the end of two or more decimals, as in 0.10: written to a fixed number of them.
        self.padded = False

    def misfit(self, array: pa.Array) -> Misfit:
        array, foreign = numbers.normalise_numbers(array, self._conventions)
        plain = Plain(array)
        if not plain.is_plain:
            kept, bad = cells.match_cells(array, numbers.PLAIN_NUMBER)
            bad |= to_mask(pc.match_substring_regex(kept, r"^-?$"))
            misfit = _first(either(foreign, bad))
            if misfit is not None:
                if misfit:
                    self.misfit(array.slice(0, misfit))
                return misfit
            # Only a missing zero before the point or spaces are not plain here.
            plain = Plain(_with_zero(kept))
        elif foreign is not None and foreign.any():
            return _first(foreign)
        self._remember(plain)
        return None

    def _remember(self, plain: Plain) -> None:
        if len(plain.lengths) == 0:
            return
        self.whole = max(self.whole, int(plain.whole_digits.max()))
        self.scale = max(self.scale, int(plain.scales.max()))
        digits = plain.whole_digits + plain.scales
        self.digits = max(self.digits, int(digits.max()))
        if self.exact and self.digits > numbers.EXACT_DIGITS:
            long = plain.array.filter(pa.array(digits > numbers.EXACT_DIGITS))
            self.exact = _first_inexact(long) is None
        if not self.padded and self.scale > 1:
            self.padded = bool(pc.any(pc.match_substring_regex(plain.array, r"\.[0-9]+0$")).as_py())

    def widen(self, integers: Integers) -> None:
        """Take over what the values held while they were all integers."""
        self.whole = max(self.whole, integers.digits)
        self.digits = max(self.digits, integers.digits)
        self.exact = integers.is_safe


def _first_inexact(array: pa.Array) -> Misfit:
    """The first of some plainly written numbers that is not a double's."""
    return next((place for place, value in enumerate(array.to_pylist()) if not _is_double(value.decode())), None)


def _is_double(text: str) -> bool:
    """Whether the nearest double, written to as many digits behind the point, is `text`."""
    if len(text) > MAX_DOUBLE_DIGITS:
        return False
    whole, _, fraction = text.partition(".")
    return f"{float(text):.{len(fraction)}f}" == text if fraction else abs(int(whole)) <= MAX_SAFE_INTEGER


class Numbers:
    """Doubles; numbers with more digits than one holds are none."""

    name = "number"

    def __init__(self, conventions: Conventions) -> None:
        self._conventions = conventions

    def misfit(self, array: pa.Array) -> Misfit:
        array, foreign = numbers.normalise_numbers(array, self._conventions)
        _, bad = numbers.read_numbers(array)
        long, _ = cells.match_cells(array, LONG_NUMBER)
        places = np.flatnonzero(to_mask(long.is_valid()))
        inexact = _first_inexact(_with_zero(long.drop_null()))
        misfits = [_first(foreign), _first(bad), None if inexact is None else int(places[inexact])]
        return min((misfit for misfit in misfits if misfit is not None), default=None)


def _with_zero(texts: pa.Array) -> pa.Array:
    """Numbers without a zero before their point, with it."""
    return pc.replace_substring_regex(texts, r"^(-?)\.", r"\10.").view(pa.binary())


class Reader:
    """A type whose reader decides; a shape that the first value does not have spares asking it."""

    def __init__(self, name: str, shape: str, read: Callable[[pa.Array], cells.Cells]) -> None:
        self.name = name
        self._shape = re.compile(shape.encode())
        self._read = read

    def misfit(self, array: pa.Array) -> Misfit:
        if self._shape.match(array[0].as_py().strip()) is None:
            return 0
        return _first(self._read(array)[1])


class Booleans:
    """One pair of words, in any case; 0 and 1 stay integers."""

    name = "boolean"

    def __init__(self, pair: tuple[str, str] | None) -> None:
        self._pairs = [pair] if pair else list(cells.BOOLEAN_PAIRS)
        self._given = pair is not None
        self._met: set[str] = set()

    def misfit(self, array: pa.Array) -> Misfit:
        words = array if self._given else _lower(array)
        distinct = pc.unique(words)
        if len(distinct) > 2:
            return self._outside(words, distinct[:3])
        pairs = [pair for pair in self._pairs if set(distinct.to_pylist()) <= {word.encode() for word in pair}]
        if not pairs:
            return self._outside(words, distinct)
        self._pairs = pairs
        self._met |= {word.decode() for word in distinct.to_pylist()}
        return None

    def _outside(self, words: pa.Array, distinct: pa.Array) -> int:
        """Where the first word stands that no pair holds together with those before it."""
        met = {word.encode() for word in self._met}
        for word in distinct.to_pylist():
            met.add(word)
            if not any(met <= {known.encode() for known in pair} for pair in self._pairs):
                return int(pc.index(words, pa.scalar(word, words.type)).as_py())
        raise AssertionError("some pair holds every word")

    @property
    def is_plausible(self) -> bool:
        """A letter alone is a boolean only where its opposite is met too."""
        return self._given or len(self._met) == 2 or not self._met <= {"t", "f", "y", "n"}


def _lower(array: pa.Array) -> pa.Array:
    return pc.ascii_lower(array.view(pa.string())).view(pa.binary())


def date_candidate(written: str) -> Candidate:
    return Reader(f"date {written}", Pattern(written).date_regex, lambda array: cells.read_dates(array, written))


def datetime_candidate(written: str, timezone: str) -> Candidate:
    return Reader(
        f"datetime {written}",
        Pattern(written).datetime_regex,
        lambda array: cells.read_datetimes(array, written, timezone),
    )
