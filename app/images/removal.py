"""The removal of what is kept of deleted images: every version of every object, and the item of the mirror.

An image is deleted by deleting its row, alone or with its dataset; a trigger notes that. What is there is removed at
once, and once more when nothing can be under way any more that would write.
"""

import asyncio
from collections.abc import Collection

from sqlalchemy import delete, func, select, text
from sqlmodel import col

from app.core import log
from app.core.aws.storage import delete_below
from app.core.database.sessions import transaction
from app.images import mirror
from app.images.messages import ImageDeleted, send_image_message
from app.images.models import ImageRemoval
from app.images.objects import VARIANTS, prefixes

# Longer than any check and any encoding takes that began before the deletion.
SETTLED_SECONDS = 300
REMOVED_AT_ONCE = 500
TOGETHER = 8


async def begin_removal(image: str) -> None:
    """Hide an image right after the commit that deletes it, and have the worker remove the rest.

    Raises:
        ServiceUnavailable: the table or the bucket does not answer; recovery does all of it later.
    """
    await mirror.remove_image(image)
    await remove_variants(image)
    await send_image_message(ImageDeleted(image=image))


async def remove_variants(image: str) -> None:
    """Remove the variants of an image."""
    await delete_below(f"{VARIANTS}{image}/")


async def remove_objects(image: str) -> None:
    """Remove all that is kept of an image whose row is gone. The mirror comes first: it says what may be served."""
    await mirror.remove_image(image)
    for prefix in prefixes(image):
        await delete_below(prefix)


async def remove_deleted() -> None:
    """Remove what is left of images that were deleted a while ago, and then the notes of their deletion."""
    settled = func.now() - text(f"interval '{SETTLED_SECONDS} seconds'")
    due = select(col(ImageRemoval.id)).where(col(ImageRemoval.deleted_at) < settled)
    async with transaction() as session:
        found = await session.scalars(due.order_by(col(ImageRemoval.deleted_at)).limit(REMOVED_AT_ONCE))
        images = list(found)
    if images:
        await _remove_all(images)
        async with transaction() as session:
            await session.execute(delete(ImageRemoval).where(col(ImageRemoval.id).in_(images)))
        log.event("images.removed", count=len(images))


async def _remove_all(images: Collection[str]) -> None:
    free = asyncio.Semaphore(TOGETHER)

    async def remove(image: str) -> None:
        async with free:
            await remove_objects(image)

    await asyncio.gather(*map(remove, images))
