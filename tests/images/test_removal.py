"""Deleted images leave nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.core.aws.storage import write_object
from app.core.database.sessions import transaction
from app.images import mirror
from app.images.check.arrival import take_image
from app.images.models import ImageRemoval
from app.images.objects import incoming_key, variant_key
from app.images.removal import SETTLED_SECONDS, remove_deleted, remove_objects, remove_variants
from tests.images.arriving import delete_row, found, kept_of, uploaded

pytestmark = pytest.mark.usefixtures("database_url")


async def noted() -> list[str]:
    """The deleted images that are noted."""
    async with transaction() as session:
        return list(await session.scalars(select(ImageRemoval.id)))  # type: ignore[call-overload]  # a column it is


async def make_older(seconds: float) -> None:
    """Let all notes of deletions be older."""
    async with transaction() as session:
        await session.execute(update(ImageRemoval).values(deleted_at=datetime.now(UTC) - timedelta(seconds=seconds)))


class TestRemoval:
    async def test_variants_go_at_once(self) -> None:
        row = await uploaded()
        await take_image(row.id)
        await remove_variants(row.id)
        assert len(await kept_of(row.id)) == 2

    async def test_every_version_of_every_object_goes_and_the_mirror(self) -> None:
        row = await uploaded()
        await take_image(row.id)
        # The bucket keeps what was written over, with what it says of places.
        await write_object(incoming_key(row.id), b"another", "image/jpeg")
        assert len(await kept_of(row.id)) == 4
        await remove_objects(row.id)
        assert await kept_of(row.id) == []
        assert await mirror.find_image(row.id) is None

    async def test_what_was_written_after_the_deletion_goes_later(self) -> None:
        row = await uploaded()
        await take_image(row.id)
        await delete_row(row.id)
        await remove_objects(row.id)
        await write_object(variant_key(row.id, row.version, "640.webp"), b"late", "image/webp")
        await remove_deleted()
        assert (await noted(), len(await kept_of(row.id))) == ([row.id], 1)
        await make_older(SETTLED_SECONDS + 1)
        await remove_deleted()
        assert (await noted(), await kept_of(row.id)) == ([], [])

    async def test_another_image_stays(self) -> None:
        row, other = await uploaded(), await uploaded()
        for one in (row, other):
            await take_image(one.id)
        await remove_objects(row.id)
        assert len(await kept_of(other.id)) == 3
        assert (await found(other.id)).status == "ready"
