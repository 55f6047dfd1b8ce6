"""Opaque cursors: where a list goes on, tied to the query that began it."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from app.core.errors import CursorInvalid

FINGERPRINT_LENGTH = 12


def encode_cursor(position: list[Any], query: Any) -> str:
    """A cursor that continues behind `position` (JSON values) in the list that `query` (JSON) describes."""
    document = json.dumps([_fingerprint(query), position], separators=(",", ":"), ensure_ascii=False)
    return urlsafe_b64encode(document.encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, query: Any, *, length: int) -> list[Any]:
    """The position in a cursor: `length` JSON values.

    Raises:
        CursorInvalid: it was not made by `encode_cursor`, or for another query.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        fingerprint, position = json.loads(urlsafe_b64decode(padded))
    except (ValueError, TypeError, RecursionError):
        fingerprint, position = None, None
    same_query = fingerprint == _fingerprint(query)
    if not isinstance(position, list) or (same_query and len(position) != length):
        raise CursorInvalid(
            "The cursor is not one that this API gave out.", hint="Take `next` from a page as it is, or start anew."
        )
    if not same_query:
        raise CursorInvalid(
            "The cursor belongs to another query.", hint="Keep every other parameter as it was, or start anew."
        )
    return position


def _fingerprint(query: Any) -> str:
    return hashlib.sha256(json.dumps(query, sort_keys=True).encode()).hexdigest()[:FINGERPRINT_LENGTH]
