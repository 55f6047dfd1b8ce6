"""Settle: how a file writes the numbers of columns that know nothing of it yet, from the file's first records.

What is found is kept with the column, so that no later file is read in another way without a word.

Pure: no I/O.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from app.columns.column import Column
from app.imports.errors import OptionsMismatch
from app.imports.inference.column_inference import known_style
from app.imports.inference.number_proof import Reading, find_readings
from app.imports.inference.number_types import Quantities, show_place
from app.imports.inference.numerals import Numerals
from app.imports.values import cells
from app.imports.values.cells import Conventions, to_mask
from app.imports.values.numeral import parts_of

# Types whose values have fractions: what stands before these has to be known of them.
FRACTIONAL = ("decimal", "number")
AS_JSON = {"decimal_separator": ".", "thousands_separator": None}
EXPORT_WARNING = (
    "The file has the dataset's own names for its columns, as an export of it: its values are read as JSON writes them."
)


class ColumnSettling:
    """The numbers of one column as its file's first records have them."""

    def __init__(self, column: Column, conventions: Conventions) -> None:
        self._column = column
        self._known = known_style(column, conventions)
        self._is_comma_delimited = conventions.delimiter == ","
        self._numerals = Numerals(self._known.units)

    def update(self, array: pa.Array, line_of: Callable[[int], int]) -> None:
        """Take the column's next cells into account."""
        array = cells.blank_to_null(cells.words_to_null(cells.trim(array), self._column.nulls or ()))
        places = np.flatnonzero(to_mask(array.is_valid()))
        array = array.drop_null()
        if len(array):
            where = lambda place: line_of(int(places[place]))  # noqa: E731
            if not self._numerals.take_plain(array, where):
                self._numerals.take(array, where)

    def settle(self, *, is_all: bool) -> tuple[Column, str | None]:
        """The column with the style that its numbers prove, and a warning; `is_all` if there are no further numbers."""
        column, seen = self._column, self._numerals.seen
        if not seen:
            return column, None
        readings = find_readings(seen, self._known)
        proven = next(
            (reading for reading in readings if reading.is_proven and len(reading.fitting) == len(seen)), None
        )
        found = Quantities(proven, seen).style_members() if proven is not None else {}
        if column.type not in FRACTIONAL and found.get("thousands_separator") != ".":
            found.pop("decimal_separator", None)
        has_points = any("." in numeral.separators for numeral in seen)
        if column.type in FRACTIONAL and not found.get("decimal_separator") and (has_points or not is_all):
            # Read as in JSON this time, it is read so the next time too.
            found["decimal_separator"] = self._known.point or "."
        new = {name: value for name, value in found.items() if getattr(column, name) is None}
        if not _goes_together(column, new):
            return column, None
        return column.model_copy(update=new), self._warning(readings) if proven is None else None

    def check(self) -> None:
        """Refuse points if earlier files had commas, and this file may be of another origin and leaves it open.

        Raises:
            OptionsMismatch: a point may stand before the fraction or between groups.
        """
        seen = self._numerals.seen
        points = [seen[numeral] for numeral in seen if numeral.separators == "."]
        proof = any("," in numeral.separators or len(numeral.separators) > 1 for numeral in seen)
        if points and not proof:
            first = min(points, key=lambda sighting: sighting.line)
            raise OptionsMismatch(
                f"Earlier files have a comma before the fractions of '{self._column.name}'; this one, whose fields end "
                f"with commas, has points, as {show_place(first.value, first.line)}, which may be either.",
                hint='Give decimal_separator=. (--decimal-separator ".") for a file with points before the fractions, '
                "as an export is, or else decimal_separator=, with thousands_separator=. for one as those before.",
            )

    @property
    def is_as_exported(self) -> bool:
        """Return whether all numbers are as JSON has them, and those of a decimal have all of its digits after the
        point."""
        seen = [numeral for numeral in self._numerals.seen if numeral.runs]
        if any(numeral.separators not in ("", ".") or numeral.unit or numeral.negative for numeral in seen):
            return False
        scale = self._column.scale
        return not scale or all(numeral.separators and numeral.runs[-1] == scale for numeral in seen)

    @property
    def has_points(self) -> bool:
        """Return whether a point is in a position that no group separator has."""
        return any(numeral.runs and parts_of(numeral, ",", ".") is None for numeral in self._numerals.seen)

    def _warning(self, readings: Sequence[Reading]) -> str | None:
        """That points are read as JSON has them, which nothing proves."""
        seen = self._numerals.seen
        doubtful = [seen[numeral] for numeral in seen if numeral.separators == "."]
        if self._column.type not in FRACTIONAL or self._column.decimal_separator or self._is_comma_delimited:
            return None
        if not doubtful or not any(
            reading.style.point == "." and len(reading.fitting) == len(seen) for reading in readings
        ):
            return None
        first = min(doubtful, key=lambda sighting: sighting.line)
        return (
            f"'{self._column.name}' is read with a point before the fraction, which nothing in the file proves, as "
            f"{show_place(first.value, first.line)}. Say it with decimal_separator=, or thousands_separator=. "
            f'(--decimal-separator "," or --thousands-separator ".") where it is otherwise.'
        )


def _goes_together(column: Column, new: dict[str, object]) -> bool:
    """Return whether the numbers agree with the column's stored style."""
    point = new.get("decimal_separator") or column.decimal_separator or "."
    return (new.get("thousands_separator") or column.thousands_separator) != point


@dataclass
class Settled:
    """A dataset's columns, in the order of the file's, with what its first records prove; and what to know of it.

    The places in `apart` are those of columns that this file writes otherwise than the others do.
    """

    columns: list[Column]
    warnings: list[str] = field(default_factory=list)
    apart: list[int] = field(default_factory=list)


def settle_columns(
    columns: Sequence[Column],
    tables: Iterable[tuple[Sequence[pa.Array], Callable[[int], int]]],
    conventions: Conventions,
    *,
    is_all: bool,
    may_be_export: bool = False,
) -> Settled:
    """The formats that a file's first records prove for a dataset's columns; `may_be_export` if its header is that of
    an export.

    Raises:
        OptionsMismatch: they leave the meaning of a point open, and earlier files had commas.
    """
    is_other = conventions.delimiter == "," and conventions.decimal_separator is None
    doubted = [
        place
        for place, column in enumerate(columns)
        if is_other and column.type in FRACTIONAL and column.decimal_separator == ","
    ]
    unsettled = {
        place: ColumnSettling(column, conventions)
        for place, column in enumerate(columns)
        if column.kind.is_number
        and (column.decimal_separator is None or column.thousands_separator is None or place in doubted)
    }
    if unsettled:
        for arrays, line_of in tables:
            for place, settling in unsettled.items():
                settling.update(arrays[place], line_of)
    found = Settled(list(columns))
    doubts = [unsettled[place] for place in doubted]
    if may_be_export and all(doubt.is_as_exported for doubt in doubts) and any(doubt.has_points for doubt in doubts):
        found.apart = doubted
        found.warnings.append(EXPORT_WARNING)
    for place, settling in unsettled.items():
        if place in found.apart:
            found.columns[place] = columns[place].model_copy(update=AS_JSON)
            continue
        if place in doubted:
            settling.check()
        found.columns[place], warning = settling.settle(is_all=is_all)
        found.warnings += [warning] if warning else []
    return found
