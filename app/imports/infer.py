"""Infer: the type of every column from all of its values, with the evidence.

A type is a candidate until a value is met that it cannot hold; what remains does not depend on how the file was cut
into chunks. Numbers widen from integer over decimal to number; whatever no candidate holds is text.

Pure: no I/O.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.datasets.columns import MAX_SAFE_INTEGER, Column, TypeName
from app.imports import cells
from app.imports.cells import Conventions, Mask, Plain, to_mask
from app.imports.formats import KNOWN_FORMATS

# Candidates are first tried on a few values: most die there.
PROBE = 64
# Money has at most four digits behind the point; decimals get room for larger values than the file's.
MAX_MONEY_SCALE = 4
ROOMY_PRECISION = 12
MAX_INFERRED_PRECISION = 100
# No double needs more to be told from its neighbours; with zeros in front there may be a few more.
MAX_DOUBLE_DIGITS = 25
MAX_KEY_LENGTH = 200
MONEY = re.compile(
    r"(^|_)(price|prices|cost|costs|amount|amounts|total|subtotal|fee|fees|salary|wage|pay|balance|tax|vat|revenue|"
    r"income|budget|spend|discount|payment|usd|eur|gbp|value_usd|precio|importe|coste)(_|$)"
)
KEY_NAME = re.compile(r"^(id|key|code|sku|uuid|slug)$|(_id|_key|_code|_no|_number|_uuid|id)$")

# What kills a candidate: the place of the first value it cannot hold, from 0, or None.
Misfit = int | None


class Candidate(Protocol):
    """A type that a column may still have; `misfit` looks at further values, none of them null or empty."""

    name: str

    def misfit(self, array: pa.Array) -> Misfit: ...


def _first(mask: Mask | None) -> Misfit:
    return None if mask is None or not mask.any() else int(mask.argmax())


class _Integers:
    """64-bit integers; remembers the least and the greatest."""

    name = "integer"

    def __init__(self, conventions: Conventions) -> None:
        self._conventions = conventions
        self.least = 0
        self.greatest = 0

    def misfit(self, array: pa.Array) -> Misfit:
        array, foreign = cells.normalise_numbers(array, self._conventions)
        values, bad = cells.read_integers(array)
        misfit = _first(bad if foreign is None else foreign if bad is None else foreign | bad)
        if misfit is None:
            extremes = pc.min_max(values).as_py()
            self.least = min(self.least, extremes["min"] or 0)
            self.greatest = max(self.greatest, extremes["max"] or 0)
        return misfit

    @property
    def digits(self) -> int:
        return len(str(max(abs(self.least), abs(self.greatest))))


class _Decimals:
    """Numbers with a point; remembers the most digits before and behind it and how they were written."""

    name = "decimal"

    def __init__(self, conventions: Conventions) -> None:
        self._conventions = conventions
        self.whole = 0
        self.scale = 0
        self.digits = 0
        # Whether a double holds each of them, in the sense that writing it out again gives the same digits.
        self.exact = True
        # A zero at the end of two or more decimals, as in 0.10: written to a fixed number of them.
        self.padded = False

    def misfit(self, array: pa.Array) -> Misfit:
        array, foreign = cells.normalise_numbers(array, self._conventions)
        plain = Plain(array)
        if not plain.is_plain:
            kept, bad = cells.match_cells(array, cells.PLAIN_NUMBER)
            bad |= to_mask(pc.match_substring_regex(kept, r"^-?$"))
            misfit = _first(bad if foreign is None else foreign | bad)
            if misfit is not None:
                return misfit
            # Only a missing zero before the point or spaces are not plain here.
            plain = Plain(pc.replace_substring_regex(kept, r"^(-?)\.", r"\10.").view(pa.binary()))
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
        if self.exact and self.digits > cells.EXACT_DIGITS:
            long = plain.array.filter(pa.array(digits > cells.EXACT_DIGITS)).to_pylist()
            self.exact = self.digits <= MAX_DOUBLE_DIGITS and all(_is_double(value.decode()) for value in long)
        if not self.padded and self.scale > 1:
            self.padded = bool(pc.any(pc.match_substring_regex(plain.array, r"\.[0-9]+0$")).as_py())

    def widen(self, integers: _Integers) -> None:
        """Take over what the values held while they were all integers."""
        self.whole = max(self.whole, integers.digits)
        self.digits = max(self.digits, integers.digits)
        self.exact = self.digits <= cells.EXACT_DIGITS


def _is_double(text: str) -> bool:
    """Whether the shortest way to write the nearest double is `text`."""
    return format(Decimal(repr(float(text))), "f") == text


class _Reader:
    """A type whose reader decides."""

    def __init__(self, name: str, read: Callable[[pa.Array], cells.Cells]) -> None:
        self.name = name
        self._read = read

    def misfit(self, array: pa.Array) -> Misfit:
        return _first(self._read(array)[1])


class _Booleans:
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
    short = pc.less_equal(pc.binary_length(array), 5)
    if not pc.all(short).as_py():
        return array
    try:
        return pc.ascii_lower(array.cast(pa.string())).view(pa.binary())
    except pa.ArrowInvalid:
        return array


@dataclass
class ColumnInference:
    """What is known of one column of the file."""

    name: str
    label: str
    conventions: Conventions
    values: int = 0
    nulls: int = 0
    empty: int = 0
    longest: int = 0
    unique: bool = True
    misfits: dict[str, str] = field(default_factory=dict)
    _candidates: list[Candidate] = field(default_factory=list)

    def __post_init__(self) -> None:
        conventions = self.conventions
        given = conventions.date_formats.get(self.name)
        formats = [given] if given else KNOWN_FORMATS
        self._integers = _Integers(conventions)
        self._decimals = _Decimals(conventions)
        self._booleans = _Booleans(conventions.booleans)
        self._candidates = [
            self._booleans,
            self._integers,
            *(_Reader(f"date {text}", _date_reader(text)) for text in formats),
            *(_Reader(f"datetime {text}", _datetime_reader(text, conventions.timezone)) for text in formats),
            _Reader("uuid", cells.read_uuids),
        ]

    def update(self, array: pa.Array, line_of: Callable[[int], int]) -> None:
        """Take the column's next cells into account; `line_of` tells the line of one of them."""
        self.nulls += array.null_count
        self.values += len(array) - array.null_count
        lengths = pc.binary_length(array)
        empty = pc.sum(pc.equal(lengths, 0)).as_py() or 0
        self.empty += empty
        self.longest = max(self.longest, pc.max(lengths).as_py() or 0)
        if self.unique:
            self.unique = not array.null_count and not empty and len(pc.unique(array)) == len(array)
        if not self._candidates:
            return
        places = None
        if array.null_count or empty:
            mask = pc.fill_null(pc.greater(lengths, 0), False)
            places = np.flatnonzero(to_mask(mask))
            array = array.filter(mask)
        if len(array):
            self._try(array, lambda place: line_of(place if places is None else int(places[place])))

    def _try(self, array: pa.Array, line_of: Callable[[int], int]) -> None:
        probe = array.slice(0, PROBE)
        # The list grows while a number widens.
        for candidate in list(self._candidates):
            self._try_one(candidate, probe, array, line_of)

    def _try_one(self, candidate: Candidate, probe: pa.Array, array: pa.Array, line_of: Callable[[int], int]) -> None:
        misfit = candidate.misfit(probe)
        if misfit is None and len(array) > PROBE:
            misfit = candidate.misfit(array)
        if misfit is None:
            return
        value = array[misfit].as_py()[:60].decode("utf-8", "replace")
        self.misfits[candidate.name] = f'"{value}" at line {line_of(misfit):,}'
        self._candidates.remove(candidate)
        wider = self._wider(candidate)
        if wider is not None:
            self._candidates.append(wider)
            self._try_one(wider, probe, array, line_of)

    def _wider(self, candidate: Candidate) -> Candidate | None:
        if candidate is self._integers:
            self._decimals.widen(self._integers)
            return self._decimals
        if candidate is self._decimals and self._decimals.exact:
            return _Reader("number", lambda array: _read_foreign_numbers(array, self.conventions))
        return None

    def column(self) -> tuple[Column, list[str]]:
        """The column as proposed, and why."""
        kind, members, why = self._conclude()
        column = Column.model_validate({"name": self.name, "type": kind, "label": self.label, **members})
        return column, [*why, f"{self.values:,} values, {self.nulls:,} nulls"]

    @property
    def warning(self) -> str | None:
        """What someone should know of the column before trusting its type."""
        dates = [name.split(" ", 1)[1] for name in self._alive() if name.startswith("date ")]
        dates = dates or [name.split(" ", 1)[1] for name in self._alive() if name.startswith("datetime ")]
        if len(dates) < 2:
            return None
        return (
            f"'{self.name}' could be dates written {' or '.join(dates)}: it stays text. "
            f"Say which with date_format, as {self.name}={dates[0]}."
        )

    def _alive(self) -> list[str]:
        return [candidate.name for candidate in self._candidates] if self.values > self.empty else []

    def _conclude(self) -> tuple[TypeName, dict[str, object], list[str]]:
        alive = self._alive()
        if "boolean" in alive and self._booleans.is_plausible:
            return "boolean", {}, ["every value is one of a pair"]
        if "integer" in alive:
            return self._conclude_integer()
        if "decimal" in alive:
            return self._conclude_decimal()
        if "number" in alive:
            return "number", {}, [f"not decimal: {self.misfits['decimal']}"]
        if "uuid" in alive:
            return "uuid", {}, ["every value is a UUID"]
        return self._conclude_date(alive) or ("text", {}, self._why_text())

    def _conclude_date(self, alive: list[str]) -> tuple[TypeName, dict[str, object], list[str]] | None:
        kinds: tuple[TypeName, ...] = ("date", "datetime")
        for kind in kinds:
            formats = [name.split(" ", 1)[1] for name in alive if name.startswith(f"{kind} ")]
            if len(formats) > 1:
                return "text", {}, [f"every value is a {kind} in more than one format: {', '.join(formats)}"]
            if formats:
                members = {} if formats[0] == cells.ISO_DATE else {"date_format": formats[0]}
                return kind, dict(members), [f"every value is written {formats[0]}"]
        return None

    def _conclude_integer(self) -> tuple[TypeName, dict[str, object], list[str]]:
        least, greatest = self._integers.least, self._integers.greatest
        if max(abs(least), abs(greatest)) <= MAX_SAFE_INTEGER:
            return "integer", {}, ["every value is an integer"]
        return "bigint", {}, [f"integers up to {max(greatest, -least)}, beyond what JavaScript holds exactly"]

    def _conclude_decimal(self) -> tuple[TypeName, dict[str, object], list[str]]:
        found = self._decimals
        why = [f"not integer: {self.misfits['integer']}"]
        is_money = found.scale <= MAX_MONEY_SCALE and (found.padded or found.scale in (0, 2) or MONEY.search(self.name))
        if not is_money and found.exact:
            return "number", {}, [*why, f"up to {found.scale} digits behind the point, held exactly"]
        precision = max(found.whole + found.scale, ROOMY_PRECISION)
        if precision > MAX_INFERRED_PRECISION:
            return "text", {}, [*why, f"{precision} digits are too many for a number"]
        members: dict[str, object] = {"precision": precision, "scale": found.scale}
        return "decimal", members, [*why, f"up to {found.whole} digits before the point and {found.scale} behind it"]

    def _why_text(self) -> list[str]:
        names = ("integer", "decimal", "number", "boolean", "date YYYY-MM-DD", "datetime YYYY-MM-DD")
        why = [f"not {name.split(' ')[0]}: {self.misfits[name]}" for name in names if name in self.misfits]
        return why[:3] or ["no values"]

    def may_be_key(self, column: Column, position: int) -> bool:
        """Whether the column looks like one that addresses records: unique as far as seen, never null, and by its name
        or its place in front meant for it."""
        if not self.unique or not self.values or self.longest > MAX_KEY_LENGTH:
            return False
        if column.type not in ("text", "integer", "bigint", "uuid", "date", "datetime"):
            return False
        return position == 0 or column.type == "uuid" or KEY_NAME.search(self.name) is not None


def _date_reader(text: str) -> Callable[[pa.Array], cells.Cells]:
    return lambda array: cells.read_dates(array, text)


def _datetime_reader(text: str, timezone: str) -> Callable[[pa.Array], cells.Cells]:
    return lambda array: cells.read_datetimes(array, text, timezone)


def _read_foreign_numbers(array: pa.Array, conventions: Conventions) -> cells.Cells:
    array, foreign = cells.normalise_numbers(array, conventions)
    values, bad = cells.read_numbers(array)
    return values, bad if foreign is None else foreign if bad is None else foreign | bad


def propose_keys(inferred: Sequence[ColumnInference], columns: Sequence[Column]) -> list[str]:
    """The columns that may be the key, the likeliest first."""
    likely = [
        (0 if column.name == "id" else 1 if KEY_NAME.search(column.name) else 2, position, column.name)
        for position, (found, column) in enumerate(zip(inferred, columns, strict=True))
        if found.may_be_key(column, position)
    ]
    return [name for _, _, name in sorted(likely)]
