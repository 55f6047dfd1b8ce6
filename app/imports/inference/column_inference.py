"""Column inference: the type of one column from all of its values, with the evidence and the near misses.

What it says does not depend on how the values were cut into chunks.

Pure: no I/O.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.columns.column import Column
from app.columns.conventions import Conventions as ColumnConventions
from app.columns.date_formats import PIVOT, has_short_year
from app.columns.rules import UNADDRESSABLE
from app.columns.types.registry import TypeName
from app.imports.inference.candidates import Batch, Candidate, DateFamily, Dates, boolean_family, uuid_family
from app.imports.inference.image_tally import ImageTally
from app.imports.inference.number_proof import KnownStyle, Reading, find_readings
from app.imports.inference.number_types import NumberType, Quantities, conclude_type, show_count, show_place
from app.imports.inference.numerals import Numerals, Sighting
from app.imports.inference.tally import Tally
from app.imports.values import cells
from app.imports.values.cells import Conventions, to_mask
from app.imports.values.numeral import Numeral

# Most candidates are given up within so many values.
STEP = 1200
_UNADDRESSABLE = pa.array([text.encode() for text in UNADDRESSABLE], pa.binary())
_LONGEST_UNADDRESSABLE = max(map(len, UNADDRESSABLE))
_LABELS = {"boolean": "a boolean", "date": "a date", "datetime": "a datetime", "uuid": "a UUID", "bigint": "integer"}
# The members of a column that go with its type.
TYPE_MEMBERS = (
    "precision", "scale", "date_format", "decimal_separator", "thousands_separator", "units", "accounting", "booleans"
)  # fmt: skip


@dataclass(frozen=True)
class NearMiss:
    """A type that a column could have: how many values fit it, how many do not, and the first of these.

    `word` is the one text that all of these are. What is not proven has to be given.
    """

    type: TypeName
    members: dict[str, Any]
    fits: int
    misfits: int
    line: int = 0
    value: str = ""
    word: str | None = None
    is_proven: bool = True

    @property
    def label(self) -> str:
        return _LABELS.get(self.type, self.type)

    @property
    def document(self) -> dict[str, Any]:
        """It as an import shows it."""
        first = {"line": self.line, "value": self.value} if self.misfits else None
        return {"type": self.type, **self.members, "fits": self.fits, "misfits": self.misfits, "misfit": first}


@dataclass(frozen=True)
class Conclusion:
    """A type, the settings of a column of it, and why."""

    type: TypeName
    members: dict[str, Any]
    why: list[str]
    # Return whether only digits beyond those of a double speak for a decimal.
    is_for_digits: bool = False

    @property
    def uses_commas(self) -> bool:
        """Return whether numbers are proven to have commas before the fraction or points between groups."""
        return self.members.get("decimal_separator") == ","


@dataclass
class ColumnInference:
    """The inference of one column of the file; `given` are the known formats of its values."""

    name: str
    label: str
    conventions: Conventions
    given: ColumnConventions = field(default_factory=ColumnConventions)
    values: int = 0
    nulls: int = 0
    empty: int = 0
    blank: int = 0
    longest: int = 0
    unique: bool = True
    addresses: bool = True
    # Return whether another column shows points as groups or commas as decimals.
    beside_commas: bool = False
    # Return whether most columns with fractions are doubles.
    beside_doubles: bool = False
    # Why the column cannot be as it was chosen, as it is known so far.
    mistake: str = ""

    def __post_init__(self) -> None:
        conventions, formats = self.conventions, self.conventions.date_formats
        self.date_format = formats.get(self.label) or formats.get(self.name) or self.given.date_format
        pair = conventions.booleans or self.given.booleans
        self._known = known_style(self.given, conventions)
        self._numerals = Numerals(self._known.units)
        self._no_numbers = Tally()
        self._dates = DateFamily(conventions, self.date_format)
        self._booleans = boolean_family(pair)
        self._families = (self._booleans, self._dates, uuid_family())
        self.images = ImageTally(conventions.images)
        self._concluded: tuple[object, Conclusion] | None = None

    def update(self, array: pa.Array, line_of: Callable[[int], int]) -> None:
        """Take the column's next cells into account; `line_of` tells the line of one of them."""
        array = cells.words_to_null(array, self.given.nulls or ())
        self.nulls += array.null_count
        self.values += len(array) - array.null_count
        lengths = pc.binary_length(array)
        shortest, longest = pc.min_max(lengths).as_py().values()
        empty = pc.sum(pc.equal(lengths, 0)).as_py() if shortest == 0 else 0
        self.empty += empty
        self.longest = max(self.longest, longest or 0)
        if self.unique and len(array):
            self.unique = not array.null_count and not empty and are_distinct(array, lengths)
        if self.unique and self.addresses and shortest is not None and shortest <= _LONGEST_UNADDRESSABLE:
            self.addresses = not pc.any(pc.is_in(array, _UNADDRESSABLE), min_count=0).as_py()
        if not self._is_open:
            return
        places = None
        if array.null_count or empty:
            mask = pc.fill_null(pc.greater(lengths, 0), False)
            places = np.flatnonzero(to_mask(mask))
            array = array.filter(mask)
        start = 0
        while start < len(array) and self._is_open:
            step = STEP if self._is_undecided else len(array)
            self._take(array.slice(start, step), _shift(line_of, places, start))
            start += step

    @property
    def _is_open(self) -> bool:
        return self._no_numbers.is_open or self.images.is_open or any(family.is_open for family in self._families)

    @property
    def _is_undecided(self) -> bool:
        open_families = sum(family.is_open for family in self._families)
        return self._no_numbers.is_open + self.images.is_open + open_families > 1

    def _take(self, array: pa.Array, line_of: Callable[[int], int]) -> None:
        if self._no_numbers.is_open and self._numerals.take_plain(array, line_of):
            self._no_numbers.add(array, None, line_of)
            batch = Batch(array, line_of, is_plain=True)
        else:
            array, line_of = self._without_blanks(array, line_of)
            if not len(array):
                return
            if self._no_numbers.is_open:
                self._no_numbers.add(array, self._numerals.take(array, line_of), line_of)
            batch = Batch(array, line_of)
        for family in self._families:
            family.update(batch)
        self.images.update(array, line_of)

    def _without_blanks(self, array: pa.Array, line_of: Callable[[int], int]) -> tuple[pa.Array, Callable[[int], int]]:
        """The cells that hold more than spaces: the others are null in all types but text."""
        if not cells.may_begin_with_space(array):
            return array, line_of
        blank = to_mask(pc.match_substring_regex(array, f"^{cells.SPACE}+$"))
        if not blank.any():
            return array, line_of
        self.blank += int(np.count_nonzero(blank))
        return array.filter(pa.array(~blank)), _shift(line_of, np.flatnonzero(~blank), 0)

    def column(self) -> tuple[Column, list[str]]:
        """The column as proposed, and why."""
        found = self.conclude()
        column = Column.model_validate({"name": self.name, "type": found.type, "label": self.label, **found.members})
        return column, [*found.why, f"{show_count(self.values, 'value')}, {show_count(self.nulls, 'null')}"]

    def proposes(self, column: Column) -> bool:
        """Return whether the column, as it would be proposed now, has the type of `column`."""
        found = self.conclude()
        return found.type == column.type and all(
            getattr(column, name) == found.members.get(name) for name in TYPE_MEMBERS
        )

    def finish(self) -> None:
        """Conclude once more from all values: how many there are of each look counts as well."""
        self._concluded = None

    @property
    def is_loaded(self) -> bool:
        """Return whether the column becomes one of the dataset's."""
        return True

    def conclude(self) -> Conclusion:
        """The column's type as far as its values are known."""
        beside = (self.beside_commas, self.beside_doubles)
        are_images = self.images.are_nearly_all
        state = (len(self._numerals.seen), self._no_numbers.misfits > 0, beside, self._total > 0, are_images, *(
            (candidate.tally.misfits > 0, candidate.is_proven)
            for family in self._families for candidate in family.ordered
        ))  # fmt: skip
        if self._concluded is None or self._concluded[0] != state:
            found = self._conclude()
            if are_images and found.type == "text":
                found = Conclusion("image", {}, [self.images.evidence])
            self._concluded = state, found
        return self._concluded[1]

    @property
    def _total(self) -> int:
        """The number of values that must be of the column's type, if that is not text."""
        return self.values - self.empty - self.blank

    def _conclude(self) -> Conclusion:
        if not self._total:
            return Conclusion("text", {}, ["no values"])
        clean = [candidate for candidate in self._candidates if not candidate.tally.misfits and candidate.is_proven]
        first = [candidate for candidate in clean if candidate.type == "boolean"]
        if self.date_format is not None:
            first = [candidate for candidate in clean if candidate.type in ("date", "datetime")] or first
        if first:
            return self._conclude_candidate(first[0])
        numbers = self._conclude_numbers()
        if numbers is not None and numbers.type is not None:
            return Conclusion(numbers.type, numbers.members, numbers.why, numbers.is_for_digits)
        kinds: tuple[TypeName, ...] = ("uuid", "date", "datetime")
        for kind in kinds:
            found = [candidate for candidate in clean if candidate.type == kind]
            if len(found) > 1:
                formats = ", ".join(candidate.members.get("date_format", cells.ISO_DATE) for candidate in found)
                return Conclusion("text", {}, [f"every value is a {kind} in more than one format: {formats}"])
            if found:
                return self._conclude_candidate(found[0])
        return Conclusion("text", {}, numbers.why if numbers is not None else self._why_text())

    @property
    def _candidates(self) -> list[Candidate]:
        return [candidate for family in self._families for candidate in family.ordered]

    def _conclude_candidate(self, candidate: Candidate) -> Conclusion:
        why = {"boolean": "every value is one of a pair", "uuid": "every value is a UUID"}.get(candidate.type)
        if isinstance(candidate, Dates):
            why = f"every value is written {candidate.written}"
            if candidate.type == "datetime":
                why = f"every value is a date, written {candidate.written}, and a time"
            if has_short_year(candidate.written):
                why += f"; years {PIVOT} to 99 are 19{PIVOT} to 1999, 00 to {PIVOT - 1} are 2000 to 20{PIVOT - 1}"
        return Conclusion(candidate.type, dict(candidate.members), [why or ""])

    def _conclude_numbers(self) -> NumberType | None:
        """The type of the column's numbers, if all of its values are and prove how they are written."""
        if self._no_numbers.misfits or not self._numerals.seen:
            return None
        for reading in self._readings():
            if reading.is_proven and len(reading.fitting) == len(self._numerals.seen):
                return self._number_type(reading)
        return None

    def _readings(self) -> list[Reading]:
        return find_readings(self._numerals.seen, self._known.beside(commas=self.beside_commas))

    def _number_type(self, reading: Reading) -> NumberType:
        numerals = self._numerals
        greatest = max(numerals.greatest, -numerals.least)
        quantities = Quantities(reading, numerals.seen)
        return conclude_type(quantities, numerals.seen, self.name, greatest, beside_doubles=self.beside_doubles)

    def _why_text(self) -> list[str]:
        misses = sorted(self._near_misses(), key=lambda miss: (-miss.fits, miss.misfits))
        why = {f"not {miss.label}": show_place(miss.value, miss.line) for miss in reversed(misses) if miss.misfits}
        shown = [f"{label}: {place}" for label, place in reversed(why.items())][:3]
        if not shown and self._no_numbers.misfits:
            return [f"not integer: {show_place(self._no_numbers.value, self._no_numbers.line)}"]
        return shown or ["could be numbers, but nothing proves how they are written"]

    def near_misses(self) -> list[NearMiss]:
        """The types that most values fit but that the column does not have, the most fitting first."""
        found = self.conclude()
        return sorted(
            (
                miss
                for miss in self._near_misses()
                if miss.fits >= miss.misfits and (miss.misfits or (found.type == "text" and miss.fits))
            ),
            key=lambda miss: miss.misfits,
        )

    def _near_misses(self) -> Iterator[NearMiss]:
        if self._no_numbers.is_open:
            yield from self._number_misses()
        # Times that are all dates are not another candidate.
        dates: dict[str | None, int] = {}
        for candidate in self._candidates:
            tally = candidate.tally
            if tally.is_open and tally.fits and (candidate.is_proven or candidate.type != "boolean"):
                if candidate.type == "datetime" and tally.fits == dates.get(candidate.members.get("date_format")):
                    continue
                if candidate.type == "date":
                    dates[candidate.members.get("date_format")] = tally.fits
                yield NearMiss(
                    candidate.type, dict(candidate.members), tally.fits, tally.misfits, tally.line, tally.value,
                    tally.word, candidate.is_proven,
                )  # fmt: skip

    def _number_misses(self) -> Iterator[NearMiss]:
        readings = self._readings()
        for reading in readings:
            if any(set(reading.fitting) < set(other.fitting) for other in readings):
                continue
            quantities = Quantities(reading, self._numerals.seen)
            kind = conclude_type(quantities, self._numerals.seen, self.name, 0)
            if kind.type is not None:
                yield self._number_miss(kind.type, kind.members, reading.fitting, is_proven=reading.is_proven)
            whole = tuple(numeral for numeral in reading.fitting if numeral not in set(quantities.fractions))
            if kind.type != "integer" and whole:
                yield self._number_miss("integer", {}, whole, is_proven=reading.is_proven)

    def _number_miss(
        self, kind: TypeName, members: dict[str, Any], fitting: tuple[Numeral, ...], *, is_proven: bool
    ) -> NearMiss:
        seen, none = self._numerals.seen, self._no_numbers
        kept = set(fitting)
        others = [sighting for numeral, sighting in seen.items() if numeral not in kept]
        if none.misfits:
            others.append(Sighting(none.misfits, none.line, none.value))
        misfits = sum(sighting.count for sighting in others)
        fits = sum(seen[numeral].count for numeral in fitting)
        if not others:
            return NearMiss(kind, members, fits, 0, is_proven=is_proven)
        first = min(others, key=lambda sighting: sighting.line)
        word = none.word if len(others) == 1 else None
        return NearMiss(kind, members, fits, misfits, first.line, first.value, word, is_proven)

    @property
    def half_pair(self) -> tuple[str, str] | None:
        """The pair of words of which every value is the same one."""
        members = self._booleans.members
        return next((words.pair for words in members if not words.tally.misfits and not words.is_proven), None)

    @property
    def is_all_numbers(self) -> bool:
        """Return whether each value is a number in some style."""
        return not self._no_numbers.misfits

    @property
    def example(self) -> tuple[str, int]:
        """The first number with a separator or a sign that says nothing, with its line."""
        odd = [sighting for numeral, sighting in self._numerals.seen.items() if numeral.separators or numeral.negative]
        first = min(odd, key=lambda sighting: sighting.line)
        return first.value, first.line

    @property
    def longest_number(self) -> tuple[str, int]:
        """The first number that a double does not hold, with its line."""
        long = [sighting for numeral, sighting in self._numerals.seen.items() if not numeral.exact]
        first = min(long, key=lambda sighting: sighting.line)
        return first.value, first.line

    @property
    def units(self) -> list[str]:
        """The units of the column's numbers, an empty text for no unit."""
        return sorted({numeral.unit for numeral in self._numerals.seen})


def known_style(given: ColumnConventions, conventions: Conventions) -> KnownStyle:
    """The known formats of a column's numbers: options override the column's own."""
    thousands = conventions.thousands_separator or given.thousands_separator
    point = conventions.decimal_separator or given.decimal_separator
    if point is None or point == thousands:
        point = {",": ".", ".": ","}.get(thousands or "")
    has_commas = conventions.delimiter == ","
    return KnownStyle(
        point, thousands, conventions.units or given.units, bool(given.accounting), has_commas, has_commas
    )


def _shift(line_of: Callable[[int], int], places: Any, start: int) -> Callable[[int], int]:
    """`line_of` for values that were taken out of others, from a place on."""
    return lambda place: line_of(place + start if places is None else int(places[place + start]))


def are_distinct(array: pa.Array, lengths: pa.Array) -> bool:
    """Return whether no two values are the same, with no null; cheap if they grow, as row numbers do."""
    count = len(array) - 1
    before, after = array.slice(0, count), array.slice(1)
    longer = pc.greater(lengths.slice(1), lengths.slice(0, count))
    as_long = pc.equal(lengths.slice(1), lengths.slice(0, count))
    grow = pc.or_(longer, pc.and_(as_long, pc.greater(after, before)))
    return bool(pc.all(grow, min_count=0).as_py()) or len(pc.unique(array)) == count + 1
