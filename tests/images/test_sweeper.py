"""Orphans in both directions."""

from datetime import timedelta

import pytest

from app.core.aws.clients import client
from app.core.aws.storage import write_object
from app.core.settings import get_settings
from app.images import mirror, sweeper
from app.images.check.arrival import take_image
from app.images.models import Image, new_id
from app.images.objects import incoming_key, kept_key, master_key, variant_key
from tests.images.arriving import delete_row, found, kept_of, uploaded

pytestmark = pytest.mark.usefixtures("database_url")

NO_GRACE = timedelta(seconds=-60)


async def sweep_all(grace: timedelta = NO_GRACE) -> None:
    """Search through all of the bucket and of the catalogue."""
    for _ in sweeper.PREFIXES:
        await sweeper.sweep(grace=grace, rest=0)


async def ready() -> Image:
    """An image that is ready."""
    row = await uploaded()
    await take_image(row.id)
    return row


async def remove_object(key: str) -> None:
    """Delete an object as somebody would by hand."""
    s3 = await client("s3")
    await s3.delete_object(Bucket=get_settings().bucket, Key=key)


class TestObjects:
    async def test_those_of_no_image_are_removed(self) -> None:
        gone = new_id()
        for key in (incoming_key(gone), kept_key(gone), master_key(gone), variant_key(gone, "v", "64.webp")):
            await write_object(key, b"orphan", "image/webp")
        row = await ready()
        await sweep_all()
        assert await kept_of(gone) == []
        assert len(await kept_of(row.id)) == 3

    async def test_those_that_are_deleted_but_in_the_bucket_still_go_too(self) -> None:
        gone = new_id()
        await write_object(master_key(gone), b"orphan", "image/webp")
        await remove_object(master_key(gone))
        assert len(await kept_of(gone)) == 2
        await sweep_all()
        assert await kept_of(gone) == []

    async def test_variants_of_an_old_version_are_removed(self) -> None:
        row = await ready()
        await write_object(variant_key(row.id, "old", "64.webp"), b"orphan", "image/webp")
        await sweep_all()
        assert len(await kept_of(row.id)) == 3

    async def test_what_is_young_may_be_about_to_have_an_image(self) -> None:
        gone = new_id()
        await write_object(kept_key(gone), b"young", "image/webp")
        await sweep_all(timedelta(hours=1))
        assert len(await kept_of(gone)) == 1

    async def test_a_search_continues_where_the_last_one_ended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sweeper, "VERSIONS_AT_ONCE", 1)
        gone = [new_id() for _ in range(3)]
        for image in gone:
            await write_object(incoming_key(image), b"orphan", "image/webp")
        for _ in range(8):
            await sweeper.sweep(grace=NO_GRACE, rest=0)
        assert [await kept_of(image) for image in gone] == [[], [], []]

    async def test_it_rests_between_two_searches(self) -> None:
        await sweeper.sweep(grace=NO_GRACE)
        gone = new_id()
        await write_object(incoming_key(gone), b"orphan", "image/webp")
        for _ in sweeper.PREFIXES:
            await sweeper.sweep(grace=NO_GRACE)
        assert len(await kept_of(gone)) == 1


class TestRows:
    async def test_one_without_its_master_is_checked_again(self) -> None:
        row = await ready()
        await remove_object(master_key(row.id))
        await sweep_all()
        assert (await found(row.id)).status == "awaiting_upload"
        await take_image(row.id)
        assert (await found(row.id)).status == "ready"

    async def test_one_without_anything_is_rejected(self) -> None:
        row = await ready()
        for key in (master_key(row.id), incoming_key(row.id)):
            await remove_object(key)
        await sweep_all()
        lost = await found(row.id)
        assert (lost.status, (lost.problem or {})["code"], lost.is_current) == ("rejected", "lost", False)
        assert await mirror.find_image(row.id) is None

    async def test_one_that_is_not_in_the_mirror_is_put_there(self) -> None:
        row = await ready()
        await mirror.remove_image(row.id)
        await sweep_all()
        assert await mirror.find_image(row.id) is not None

    async def test_one_that_is_deleted_meanwhile_is_left_alone(self) -> None:
        row = await ready()
        await delete_row(row.id)
        await sweep_all()
        assert await kept_of(row.id) == []
