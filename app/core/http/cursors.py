"""Opaque cursors: positions in a list, tied to the query that began it."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.errors import CursorInvalid
from app.core.fields import to_utc
from app.core.strict_json import is_storable_text, parse_json

FINGERPRINT_LENGTH = 12


def encode_cursor(position: list[Any], query: Any) -> str:
    """A cursor that continues after `position` (JSON values) in the list that `query` (JSON) describes."""
    document = json.dumps([_fingerprint(query), position], separators=(",", ":"), ensure_ascii=False)
    return urlsafe_b64encode(document.encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, query: Any, *, length: int) -> list[Any]:
    """The position in a cursor: `length` JSON values.

    Raises:
        CursorInvalid: it is not from `encode_cursor`, or is for another query.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        fingerprint, position = parse_json(urlsafe_b64decode(padded))
    except (ValueError, TypeError):
        fingerprint, position = None, None
    same_query = fingerprint == _fingerprint(query)
    if not isinstance(position, list) or (same_query and len(position) != length):
        raise _foreign()
    if not same_query:
        raise CursorInvalid(
            "The cursor belongs to another query.",
            hint="Keep every other parameter as it was, or start from the first page.",
        )
    if not _can_be_asked_for(position):
        raise CursorInvalid("The cursor does not fit any list.")
    return position


def _can_be_asked_for(position: list[Any]) -> bool:
    return all(is_storable_text(value) for value in position if isinstance(value, str))


def _foreign() -> CursorInvalid:
    return CursorInvalid("This API did not issue the cursor.", hint="Use `next` of a page unchanged, or start again.")


def encode_newest(made: datetime, item_id: UUID, query: Any) -> str:
    """A cursor that continues after an item in the list, newest first, that `query` (JSON) describes."""
    return encode_cursor([made.isoformat(), str(item_id)], query)


def decode_newest(cursor: str | None, query: Any) -> tuple[datetime, UUID] | None:
    """The creation time in UTC and the id of the item that a cursor continues after; None without a cursor.

    Raises:
        CursorInvalid: as `decode_cursor` raises.
    """
    if cursor is None:
        return None
    made, item_id = decode_cursor(cursor, query, length=2)
    try:
        return to_utc(datetime.fromisoformat(made)), UUID(item_id)
    except (TypeError, ValueError, AttributeError):
        raise _foreign() from None


def _fingerprint(query: Any) -> str:
    return hashlib.sha256(json.dumps(query, sort_keys=True).encode()).hexdigest()[:FINGERPRINT_LENGTH]
