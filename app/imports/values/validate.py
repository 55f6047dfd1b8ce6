"""Validate: a table of bytes against the dataset's columns, strictly: nothing is rounded, guessed or cut.

Pure: no I/O.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.columns.column import Column
from app.columns.conventions import Conventions as ColumnConventions
from app.columns.patterns import anchored
from app.columns.rules import Rule, address_rule, constraint_rules, type_rule
from app.imports.formats.csv.surplus import reject_shifted
from app.imports.formats.table import TOTAL, VALUE_LIMIT, Fault, Table, drop_rows
from app.imports.values import cells
from app.imports.values.cell_types import CELL_TYPES, format_of
from app.imports.values.cells import Conventions, Mask, to_mask
from app.imports.values.image_names import ImageNotes
from app.imports.values.number_style import JSON_STYLE, style_of

# A constraint's value, as its column declares it.
Bound = str | int | float | bool


@dataclass
class Validated:
    """The rows that fulfil every rule: one typed array a column, and their places among the chunk's records."""

    arrays: list[pa.Array]
    rows: npt.NDArray[np.int64]
    faults: list[Fault]
    images: ImageNotes


def validate_table(table: Table, columns: list[Column], conventions: Conventions, key: Sequence[str] = ()) -> Validated:
    """Read each column of `table` as its type and check its constraints.

    `columns` stand in the order of the table's, `key` names those that address a record; a row with any fault is left
    out of the arrays.
    """
    faults = [_named(fault, columns) for fault in table.faults]
    typed: list[pa.Array] = []
    notes = ImageNotes()
    for array, column in zip(table.columns, columns, strict=True):
        judge = _Judge(table, column, array)
        present = cells.words_to_null(array, column.nulls or ())
        values, bad = CELL_TYPES[column.type].read(present, column, conventions)
        if not typed and bad is not None and _reject_totals(table, bad):
            return validate_table(table, columns, conventions, key)
        judge.reject(bad, type_rule(column).code, not_of_type(column, conventions))
        if column.type == "image" and conventions.images is not None:
            found = conventions.images.read(values)
            for refused in found.refused:
                judge.reject(refused.mask, refused.code, refused.messages)
            values = found.values
            notes.add(found.notes)
        for rule, mask in _violations(column, values, key):
            judge.reject(mask, rule.code, rule.message)
        typed.append(values)
        faults += judge.faults
    if not faults:
        return Validated(typed, table.rows, faults, notes)
    keep = ~_faulty_rows(table, faults)
    mask = pa.array(keep)
    return Validated([array.filter(mask) for array in typed], table.rows[keep], faults, notes)


def judge_surplus(table: Table, columns: Sequence[Column | None], conventions: Conventions) -> None:
    """Refuse the records of a table that an extra delimiter may have shifted.

    `columns` are those of the file in its order, None for one that is not loaded.
    """

    def misfits(array: pa.Array, place: int) -> Mask | None:
        column = columns[place]
        return None if column is None else CELL_TYPES[column.type].read(array, column, conventions)[1]

    if table.doubtful is not None:
        reject_shifted(table, misfits)


def _reject_totals(table: Table, bad: Mask) -> bool:
    """Refuse the rows that sum up those above: their first cell says so and is not a value of its column."""
    first = table.columns[0]
    totals = bad & to_mask(pc.match_substring_regex(first, TOTAL))
    if not totals.any():
        return False
    message = "a total of the rows above, not a record"
    table.faults.append(Fault(table.rows[totals], None, "total_row", message, first.filter(pa.array(totals))))
    drop_rows(table, totals)
    return True


def _named(fault: Fault, columns: list[Column]) -> Fault:
    """A fault of a field as one of its column."""
    if fault.field is None or fault.field >= len(columns):
        return fault
    return replace(fault, column=columns[fault.field].name)


def _faulty_rows(table: Table, faults: list[Fault]) -> Mask:
    """Which rows of the table have a fault."""
    last = max(int(rows.max()) for rows in (table.rows, *(fault.rows for fault in faults)) if len(rows))
    faulty = np.zeros(last + 1, np.bool_)
    for fault in faults:
        faulty[fault.rows] = True
    return faulty[table.rows]


class _Judge:
    """Collects the faults of one column; a cell is reported for the first rule that it breaks."""

    def __init__(self, table: Table, column: Column, array: pa.Array) -> None:
        self.faults: list[Fault] = []
        self._rows = table.rows
        self._column = column
        self._array = array
        self._judged = np.zeros(len(array), np.bool_)

    def reject(self, mask: Mask | None, code: str, message: str | pa.Array) -> None:
        """Refuse cells; `message` is one for all, or an array with one for each cell of the column."""
        if mask is None:
            return
        found = mask & ~self._judged
        if found.any():
            among = pa.array(found)
            values = pc.binary_slice(self._array.filter(among), 0, VALUE_LIMIT * 4)
            shown = message if isinstance(message, str) else message.filter(among)
            self.faults.append(Fault(self._rows[found], self._column.name, code, shown, values))
            self._judged |= found


def not_of_type(column: Column, conventions: Conventions) -> str:
    """The message for a cell that is not a value of the column's type."""
    if column.kind.is_date and (written := format_of(column, conventions)) != cells.ISO_DATE:
        return f"not {column.kind.article} written {written}"
    message = type_rule(column).message
    if column.kind.is_number and (style := style_of(column, conventions)) != JSON_STYLE:
        message += f"; numbers of this column are read as {style.example}"
    return message


def _violations(column: Column, values: pa.Array, key: Sequence[str]) -> Iterator[tuple[Rule, Mask | None]]:
    """Each of the column's rules with the values that break it."""
    rules = constraint_rules(column)
    if any(rule.code in COMPARING for rule in rules):
        values = CELL_TYPES[column.type].comparable(values, column)
    for rule in rules:
        yield rule, CHECKS[rule.code](values, column, rule.bound)
    if (address := address_rule(column, key)) is not None:
        yield address, to_mask(pc.is_in(values, pa.array(address.bound)))


def _missing(values: pa.Array, _column: Column, _bound: bool) -> Mask | None:
    return to_mask(values.is_null()) if values.null_count else None


def _too_long(values: pa.Array, _column: Column, most: int) -> Mask:
    return to_mask(pc.greater(pc.utf8_length(values), most))


def _unfit(values: pa.Array, _column: Column, pattern: str) -> Mask:
    return to_mask(pc.invert(pc.match_substring_regex(values, anchored(pattern))))


def _too_small(values: pa.Array, column: Column, least: Bound) -> Mask:
    return _outside(pc.less, values, typed_scalar(column, least))


def _too_large(values: pa.Array, column: Column, most: Bound) -> Mask:
    return _outside(pc.greater, values, typed_scalar(column, most))


def _not_among(values: pa.Array, column: Column, choices: Sequence[Bound]) -> Mask:
    allowed = pa.array([typed_scalar(column, choice).as_py() for choice in choices], values.type)
    if pa.types.is_floating(values.type):
        # Arrow tells -0.0 from 0.0 when it looks for a value; added to nought they are one.
        values, allowed = pc.add(values, 0.0), pc.add(allowed, 0.0)
    return to_mask(pc.invert(pc.or_(pc.is_in(values, allowed), values.is_null())))


def _outside(is_beyond: Callable[[pa.Array, pa.Scalar], pa.Array], values: pa.Array, bound: pa.Scalar) -> Mask:
    """Which values are beyond a bound; NaN is within none."""
    mask = to_mask(is_beyond(values, bound))
    return mask | to_mask(pc.is_nan(values)) if pa.types.is_floating(values.type) else mask


# A constraint's value is written as in JSON, however files write the column's.
PLAINLY = dict.fromkeys(ColumnConventions.model_fields)


def typed_scalar(column: Column, value: Bound) -> pa.Scalar:
    """A constraint's value, which is written as in JSON, as the column's values are compared."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    plain = column.model_copy(update=PLAINLY)
    values, bad = CELL_TYPES[column.type].read(pa.array([text.encode()], pa.binary()), plain, Conventions())
    if bad is not None and bad.any():
        raise ValueError(f"'{text}' is not {column.kind.article}")
    return CELL_TYPES[column.type].comparable(values, column)[0]


# The check of each of CONSTRAINTS: values, column and bound give the values that break it.
CHECKS: dict[str, Callable[[pa.Array, Column, Any], Mask | None]] = {
    "required": _missing,
    "max_length": _too_long,
    "pattern": _unfit,
    "min": _too_small,
    "max": _too_large,
    "one_of": _not_among,
}
COMPARING = ("min", "max", "one_of")
