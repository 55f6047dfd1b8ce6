"""The work on images that no message asks for: pictures whose event was lost or whose worker died, and what is over."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlmodel import col

from app.core import log
from app.core.aws.storage import delete_below, find_object
from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.images.check.rejection import Rejected
from app.images.messages import ImageQueued, send_image_message
from app.images.models import Image
from app.images.objects import prefixes
from app.images.removal import remove_deleted
from app.images.sweeper import sweep

RECOVERED_AT_ONCE = 1000
LOOKED_FOR_AT_ONCE = 100
# An upload is announced by its event within moments; only one that was not is looked for.
UPLOAD_NOTICED_SECONDS = 60
# An upload that began in time may end after its URL has expired.
UPLOAD_ENDS_SECONDS = 900
REJECTED_KEPT_SECONDS = 24 * 3600
NOT_UPLOADED = Rejected("not_uploaded", "No file came before the upload's URL expired.")


async def recover_images() -> None:
    """Do all of it, each part in a bounded time."""
    await _release_stalled()
    await _find_uploads()
    await _forget_rejected()
    await remove_deleted()
    await sweep()


def _older_than(seconds: float) -> Any:
    return func.now() - text(f"interval '{seconds} seconds'")


async def _release_stalled() -> None:
    """Give back images whose worker died: they are looked for as if they had just been uploaded."""
    since = func.coalesce(col(Image.checked_at), col(Image.created_at))
    stalled = (
        select(col(Image.id))
        .where(col(Image.status) == "checking", since < _older_than(2 * get_settings().lease_seconds))
        .limit(RECOVERED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    release = update(Image).where(col(Image.id).in_(stalled)).values(status="awaiting_upload", checked_at=None)
    async with transaction() as session:
        released = list(await session.scalars(release.returning(col(Image.id))))
    for image in released:
        log.event("image.requeued", image=image)
        await send_image_message(ImageQueued(image=image))


async def _find_uploads() -> None:
    """Queue the announced images whose file has come without an event, and reject those whose time is over.

    As many as there may be, chance brings each one up soon.
    """
    waiting = (
        select(col(Image.id), col(Image.object_key), _is_over())
        .where(col(Image.status) == "awaiting_upload", col(Image.created_at) < _older_than(UPLOAD_NOTICED_SECONDS))
        .order_by(func.random())
        .limit(LOOKED_FOR_AT_ONCE)
    )
    async with transaction() as session:
        found: Sequence[Any] = (await session.execute(waiting)).all()
    over = []
    for image, key, is_over in found:
        if await find_object(key) is not None:
            await send_image_message(ImageQueued(image=image))
        elif is_over:
            over.append(image)
    if over:
        await _reject_not_uploaded(over)


def _is_over() -> ColumnElement[bool]:
    is_over: ColumnElement[bool] = col(Image.created_at) < _older_than(
        get_settings().upload_expiry_seconds + UPLOAD_ENDS_SECONDS
    )
    return is_over


async def _reject_not_uploaded(images: Sequence[str]) -> None:
    condition = col(Image.id).in_(images) & (col(Image.status) == "awaiting_upload")
    values = {"status": "rejected", "problem": NOT_UPLOADED.document, "checked_at": func.now()}
    async with transaction() as session:
        await session.execute(update(Image).where(condition).values(**values))
    log.event("images.not_uploaded", count=len(images))


async def _forget_rejected() -> None:
    """Remove the files of images that were rejected a day ago, and the rows of those that never had one."""
    due = (
        select(col(Image.id), col(Image.object_version))
        .where(col(Image.status) == "rejected", col(Image.checked_at) < _older_than(REJECTED_KEPT_SECONDS))
        .where(col(Image.object_version).is_not(None) | (col(Image.problem)["code"].astext == NOT_UPLOADED.code))
        .limit(LOOKED_FOR_AT_ONCE)
    )
    async with transaction() as session:
        found: Sequence[Any] = (await session.execute(due)).all()
    for image, version in found:
        if version is None:
            change: Any = delete(Image).where(col(Image.id) == image)
        else:
            for prefix in prefixes(image):
                await delete_below(prefix)
            change = update(Image).where(col(Image.id) == image).values(object_version=None)
        async with transaction() as session:
            await session.execute(change)
