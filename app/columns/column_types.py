"""The types of columns: one table that says what each is in PostgreSQL, in JSON and as text.

Pure: no I/O. Adding a type is adding one entry to `TYPES`.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.core.strict_json import parse_json, write_json

MAX_SAFE_INTEGER = 2**53 - 1
MAX_BIGINT = 2**63 - 1

EQUALITY = ("eq", "ne", "in", "nin", "isnull")
ORDER = ("gt", "gte", "lt", "lte", "between")
# Generators read an integer without a format as one of 32 bits.
ANY_INTEGER: dict[str, Any] = {"type": "integer", "format": "int64"}
# And a number without one as one of 32 bits too.
ANY_NUMBER: dict[str, Any] = {"type": "number", "format": "double"}

COUNTS = ("count", "count_distinct")
EXTREMES = ("min", "max")
ARITHMETIC = ("sum", "avg")


@dataclass(frozen=True)
class ColumnType:
    """What a type is: its name in PostgreSQL, its JSON, and how a text becomes a value of it."""

    sql: str
    article: str
    example: str
    schema: dict[str, Any]
    parse: Callable[[str], Any]
    # The SQL expression of a value as JSON shows it; {} is the column.
    json_sql: str = "{}"
    ordered: bool = True
    can_be_key: bool = True
    can_be_sorted: bool = True
    # What a query may ask of the type: names from operators.OPERATORS and from aggregates.FUNCTIONS.
    operators: tuple[str, ...] = EQUALITY + ORDER
    aggregates: tuple[str, ...] = COUNTS + EXTREMES


def _parse_text(text: str) -> str:
    if "\0" in text:
        raise ValueError
    text.encode()
    return text


def _parse_integer(text: str, least: int, most: int) -> int:
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,18})", text) is None:
        raise ValueError
    value = int(text)
    if not least <= value <= most:
        raise ValueError
    return value


def _parse_number(text: str) -> float:
    if text in ("NaN", "Infinity", "-Infinity"):
        return float(text)
    if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?", text) is None:
        raise ValueError
    value = float(text)
    if math.isinf(value):
        raise ValueError
    return value


def _parse_decimal(text: str) -> Decimal:
    if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", text) is None:
        raise ValueError
    return Decimal(text)


def _parse_boolean(text: str) -> bool:
    return {"true": True, "false": False}[text] if text in ("true", "false") else _refuse()


def _refuse() -> bool:
    raise ValueError


def _parse_date(text: str) -> date:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
        raise ValueError
    return date.fromisoformat(text)


def _parse_datetime(text: str) -> datetime:
    if _DATETIME.fullmatch(text) is None:
        raise ValueError
    value = datetime.fromisoformat(re.sub(r" ?UTC$", "Z", text.upper()))
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6}0{0,3})?)?"
    r"([Zz]| ?UTC|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?"
)


def _parse_uuid(text: str) -> UUID:
    if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is None:
        raise ValueError
    return UUID(text)


def _parse_json(text: str) -> str:
    # What can be written again can be stored.
    write_json(parse_json(text))
    return text


_DATETIME_JSON = """to_char({}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""

TYPES: dict[str, ColumnType] = {
    "text": ColumnType(
        "text",
        "a text",
        "any characters but NUL",
        {"type": "string"},
        _parse_text,
        operators=(*EQUALITY, *ORDER, "contains", "startswith", "like", "ilike"),
    ),
    "integer": ColumnType(
        "bigint",
        "an integer",
        "as 42, from -9007199254740991 to 9007199254740991, without leading zeros",
        {**ANY_INTEGER, "minimum": -MAX_SAFE_INTEGER, "maximum": MAX_SAFE_INTEGER},
        lambda text: _parse_integer(text, -MAX_SAFE_INTEGER, MAX_SAFE_INTEGER),
        aggregates=COUNTS + EXTREMES + ARITHMETIC,
    ),
    "bigint": ColumnType(
        "bigint",
        "a 64-bit integer",
        "as 9007199254740993, without leading zeros",
        {"type": "string", "format": "int64", "pattern": "^-?(0|[1-9][0-9]{0,18})$"},
        lambda text: _parse_integer(text, -MAX_BIGINT - 1, MAX_BIGINT),
        json_sql="{}::text",
        aggregates=COUNTS + EXTREMES + ARITHMETIC,
    ),
    "number": ColumnType(
        "double precision",
        "a number",
        "as 1.5 or 1e-3",
        ANY_NUMBER,
        _parse_number,
        aggregates=COUNTS + EXTREMES + ARITHMETIC,
    ),
    "decimal": ColumnType(
        "numeric",
        "a decimal",
        "as 0.10",
        # No `format`: generators read `decimal` as a double.
        {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"},
        _parse_decimal,
        json_sql="{}::text",
        aggregates=COUNTS + EXTREMES + ARITHMETIC,
    ),
    "boolean": ColumnType(
        "boolean",
        "a boolean",
        "true or false",
        {"type": "boolean"},
        _parse_boolean,
        ordered=False,
        can_be_key=False,
        operators=("eq", "ne", "isnull"),
        aggregates=COUNTS,
    ),
    "date": ColumnType("date", "a date", "as 2026-01-31", {"type": "string", "format": "date"}, _parse_date),
    "datetime": ColumnType(
        "timestamptz",
        "a date and time",
        "as 2026-01-31T12:00:00Z",
        {"type": "string", "format": "date-time"},
        _parse_datetime,
        json_sql=_DATETIME_JSON,
    ),
    "uuid": ColumnType(
        "uuid",
        "a UUID",
        "as 01234567-89ab-cdef-0123-456789abcdef",
        {"type": "string", "format": "uuid"},
        _parse_uuid,
        aggregates=COUNTS,
    ),
    "json": ColumnType(
        "jsonb",
        "a JSON value",
        'as {"a": 1}',
        {},
        _parse_json,
        ordered=False,
        can_be_key=False,
        can_be_sorted=False,
        operators=("isnull", "contains"),
        aggregates=("count",),
    ),
    "image": ColumnType(
        "text",
        "an image's id",
        "from POST /images",
        {"type": "string"},
        _parse_text,
        ordered=False,
        can_be_key=False,
        can_be_sorted=False,
        operators=EQUALITY,
        aggregates=COUNTS,
    ),
}
