"""Cell types: how a file's cells become values of each type of columns, whole columns at a time, and how these are
written to PostgreSQL. Pure: no I/O.

A type that is added to `columns/types/registry` is given its row in CELL_TYPES.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.columns.column import Column
from app.columns.types.numbers import MAX_SAFE_INTEGER
from app.imports.values import cells, copy_fields, numbers
from app.imports.values.cells import Cells, Conventions, either, to_mask
from app.imports.values.copy_fields import Piece
from app.imports.values.number_style import style_of


def _read_bigint(array: pa.Array, column: Column, conventions: Conventions) -> Cells:
    array, foreign = numbers.normalise_numbers(array, style_of(column, conventions))
    values, bad = numbers.read_integers(array)
    return values, either(foreign, bad)


def _read_integer(array: pa.Array, column: Column, conventions: Conventions) -> Cells:
    values, bad = _read_bigint(array, column, conventions)
    if len(values) == 0:
        return values, bad
    unsafe = to_mask(pc.or_(pc.greater(values, MAX_SAFE_INTEGER), pc.less(values, -MAX_SAFE_INTEGER)))
    return values, either(bad, unsafe if unsafe.any() else None)


def _read_number(array: pa.Array, column: Column, conventions: Conventions) -> Cells:
    array, foreign = numbers.normalise_numbers(array, style_of(column, conventions))
    values, bad = numbers.read_numbers(array)
    return values, either(foreign, bad)


def _read_decimal(array: pa.Array, column: Column, conventions: Conventions) -> Cells:
    assert column.precision is not None
    assert column.scale is not None
    array, foreign = numbers.normalise_numbers(array, style_of(column, conventions))
    values, bad = numbers.read_decimals(array, column.precision, column.scale)
    return values, either(foreign, bad)


def format_of(column: Column, conventions: Conventions) -> str:
    """How a file writes the dates of a column."""
    return conventions.date_formats.get(column.name) or column.date_format or cells.ISO_DATE


def _read_boolean(array: pa.Array, column: Column, conventions: Conventions) -> Cells:
    given = conventions.booleans
    return cells.read_booleans(array, given or column.booleans, only=given is not None)


def _read_date(array: pa.Array, column: Column, conventions: Conventions) -> Cells:
    return _or_iso(cells.read_dates, array, format_of(column, conventions))


def _read_datetime(array: pa.Array, column: Column, conventions: Conventions) -> Cells:
    def read(array: pa.Array, written: str) -> Cells:
        return cells.read_datetimes(array, written, conventions.timezone)

    return _or_iso(read, array, format_of(column, conventions))


def _or_iso(read: Callable[[pa.Array, str], Cells], array: pa.Array, written: str) -> Cells:
    """Dates in one format or, if that begins with no year, as JSON has them: no cell can be both."""
    values, bad = read(array, written)
    if bad is None or not bad.any() or written.startswith("Y"):
        return values, bad
    iso, not_iso = read(array, cells.ISO_DATE)
    if not_iso is None:
        not_iso = np.zeros(len(array), np.bool_)
    return pc.if_else(pa.array(bad & ~not_iso), iso, values), bad & not_iso


def _read_json(array: pa.Array, _: Column, conventions: Conventions) -> Cells:
    return cells.read_json(array, conventions.document_bytes)


def _plainly(read: Callable[[pa.Array], Cells]) -> Callable[[pa.Array, Column, Conventions], Cells]:
    """A reader that no column and no convention changes."""
    return lambda array, _column, _conventions: read(array)


def _compare_decimals(values: pa.Array, column: Column) -> pa.Array:
    """Decimals in their order: those of more than 64 bits are texts until here."""
    if not pa.types.is_string(values.type):
        return values
    assert column.precision is not None
    assert column.scale is not None
    whole = column.precision - column.scale
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


def _as_they_are(values: pa.Array, _: Column) -> pa.Array:
    return values


@dataclass(frozen=True)
class CellType:
    """How a column's cells become an array of values, and the array the fields of PostgreSQL's rows."""

    read: Callable[[pa.Array, Column, Conventions], Cells]
    encode: Callable[[pa.Array, Column], list[Piece]]
    # The values as an array that Arrow compares as they compare.
    comparable: Callable[[pa.Array, Column], pa.Array] = _as_they_are


_TEXT = CellType(_plainly(cells.read_text), copy_fields.encode_texts)

CELL_TYPES: dict[str, CellType] = {
    "text": _TEXT,
    "integer": CellType(_read_integer, copy_fields.encode_integers),
    "bigint": CellType(_read_bigint, copy_fields.encode_integers),
    "number": CellType(_read_number, copy_fields.encode_numbers),
    "decimal": CellType(_read_decimal, copy_fields.encode_decimals, _compare_decimals),
    "boolean": CellType(_read_boolean, copy_fields.encode_booleans),
    "date": CellType(_read_date, copy_fields.encode_dates),
    "datetime": CellType(_read_datetime, copy_fields.encode_datetimes),
    "uuid": CellType(_plainly(cells.read_uuids), copy_fields.encode_uuids),
    "json": CellType(_read_json, copy_fields.encode_json),
    "image": _TEXT,
}
