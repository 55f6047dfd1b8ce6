"""Values as the JSON of records shows them: byte for byte what PostgreSQL makes of them by `json_sql`. Pure."""

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from json.encoder import encode_basestring
from typing import Any
from uuid import UUID

from app.columns.column import Column
from app.core.strict_json import parse_stored

# PostgreSQL writes numbers with up to so many digits before the point in full.
PLAIN_DIGITS = 15
LEAST_PLAIN_EXPONENT = -4
# So many tell a number from every other.
MOST_DIGITS = 17


def show_value(column: Column, value: Any) -> str:
    """The JSON text of a value as `Column.parse` gives it, null for None."""
    return "null" if value is None else WRITERS[column.type](value, column)


def show_text(column: Column, value: Any) -> str:
    """A value as `show_value` shows it, without the quotes that JSON puts around a text."""
    shown = show_value(column, value)
    return str(json.loads(shown)) if shown.startswith('"') else shown


def write_document(text: str) -> str:
    """A JSON document as PostgreSQL keeps it: members by the length and bytes of their names, numbers in full.

    The text is known to be one.
    """
    return _write_document(parse_stored(text))


def _write_document(value: Any) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        members = (f"{encode_basestring(name)}: {_write_document(value[name])}" for name in names)
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_write_document, value))}]"
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, Decimal):
        return f"{abs(value) if value == 0 else value:f}"
    return json.dumps(value)


def _show_text(value: str, _: Column) -> str:
    return encode_basestring(value)


def _show_integer(value: int, _: Column) -> str:
    return str(value)


def _show_bigint(value: int, _: Column) -> str:
    return f'"{value}"'


def _show_number(value: float, _: Column) -> str:
    if math.isfinite(value):
        return _lay_out(_shortest(value))
    return '"NaN"' if math.isnan(value) else f'"{"-" if value < 0 else ""}Infinity"'


def _shortest(value: float) -> Decimal:
    """The decimal with the fewest digits that is nearer to a number than to any other.

    Python's own may lie halfway to the next number, from where rounding to even finds back; PostgreSQL's never does.
    """
    shortest = Decimal(repr(value))
    # Below, halfway between two numbers has more digits than any of them is written with.
    if abs(value) < 2.0**53 or not _is_halfway(shortest, value):
        return shortest
    longer = (Decimal(f"{value:.{count}e}") for count in range(len(shortest.as_tuple().digits), MOST_DIGITS))
    return next(number for number in longer if float(number) == value and not _is_halfway(number, value))


def _is_halfway(written: Decimal, value: float) -> bool:
    exact = Fraction(value)
    neighbours = (math.nextafter(value, limit) for limit in (math.inf, -math.inf))
    return any(
        Fraction(written) * 2 == exact + Fraction(neighbour) for neighbour in neighbours if math.isfinite(neighbour)
    )


def _lay_out(number: Decimal) -> str:
    sign, digits, exponent = number.normalize().as_tuple()
    assert isinstance(exponent, int)
    written = "".join(map(str, digits))
    first = exponent + len(digits) - 1
    minus = "-" if sign else ""
    if LEAST_PLAIN_EXPONENT <= first < PLAIN_DIGITS:
        return f"{minus}{Decimal((0, digits, exponent)):f}"
    fraction = f".{written[1:]}" if len(written) > 1 else ""
    return f"{minus}{written[0]}{fraction}e{'-' if first < 0 else '+'}{abs(first):02}"


def _show_decimal(value: Decimal, column: Column) -> str:
    return f'"{write_decimal(value, column)}"'


def write_decimal(value: Decimal, column: Column) -> str:
    """A decimal with all of its column's digits behind the point."""
    return f"{abs(value) if value == 0 else value:.{column.scale}f}"


def _show_boolean(value: bool, _: Column) -> str:
    return "true" if value else "false"


def _show_date(value: date, _: Column) -> str:
    return f'"{value.isoformat()}"'


def _show_datetime(value: datetime, _: Column) -> str:
    return f'"{write_datetime(value)}"'


def write_datetime(value: datetime) -> str:
    """A time in UTC with microseconds, always as long."""
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _show_uuid(value: UUID, _: Column) -> str:
    return f'"{value}"'


def _show_document(value: str, _: Column) -> str:
    return value


# A document is shown as it is given here: as `write_document` has made it.
WRITERS: dict[str, Callable[[Any, Column], str]] = {
    "text": _show_text,
    "integer": _show_integer,
    "bigint": _show_bigint,
    "number": _show_number,
    "decimal": _show_decimal,
    "boolean": _show_boolean,
    "date": _show_date,
    "datetime": _show_datetime,
    "uuid": _show_uuid,
    "json": _show_document,
    "image": _show_text,
}
