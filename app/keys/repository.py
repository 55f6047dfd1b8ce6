"""API keys in the catalogue."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select, tuple_

from app.core import direct
from app.core.db import CATALOGUE_SCHEMA, quote
from app.keys.errors import KeyNotFound
from app.keys.models import ApiKey

_TABLE = quote(CATALOGUE_SCHEMA, "api_key")
_FIND = f"SELECT {', '.join(ApiKey.model_fields)} FROM {_TABLE} WHERE id = $1"


async def find_key(session: AsyncSession, key_id: UUID) -> ApiKey | None:
    """The key with this id, revoked and expired ones included."""
    return await session.get(ApiKey, key_id)


async def find_key_directly(key_id: UUID) -> ApiKey | None:
    """The same, without a session."""
    rows = await direct.fetch(_FIND, key_id)
    return ApiKey(**rows[0]) if rows else None


def key_works(key_id: str) -> str:
    """The SQL condition under which a key opens something, given the expression of its id."""
    return (
        f"EXISTS (SELECT FROM {_TABLE} WHERE id = {key_id} AND revoked_at IS NULL "
        f"AND (expires_at IS NULL OR expires_at > now()))"
    )


async def list_page(session: AsyncSession, limit: int, after: tuple[datetime, UUID] | None = None) -> list[ApiKey]:
    """Up to `limit` keys, newest first, those behind `after` (time made, id)."""
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
        KeyNotFound: there is no such key.
    """
    key = await find_key(session, key_id)
    if key is None:
        raise KeyNotFound(f"There is no key with the id {key_id}.")
    return key


async def revoke_key(session: AsyncSession, key_id: UUID) -> None:
    """Make a key useless from now on; one that was revoked stays as it is."""
    await session.execute(
        update(ApiKey).where(col(ApiKey.id) == key_id, col(ApiKey.revoked_at).is_(None)).values(revoked_at=func.now())
    )
