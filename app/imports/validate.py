"""Validate: a table of bytes against the dataset's columns, strictly: nothing is rounded, guessed or cut.

Pure: no I/O.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.datasets.columns import Column
from app.imports import cells
from app.imports.cells import Cells, Conventions, Mask, either, to_mask
from app.imports.parse import TOTAL, VALUE_LIMIT, Fault, Table, drop_rows


@dataclass
class Validated:
    """The rows that fulfil every rule: one typed array a column, and their places among the chunk's records."""

    arrays: list[pa.Array]
    rows: npt.NDArray[np.int64]
    faults: list[Fault]


def _read_scaled(array: pa.Array, column: Column, conventions: Conventions) -> Cells:
    array, foreign = cells.normalise_numbers(array, conventions)
    if column.type == "decimal":
        values, bad = cells.read_decimals(array, column.precision or 0, column.scale or 0)
    elif column.type == "number":
        values, bad = cells.read_numbers(array)
    else:
        values, bad = cells.read_integers(array)
    return values, either(foreign, bad)


def _read_integer(array: pa.Array, column: Column, conventions: Conventions) -> Cells:
    values, bad = _read_scaled(array, column, conventions)
    if len(values) == 0:
        return values, bad
    unsafe = to_mask(pc.or_(pc.greater(values, cells.MAX_SAFE_INTEGER), pc.less(values, -cells.MAX_SAFE_INTEGER)))
    return values, either(bad, unsafe if unsafe.any() else None)


def _format_of(column: Column, conventions: Conventions) -> str:
    return conventions.date_formats.get(column.name) or column.date_format or cells.ISO_DATE


def _read_boolean(array: pa.Array, _: Column, conventions: Conventions) -> Cells:
    return cells.read_booleans(array, conventions.booleans)


def _read_date(array: pa.Array, column: Column, conventions: Conventions) -> Cells:
    return cells.read_dates(array, _format_of(column, conventions))


def _read_datetime(array: pa.Array, column: Column, conventions: Conventions) -> Cells:
    return cells.read_datetimes(array, _format_of(column, conventions), conventions.timezone)


def _plainly(read: Callable[[pa.Array], Cells]) -> Callable[[pa.Array, Column, Conventions], Cells]:
    """A reader that no column and no convention changes."""
    return lambda array, _column, _conventions: read(array)


READERS: dict[str, Callable[[pa.Array, Column, Conventions], Cells]] = {
    "text": _plainly(cells.read_text),
    "integer": _read_integer,
    "bigint": _read_scaled,
    "number": _read_scaled,
    "decimal": _read_scaled,
    "boolean": _read_boolean,
    "date": _read_date,
    "datetime": _read_datetime,
    "uuid": _plainly(cells.read_uuids),
    "json": _plainly(cells.read_json),
    "image": _plainly(cells.read_text),
}


def validate_table(table: Table, columns: list[Column], conventions: Conventions) -> Validated:
    """Read each column of `table` as its type and check its constraints.

    `columns` stand in the order of the table's; a row with any fault is left out of the arrays.
    """
    faults = [_named(fault, columns) for fault in table.faults]
    typed: list[pa.Array] = []
    for array, column in zip(table.columns, columns, strict=True):
        judge = _Judge(table, column, array)
        values, bad = READERS[column.type](array, column, conventions)
        if not typed and bad is not None and _reject_totals(table, bad):
            return validate_table(table, columns, conventions)
        judge.reject(bad, f"not_{column.type}", not_of_type(column, conventions))
        for mask, message, code in _violations(column, values):
            judge.reject(mask, code, message)
        typed.append(values)
        faults += judge.faults
    if not faults:
        return Validated(typed, table.rows, faults)
    keep = ~_faulty_rows(table, faults)
    mask = pa.array(keep)
    return Validated([array.filter(mask) for array in typed], table.rows[keep], faults)


def _reject_totals(table: Table, bad: Mask) -> bool:
    """Refuse the rows that sum up those above: their first cell says so and is no value of its column."""
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

    def reject(self, mask: Mask | None, code: str, message: str) -> None:
        if mask is None:
            return
        found = mask & ~self._judged
        if found.any():
            values = pc.binary_slice(self._array.filter(pa.array(found)), 0, VALUE_LIMIT * 4)
            self.faults.append(Fault(self._rows[found], self._column.name, code, message, values))
            self._judged |= found


def not_of_type(column: Column, conventions: Conventions) -> str:
    """What is wrong with a cell that is not a value of the column's type."""
    kind = column.kind
    if column.type == "decimal":
        whole = (column.precision or 0) - (column.scale or 0)
        return f"not a decimal of at most {whole} digits before the point and {column.scale} behind it"
    if column.type in ("date", "datetime") and (written := _format_of(column, conventions)) != cells.ISO_DATE:
        return f"not {kind.article} written {written}"
    return f"not {kind.article} ({kind.example})"


def _violations(column: Column, values: pa.Array) -> Iterator[tuple[Mask, str, str]]:
    if column.required and values.null_count:
        yield to_mask(values.is_null()), "a value is required", "required"
    if column.max_length is not None:
        yield (
            to_mask(pc.greater(pc.utf8_length(values), column.max_length)),
            f"longer than {column.max_length}",
            "max_length",
        )
    if column.pattern is not None:
        fits = pc.match_substring_regex(values, f"^(?:{column.pattern})$")
        yield to_mask(pc.invert(fits)), f"does not fit the pattern {column.pattern}", "pattern"
    if column.min is None and column.max is None and column.one_of is None:
        return
    values = _comparable(values, column)
    if column.min is not None:
        yield _outside(pc.less, values, typed_scalar(column, column.min)), f"less than {column.min}", "min"
    if column.max is not None:
        yield _outside(pc.greater, values, typed_scalar(column, column.max)), f"more than {column.max}", "max"
    if column.one_of is not None:
        allowed = pa.array([typed_scalar(column, value).as_py() for value in column.one_of], values.type)
        known = pc.or_(pc.is_in(values, allowed), values.is_null())
        choices = ", ".join(str(choice) for choice in column.one_of[:10])
        yield to_mask(pc.invert(known)), f"not one of {choices}{'…' if len(column.one_of) > 10 else ''}", "one_of"


def _outside(is_beyond: Callable[[pa.Array, pa.Scalar], pa.Array], values: pa.Array, bound: pa.Scalar) -> Mask:
    """Which values are beyond a bound; NaN is within none."""
    mask = to_mask(is_beyond(values, bound))
    return mask | to_mask(pc.is_nan(values)) if pa.types.is_floating(values.type) else mask


def _comparable(values: pa.Array, column: Column) -> pa.Array:
    """Values in an order that is theirs: decimals of more than 64 bits are texts until here."""
    if column.type != "decimal" or not pa.types.is_string(values.type):
        return values
    whole = (column.precision or 0) - (column.scale or 0)
    return pa.array([None if text is None else _sort_key(text, whole) for text in values.to_pylist()], pa.binary())


def _sort_key(text: str, whole: int) -> bytes:
    """A decimal as bytes that sort as decimals do; `whole` is the most digits before the point."""
    number = text.removeprefix("-")
    before, _, behind = number.partition(".")
    key = f"{before.lstrip('0'):0>{whole}}.{behind.rstrip('0')}".encode()
    if not text.startswith("-") or not number.strip("0."):
        return b"+" + key
    # Of two negative numbers the one with the larger digits, or with more of them, is less.
    return b"!" + key.translate(_COMPLEMENT) + b"~"


_COMPLEMENT = bytes.maketrans(b"0123456789", b"9876543210")


def typed_scalar(column: Column, value: str | int | float | bool) -> pa.Scalar:
    """A constraint's value, which is written as in JSON, as the column's values are compared."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    plain = column.model_copy(update={"date_format": None})
    values, bad = READERS[column.type](pa.array([text.encode()], pa.binary()), plain, Conventions())
    if bad is not None and bad.any():
        raise ValueError(f"'{text}' is not {column.kind.article}")
    return _comparable(values, column)[0]
