"""API keys as the catalogue keeps them, read by one statement and without a session."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from app.access.keys.conditions import TABLE
from app.core.database import statements


@dataclass(frozen=True)
class KeyRow:
    """A key with its scopes and datasets. Only the hash of its secret is stored; `datasets` is None for all of them."""

    id: UUID
    name: str
    secret_hash: bytes
    scopes: Sequence[str]
    datasets: Sequence[str] | None
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


_FIND = f"SELECT {', '.join(field.name for field in fields(KeyRow))} FROM {TABLE} WHERE id = $1"


async def find_key(key_id: UUID) -> KeyRow | None:
    """The key with this id, revoked and expired ones included."""
    rows = await statements.fetch(_FIND, key_id)
    return KeyRow(**rows[0]) if rows else None
