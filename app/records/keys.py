"""A record's key in an address: its values joined by commas, each percent-encoded. Pure."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from app.datasets.columns import Column
from app.records.errors import RecordKeyInvalid

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
