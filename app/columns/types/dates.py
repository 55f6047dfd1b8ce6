"""Dates, and moments: a date and a time. Pure."""

import re
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from app.columns.types.base import ColumnType, Schema, Shown, Unreadable, expect_text
from app.core.aws.dynamo_json import Attributes

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# As an address may write a moment; without a zone it is in UTC.
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6}0{0,3})?)?"
    r"([Zz]| ?UTC|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?"
)

# As the JSON of a record has it. PostgreSQL keeps microseconds: more digits are taken only where they say nothing.
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)0*([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)


class DateType(ColumnType[date]):
    """Dates."""

    name = "date"
    sql = "date"
    restore = date.fromisoformat
    article = "a date"
    example = "as 2026-01-31"
    schema: ClassVar[Schema] = {"type": "string", "format": "date"}
    is_date = True
    members = ("date_format",)
    sample = "2026-01-31"

    def read(self, text: str) -> date:
        if DAY.fullmatch(text) is None:
            raise ValueError
        return date.fromisoformat(text)

    def show(self, value: date) -> str:
        return f'"{value.isoformat()}"'

    def write_sql(self, value: Any) -> str:
        # A text that is parsed here may be written as PostgreSQL reads none.
        return self.parse(super().write_sql(value)).isoformat()

    def sort_key(self, value: date) -> str:
        return value.isoformat()


class DatetimeType(ColumnType[datetime]):
    """Moments, in UTC and with microseconds."""

    name = "datetime"
    sql = "timestamptz"
    restore = datetime.fromisoformat
    article = "a date and time"
    example = "as 2026-01-31T12:00:00Z"
    schema: ClassVar[Schema] = {"type": "string", "format": "date-time"}
    is_date = True
    members = ("date_format",)
    sample = "2026-01-31T12:00:00.000000Z"
    query_note = "A date alone is its midnight in UTC, and a time without a zone is in UTC."
    json_sql = """to_char({}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""

    def read(self, text: str) -> datetime:
        if _DATETIME.fullmatch(text) is None:
            raise ValueError
        value = datetime.fromisoformat(re.sub(r" ?UTC$", "Z", text.upper()))
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def complete(self, text: str) -> str:
        """A date and time; of a date alone, its midnight in UTC."""
        return f"{text}T00:00:00Z" if DAY.fullmatch(text) else text

    def read_json(self, value: Any) -> datetime:
        match = _RFC3339.fullmatch(expect_text(value))
        if match is None:
            raise ValueError
        day, time, zone = match.groups()
        if zone is None:
            raise Unreadable("a date and time needs its zone, as Z or +02:00")
        return datetime.fromisoformat(f"{day}T{time}{zone.upper()}").astimezone(UTC)

    def show(self, value: datetime) -> str:
        return f'"{write_datetime(value)}"'

    def decode(self, value: datetime) -> Shown:
        return write_datetime(value)

    def write_attribute(self, value: datetime) -> Attributes:
        return {"S": write_datetime(value)}

    def write_sql(self, value: Any) -> str:
        # A text that is parsed here may be written as PostgreSQL reads none.
        return self.parse(super().write_sql(value)).isoformat()

    def sort_key(self, value: datetime) -> str:
        return write_datetime(value)


def write_datetime(value: datetime) -> str:
    """A time in UTC with microseconds, always as long."""
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
