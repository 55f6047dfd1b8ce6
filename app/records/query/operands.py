"""The values of a query, texts in an address and values in JSON, as the texts that PostgreSQL casts. Pure."""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.columns.column import Column, canonical_text
from app.columns.types.numbers import NOT_FINITE
from app.core.strict_json import JsonInvalid, is_storable_text, write_json

SHOWN_LENGTH = 100
# As programs write a number that is very small or very large, in an address too.
_SCIENTIFIC = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?[eE][+-]?[0-9]{1,3}")
_OFFSET_WITH_SPACE = re.compile(r"[0-9] [0-9]{2}:?[0-9]{2}$")


class QueryError(Exception):
    """A fault of a query and its place in it, before it is said whether that is an address or a body."""

    def __init__(self, place: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.place = place
        self.message = message
        self.hint = hint


def shown(text: str) -> str:
    """A caller's text as a message repeats it, shortened if it is long."""
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"


def split_list(text: str, place: str) -> list[str]:
    """The items of a comma list; one that holds a comma is put in double quotes, a quote within them is doubled.

    Raises:
        QueryError: a quote is not closed, or something follows it.
    """
    items: list[str] = []
    at = 0
    while at <= len(text):
        if text.startswith('"', at):
            item, at = _quoted(text, at + 1, place)
        else:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            item, at = text[at:end], end
        items.append(item)
        at += 1
    return items


def join_list(items: Sequence[str]) -> str:
    """The comma list of some items, as `split_list` reads it."""
    return ",".join(_in_quotes(item) if item.startswith('"') or "," in item else item for item in items)


def _in_quotes(item: str) -> str:
    doubled = item.replace('"', '""')
    return f'"{doubled}"'


def _quoted(text: str, start: int, place: str) -> tuple[str, int]:
    """The item whose opening quote is before `start`, and the position of the comma after it, or the end."""
    end = text.find('"', start)
    while end >= 0 and text.startswith('"', end + 1):
        end = text.find('"', end + 2)
    if end < 0 or text[end + 1 : end + 2] not in ("", ","):
        raise QueryError(
            place,
            f"the quote at character {start} of the list is not closed at the end of its item",
            hint='Write an item that holds a comma as "a,b", and a quote within it as "".',
        )
    return text[start:end].replace('""', '"'), end + 1


def text_of(value: Any, column: Column, place: str) -> str:
    """A JSON value as the text that an address would hold for it.

    Raises:
        QueryError: it is of another JSON type than the column's.
    """
    if column.kind.is_document:
        return _write(value, place)
    expected = column.kind.json_type
    if isinstance(value, str) and (expected == "string" or (expected == "number" and value in NOT_FINITE)):
        return value
    if isinstance(value, bool):
        if expected == "boolean":
            return json.dumps(value)
    elif isinstance(value, int | float | Decimal):
        # What JSON shows as a text to keep it exact may be asked for as a number all the same.
        if column.kind.is_number and expected != "number":
            return _digits(Decimal(str(value)))
        if expected == "number":
            return str(value)
    raise QueryError(place, f"{named(value)} is not {column.kind.article} ({column.kind.example})")


def _digits(number: Decimal) -> str:
    """A number without an exponent; one without a fraction, as 1.0 and 1e2 are, without a point."""
    is_whole = number == number.to_integral_value()
    return format(number.to_integral_value() if is_whole else number, "f")


def _write(value: Any, place: str) -> str:
    try:
        return write_json(value)
    except JsonInvalid as error:
        raise QueryError(place, str(error)) from None


def named(value: Any) -> str:
    """A JSON value as a message repeats it."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    return shown(str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False))


def comparable(text: str, column: Column, place: str) -> str:
    """A text that stands for a value of the column, as the one text that all ways of writing it have in common.

    Raises:
        QueryError: it is not a value of the column's type.
    """
    check_characters(text, place)
    if column.type == "decimal" and _SCIENTIFIC.fullmatch(text):
        text = _digits(Decimal(text))
    try:
        value = column.parse_comparable(text)
    except ValueError as error:
        # A form decodes + to a space.
        is_offset = column.type == "datetime" and _OFFSET_WITH_SPACE.search(text)
        hint = "In a URL, write the + of an offset as %2B." if is_offset else None
        raise QueryError(place, str(error), hint=hint) from None
    return text if text in NOT_FINITE else canonical_text(value)


def check_characters(text: str, place: str) -> None:
    """Raise QueryError if the database cannot hold a text."""
    if not is_storable_text(text):
        raise QueryError(place, "it contains NUL or half of a surrogate pair, which the database cannot store")
