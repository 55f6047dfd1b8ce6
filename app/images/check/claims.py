"""The right of one worker to check an image, renewed while it does, and the outcome in the catalogue.

While an image is `checking`, its `checked_at` is when the claim was renewed last, and the worker that wrote that time
holds it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.core import log
from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.images.models import Image

# Two images of one name may become ready at the same time: one after the other decides which is current.
NAME_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('image ' || :dataset || ' ' || :filename, 0))")


class Claim:
    """A worker's claim of an image."""

    def __init__(self, image: str, since: datetime) -> None:
        self.image = image
        self._since = since

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Renew the claim as long as the block takes."""
        keeper = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(get_settings().lease_seconds / 3)
            try:
                await self._renew()
            except Exception as error:  # the claim outlives a failure or two
                log.failure("image.claim_not_renewed", error, image=self.image)

    async def _renew(self) -> None:
        async with transaction() as session:
            statement = update(Image).where(self._is_held()).values(checked_at=func.clock_timestamp())
            renewed = await session.scalar(statement.returning(col(Image.checked_at)))
        if renewed is not None:
            self._since = renewed

    def _is_held(self) -> Any:
        return and_(col(Image.id) == self.image, col(Image.status) == "checking", col(Image.checked_at) == self._since)

    async def finish(self, session: AsyncSession, values: dict[str, Any]) -> bool:
        """Write an outcome; return False if the image is gone, or another worker's."""
        statement = update(Image).where(self._is_held()).values(**values, checked_at=func.now())
        return await session.scalar(statement.returning(col(Image.id))) is not None


async def claim_image(image: str, version: str, size: int) -> Claim | None:
    """Take an image up; None if it is checked already, gone, or claimed by a worker that lives."""
    ends = func.now() - text(f"interval '{get_settings().lease_seconds} seconds'")
    is_free = or_(
        col(Image.status) == "awaiting_upload",
        and_(col(Image.status) == "checking", or_(col(Image.checked_at).is_(None), col(Image.checked_at) < ends)),
    )
    statement = (
        update(Image)
        .where(col(Image.id) == image, is_free)
        .values(status="checking", checked_at=func.clock_timestamp(), object_version=version, bytes=size)
        .returning(col(Image.checked_at))
    )
    async with transaction() as session:
        since = await session.scalar(statement)
    return None if since is None else Claim(image, since)


async def make_current(session: AsyncSession, row: Image) -> None:
    """Let the newest of the ready images of the filename of `row` be the current one, with or without `row`."""
    await session.execute(NAME_LOCK, {"dataset": str(row.dataset_id), "filename": row.filename})
    same = and_(
        col(Image.dataset_id).is_not_distinct_from(row.dataset_id),
        col(Image.filename) == row.filename,
        col(Image.status) == "ready",
    )
    newest = select(col(Image.id)).where(same).order_by(col(Image.created_at).desc(), col(Image.id).desc()).limit(1)
    current = await session.scalar(newest)
    for condition, is_current in ((col(Image.id) != current, False), (col(Image.id) == current, True)):
        await session.execute(update(Image).where(same, condition).values(is_current=is_current))
