"""A record's key in an address: its values joined by commas, each percent-encoded. Pure."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from app.core.errors import did_you_mean
from app.datasets.columns import Column
from app.records.errors import QueryTooLarge, RecordKeyInvalid
from app.records.operands import Mistake, comparable, shown, text_of
from app.records.parameters import refusals

_RAW_KEY = re.compile(rb"/datasets/[^/]+/records/(.*)", re.DOTALL)


def split_key(raw_path: bytes | None, decoded: str, count: int) -> list[str]:
    """The texts of a key's values; `raw_path` is the path as it was sent, None where a gateway has decoded it.

    A single value may hold anything, even in a decoded path; the commas of several values can only be told from
    those within them in the path as it was sent.

    Raises:
        RecordKeyInvalid: it has another number of values, or is not UTF-8.
    """
    match = _RAW_KEY.search(raw_path) if raw_path is not None else None
    encoded = match[1] if match else quote(decoded, safe=",").encode()
    parts = encoded.split(b",") if count > 1 else [encoded]
    if len(parts) != count:
        raise RecordKeyInvalid(
            f"The key has {count} values; the address names {len(parts)}.",
            hint="Join the values with commas, and write a comma within a value as %2C.",
        )
    try:
        return [unquote_to_bytes(part).decode() for part in parts]
    except UnicodeDecodeError:
        raise RecordKeyInvalid("The address is not UTF-8.", hint="Percent-encode the key as UTF-8.") from None


def join_key(texts: Sequence[str]) -> str:
    """The address of a record: its key's texts, percent-encoded and joined."""
    return ",".join(quote(text, safe="") for text in texts)


def parse_key(texts: Sequence[str], columns: Sequence[Column]) -> list[Any]:
    """The values that a key's texts stand for, as the database takes them.

    Raises:
        RecordKeyInvalid: a text is no value of its column.
    """
    try:
        return [column.parse(text) for text, column in zip(texts, columns, strict=True)]
    except ValueError as error:
        names = ", ".join(f"{column.name} ({column.type})" for column in columns)
        raise RecordKeyInvalid(f"{error}.", hint=f"The key is {names}.") from None


def keys_from_body(document: Any, columns: Sequence[Column], most: int) -> list[tuple[str, ...]]:
    """The keys that a body `{"keys": [...]}` lists, each as the texts of its values.

    Raises:
        QueryInvalid: it is no such body, or a key is none of this dataset's.
        QueryTooLarge: there are more than `most`.
    """
    with refusals("body"):
        if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
            raise Mistake("keys", 'it takes an array of keys, as {"keys": [1, 2]}')
        for name in document:
            if name != "keys":
                raise Mistake(shown(name), f"there is no such member.{did_you_mean(name, ['keys'])}")
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
        raise Mistake(place, f"it takes an array of the key's {len(columns)} values: {names}")
    return tuple(
        comparable(text_of(value, column, place), column, place) for value, column in zip(values, columns, strict=True)
    )
