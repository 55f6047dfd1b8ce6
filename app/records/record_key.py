"""A record's key in an address: its values joined by commas, each percent-encoded. Pure."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from app.columns.column import Column
from app.core.errors import did_you_mean
from app.records.errors import QueryTooLarge, RecordKeyInvalid
from app.records.query.hints.near_values import guess_in_json, near_value
from app.records.query.operands import SHOWN_LENGTH, QueryError, comparable, shown, text_of
from app.records.query.parameters import raise_as_problem

_RAW_KEY = re.compile(rb"/datasets/[^/]+/records/(.*)", re.DOTALL)


def split_key(raw_path: bytes | None, decoded: str, columns: Sequence[Column]) -> list[str]:
    """The texts of a key's values, one for each of its columns.

    `raw_path` is the path as it was sent, None if a gateway has decoded it.

    A single value may contain anything, even in a decoded path; the commas between several values can only be
    distinguished from those within them in the path as it was sent.

    Raises:
        RecordKeyInvalid: it has another number of values, or is not UTF-8.
    """
    match = _RAW_KEY.search(raw_path) if raw_path is not None else None
    encoded = match[1] if match else quote(decoded, safe=",").encode()
    parts = encoded.split(b",") if len(columns) > 1 else [encoded]
    if len(parts) != len(columns):
        example = ",".join(f"{{{column.name}}}" for column in columns)
        raise RecordKeyInvalid(
            f"The key has {len(columns)} values; the URL names {len(parts)}.",
            hint=f"Join the values with commas: {example}. A comma within a value is %2C.",
        )
    try:
        return [unquote_to_bytes(part).decode() for part in parts]
    except UnicodeDecodeError:
        raise RecordKeyInvalid("The URL is not UTF-8.", hint="Percent-encode the key as UTF-8.") from None


def join_key(texts: Sequence[str]) -> str:
    """The address of a record: its key's texts, percent-encoded and joined."""
    return ",".join(quote(text, safe="") for text in texts)


def parse_key(texts: Sequence[str], columns: Sequence[Column]) -> list[Any]:
    """The values of a key's texts, as the database takes them.

    Raises:
        RecordKeyInvalid: a text is not a value of its column.
    """
    return [_parse(text, column, columns) for text, column in zip(texts, columns, strict=True)]


def _parse(text: str, column: Column, columns: Sequence[Column]) -> Any:
    try:
        return column.parse(text)
    except ValueError as error:
        names = ", ".join(f"{one.name} ({one.type})" for one in columns)
        near = near_value(column, text)
        guess = f" Did you mean {near}?" if near else ""
        listed = " The records are listed at the URL without the slash at its end." if not text else ""
        raise RecordKeyInvalid(f"{error}.{guess}", hint=f"The key is {names}.{listed}") from None


def keys_from_body(document: Any, columns: Sequence[Column], most: int) -> list[tuple[str, ...]]:
    """The keys that a body `{"keys": [...]}` lists, each as the texts of its values.

    Raises:
        QueryInvalid: it is not such a body, or a key does not fit this dataset.
        QueryTooLarge: there are more than `most`.
    """
    with raise_as_problem("body"):
        if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
            raise QueryError("keys", 'it takes an array of keys, for example {"keys": [1, 2]}')
        for name in document:
            if name != "keys":
                near = did_you_mean(name[:SHOWN_LENGTH], ["keys"])
                raise QueryError(shown(name), f"there is no such member.{near}", hint="It takes: keys.")
        listed = document["keys"]
        if len(listed) > most:
            raise QueryTooLarge(
                f"'keys' lists {len(listed):,} keys; {most:,} is the most.",
                hint="Ask in several requests. (TOLVA_MAX_KEYS)",
            )
        return [_key_from_json(key, columns, f"keys/{at}") for at, key in enumerate(listed)]


def _key_from_json(key: Any, columns: Sequence[Column], place: str) -> tuple[str, ...]:
    values = [key] if len(columns) == 1 else key
    if not isinstance(values, list) or len(values) != len(columns):
        names = ", ".join(column.name for column in columns)
        raise QueryError(place, f"it takes an array of the key's {len(columns)} values: {names}")
    return tuple(_key_text(value, column, place) for value, column in zip(values, columns, strict=True))


def _key_text(value: Any, column: Column, place: str) -> str:
    try:
        return comparable(text_of(value, column, place), column, place)
    except QueryError as mistake:
        message = f"{mistake.message}{guess_in_json(column, value)}"
        raise QueryError(place, message, hint=mistake.hint) from None
