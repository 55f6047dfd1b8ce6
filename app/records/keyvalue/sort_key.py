"""Keys of items in the key-value store, which sort as the records' keys do. Pure.

A record's partition in the table is one of BUCKETS that a generation of a dataset has, chosen by the first value of the
record's key; so a generation can be scanned, and records with the same first value are adjacent. Its sort key is the
text of each value followed by a NUL, which no text contains. The texts sort, by their bytes, as the values do.
"""

import zlib
from collections.abc import Sequence
from typing import Any

from app.columns.column import Column
from app.datasets.keyvalue.partitions import BUCKETS, MAX_KEY_BYTES, bucket_name

END = "\0"

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
    texts = [column.kind.sort_key(value) for value, column in zip(key, columns, strict=True)]
    place = END.join([*texts, ""])
    if len(place.encode()) > MAX_KEY_BYTES:
        raise KeyTooLong(f"a key has {MAX_KEY_BYTES:,} bytes at most in the key-value store")
    return bucket_of(generation, texts[0]), place


def successor(text: str) -> str:
    """The first text after all those that begin with a text, which is not one of them."""
    kept = text.rstrip(_LAST_CHARACTER)
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_LAST_SURROGATE + 1 if following == _FIRST_SURROGATE else following)
