"""Where a record is in the key-value store: the key of its item, which sorts as the record's key does. Pure.

A record's partition in the table is one of BUCKETS that a generation of a dataset has, chosen by the first value of the
record's key; so a generation can be gone through, and what has the same first value is side by side. Its place there is
the text of each value and a NUL behind it, which no text holds. The texts sort, by their bytes, as the values do.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any
from uuid import UUID

from app.columns.column import Column
from app.columns.types.dates import write_datetime
from app.columns.types.numbers import MAX_BIGINT
from app.datasets.keyvalue.partitions import BUCKETS, MAX_KEY_BYTES, bucket_name

END = "\0"

_INTEGER_OFFSET = MAX_BIGINT + 1
_INTEGER_DIGITS = len(str(2 * _INTEGER_OFFSET))
_SIGN = 1 << 63
_ALL_BITS = (1 << 64) - 1
_LAST_CHARACTER = "\U0010ffff"
_FIRST_SURROGATE, _LAST_SURROGATE = 0xD800, 0xDFFF


class KeyTooLong(ValueError):
    """A record's key has more bytes than an item's key can have."""


def bucket_of(generation: str, first: str) -> str:
    """The partition of the records of a generation whose key begins with the value of this text."""
    return bucket_name(generation, zlib.crc32(first.encode()) % BUCKETS)


def item_key(generation: str, columns: Sequence[Column], key: Sequence[Any]) -> tuple[str, str]:
    """The `pk` and `sk` of a record's item; `key` holds the values as `Column.parse` gives them.

    Raises:
        KeyTooLong: DynamoDB cannot hold it.
    """
    texts = [sortable(value, column) for value, column in zip(key, columns, strict=True)]
    place = END.join([*texts, ""])
    if len(place.encode()) > MAX_KEY_BYTES:
        raise KeyTooLong(f"a key has {MAX_KEY_BYTES:,} bytes at most in the key-value store")
    return bucket_of(generation, texts[0]), place


def sortable(value: Any, column: Column) -> str:
    """The text of a value that sorts, by its bytes, as the value does among those of its column."""
    return SORTABLE[column.type](value, column)


def least_sortable(value: Any, column: Column) -> str:
    """The same for the least value of the column that is not below `value`, which may have more digits than fit."""
    return _sortable_scaled(value, column, ROUND_CEILING) if column.type == "decimal" else sortable(value, column)


def greatest_sortable(value: Any, column: Column) -> str:
    """The same for the greatest value of the column that is not above `value`."""
    return _sortable_scaled(value, column, ROUND_FLOOR) if column.type == "decimal" else sortable(value, column)


def successor(text: str) -> str:
    """The first text behind all those that begin with a text, which is not one of them."""
    kept = text.rstrip(_LAST_CHARACTER)
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_LAST_SURROGATE + 1 if following == _FIRST_SURROGATE else following)


def _sortable_text(value: str, _: Column) -> str:
    return value


def _sortable_integer(value: int, _: Column) -> str:
    return f"{value + _INTEGER_OFFSET:0{_INTEGER_DIGITS}}"


def _sortable_number(value: float, _: Column) -> str:
    # One NaN, behind all others, and one zero: they are the same key to PostgreSQL too.
    value = float("nan") if value != value else value + 0.0  # noqa: PLR0124  # only NaN is not what it is
    (bits,) = struct.unpack(">Q", struct.pack(">d", value))
    return f"{bits ^ (_ALL_BITS if bits & _SIGN else _SIGN):016x}"


def _sortable_decimal(value: Decimal, column: Column) -> str:
    return _sortable_scaled(value, column, ROUND_FLOOR)


def _sortable_scaled(value: Decimal, column: Column, rounding: str) -> str:
    precision, scale = column.precision or 0, column.scale or 0
    most = 10**precision
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    number = int("".join(map(str, digits))) * (-1 if sign else 1)
    shift = exponent + scale
    if shift >= 0:
        scaled = number * 10 ** min(shift, precision + 1)
    else:
        # Division of integers rounds down; of the negative it rounds up.
        scaled = number // 10**-shift if rounding == ROUND_FLOOR else -(-number // 10**-shift)
    return f"{max(-most, min(most, scaled)) + most:0{precision + 1}}"


def _sortable_date(value: date, _: Column) -> str:
    return value.isoformat()


def _sortable_datetime(value: datetime, _: Column) -> str:
    return write_datetime(value)


def _sortable_uuid(value: UUID, _: Column) -> str:
    return str(value)


# Of each type that can be a key.
SORTABLE: dict[str, Callable[[Any, Column], str]] = {
    "text": _sortable_text,
    "integer": _sortable_integer,
    "bigint": _sortable_integer,
    "number": _sortable_number,
    "decimal": _sortable_decimal,
    "date": _sortable_date,
    "datetime": _sortable_datetime,
    "uuid": _sortable_uuid,
}
