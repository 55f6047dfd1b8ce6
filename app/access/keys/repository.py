"""API keys in the catalogue."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import column, func, table, update
from sqlalchemy import select as sql_select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select, tuple_

from app.access.errors import KeyNotFound
from app.access.keys.models import ApiKey
from app.core.database.names import CATALOGUE_SCHEMA

# Datasets are above keys: here only their names matter.
_DATASETS = table("dataset", column("name"), schema=CATALOGUE_SCHEMA)


async def list_page(session: AsyncSession, limit: int, after: tuple[datetime, UUID] | None = None) -> list[ApiKey]:
    """Up to `limit` keys, newest first, those after `after` (creation time, id)."""
    position = tuple_(col(ApiKey.created_at), col(ApiKey.id))
    query = select(ApiKey).order_by(col(ApiKey.created_at).desc(), col(ApiKey.id).desc()).limit(limit)
    if after is not None:
        query = query.where(position < after)
    return list(await session.scalars(query))


async def add_key(session: AsyncSession, key: ApiKey) -> None:
    """Store a new key."""
    session.add(key)
    await session.flush()


async def get_key(session: AsyncSession, key_id: UUID) -> ApiKey:
    """The key with this id, revoked and expired ones included.

    Raises:
        KeyNotFound: no key has this id.
    """
    key = await session.get(ApiKey, key_id)
    if key is None:
        raise KeyNotFound(f"There is no key with the id {key_id}.")
    return key


async def revoke_key(session: AsyncSession, key_id: UUID) -> None:
    """Make a key useless from now on; one that was revoked stays as it is."""
    await session.execute(
        update(ApiKey).where(col(ApiKey.id) == key_id, col(ApiKey.revoked_at).is_(None)).values(revoked_at=func.now())
    )


async def find_missing_datasets(session: AsyncSession, names: Sequence[str]) -> list[str]:
    """Those of some names that no dataset has, in their order."""
    found = set(await session.scalars(sql_select(_DATASETS.c.name).where(_DATASETS.c.name.in_(names))))
    return [name for name in dict.fromkeys(names) if name not in found]
