"""API keys in the key-value store's table, so that a request for its records needs no relational query.

A key's item is created by the first request with the key, and says that the key is revoked before the catalogue does.
It is compared with the catalogue from time to time: a restored table may contain a key that was revoked since as a
working one. It has the hash of the secret, as the catalogue does.
"""

import time
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

from app.access.keys.lookup import KeyRow, find_key
from app.core.aws.dynamo_json import Item
from app.core.dynamo import mirrors, table
from app.core.dynamo.requests import ConditionNotMet
from app.core.dynamo.table import Condition
from app.core.settings import get_settings

PLACE = "current"
MAX_KNOWN = 1000

# Keys by their id, each with the time until which it is relied on.
_known: dict[UUID, tuple[float, KeyRow]] = {}


async def find_mirrored_key(key_id: UUID) -> KeyRow | None:
    """The key with this id, as it was `keyvalue_cache_seconds` ago at most, revoked and expired ones included.

    Raises:
        ServiceUnavailable: the table does not answer, or the catalogue, which has to be asked.
    """
    until, known = _known.get(key_id, (0.0, None))
    if known is not None and time.monotonic() < until:
        return known
    item = await table.find_item(_pk(key_id), PLACE)
    key = await (_mirror(key_id) if item is None else _compare(key_id, item))
    if key is not None:
        while len(_known) >= MAX_KNOWN:
            _known.pop(next(iter(_known)))
        _known[key_id] = (time.monotonic() + get_settings().keyvalue_cache_seconds, key)
    return key


async def mark_revoked(key: KeyRow) -> None:
    """Refuse a key from now on; the catalogue is updated next.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    await table.put_item(_item_of(key) | {"revoked_at": (key.revoked_at or datetime.now(UTC)).isoformat()})
    _known.pop(key.id, None)


async def _mirror(key_id: UUID) -> KeyRow | None:
    key = await find_key(key_id)
    if key is None or get_settings().read_only:
        return key
    try:
        await table.put_item(_item_of(key), Condition("attribute_not_exists(#pk)"))
    except ConditionNotMet:
        # Another request was first, or the key was revoked just now.
        item = await table.find_item(_pk(key_id), PLACE)
        return None if item is None else _key_of(item)
    return key


async def _compare(key_id: UUID, item: Item) -> KeyRow | None:
    """Read a key from its item, or from the catalogue if the item is old."""
    if mirrors.is_fresh(item):
        return _key_of(item)
    try:
        key = await mirrors.ask_catalogue(item, partial(find_key, key_id))
    except mirrors.CatalogueAway:
        return _key_of(item)
    if get_settings().read_only:
        # The primary region's item may know of a revocation that the copy of the catalogue does not have yet.
        return key if item["revoked_at"] is None else _key_of(item)
    try:
        if key is None:
            await table.delete_item(_pk(key_id), PLACE, _is_same(item))
        else:
            await table.put_item(_item_of(key), _is_same(item))
    except ConditionNotMet:
        # Another request was first, or the key was revoked just now, which the catalogue hears of later.
        item = await table.find_item(_pk(key_id), PLACE) or item
        return _key_of(item)
    return key


def _is_same(item: Item) -> Condition:
    if "stamp" not in item:
        return Condition("attribute_not_exists(#stamp)")
    return Condition("#stamp = :stamp", {"stamp": item["stamp"]})


def _pk(key_id: UUID) -> str:
    return f"key#{key_id}"


def _item_of(key: KeyRow) -> Item:
    return {
        "pk": _pk(key.id),
        "sk": PLACE,
        # Each one that is written has another.
        "stamp": uuid4().hex,
        **mirrors.asked_now(),
        "name": key.name,
        "secret_hash": key.secret_hash,
        "scopes": list(key.scopes),
        "datasets": None if key.datasets is None else list(key.datasets),
        # Not `expires_at`, by which DynamoDB removes items.
        "works_until": None if key.expires_at is None else key.expires_at.isoformat(),
        "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(),
        "created_at": key.created_at.isoformat(),
    }


def _key_of(item: Item) -> KeyRow:
    return KeyRow(
        id=UUID(item["pk"].removeprefix("key#")),
        name=item["name"],
        secret_hash=item["secret_hash"],
        scopes=item["scopes"],
        datasets=item["datasets"],
        expires_at=_time_of(item["works_until"]),
        revoked_at=_time_of(item["revoked_at"]),
        created_at=datetime.fromisoformat(item["created_at"]),
    )


def _time_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
