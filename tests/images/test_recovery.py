"""The recovery of images that no message is about any more."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.aws.clients import client
from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.images.check.arrival import take_image
from app.images.models import Image
from app.images.recovery import recover_images
from tests.conftest import Drain
from tests.images.arriving import announced, change, found, kept_of, uploaded

pytestmark = pytest.mark.usefixtures("database_url")


def ago(**time: float) -> datetime:
    """A time that is past."""
    return datetime.now(UTC) - timedelta(**time)


async def lose_events() -> None:
    """Empty the images' queue, as a crash of a laptop does."""
    sqs = await client("sqs")
    queue_url = get_settings().images_queue_url
    assert queue_url is not None
    await sqs.purge_queue(QueueUrl=queue_url)


class TestRecovery:
    async def test_an_upload_whose_event_was_lost_is_found(self, image_worker: Drain) -> None:
        row = await uploaded(created_at=ago(minutes=5))
        await lose_events()
        await recover_images()
        assert await image_worker() >= 1
        assert (await found(row.id)).status == "ready"

    async def test_one_whose_worker_died_is_checked_again(self, image_worker: Drain) -> None:
        row = await uploaded(status="checking", checked_at=ago(minutes=5))
        await lose_events()
        await recover_images()
        assert await image_worker() >= 1
        assert (await found(row.id)).status == "ready"

    async def test_one_that_is_being_checked_is_left_alone(self) -> None:
        row = await uploaded(status="checking", checked_at=ago(seconds=1))
        await recover_images()
        assert (await found(row.id)).status == "checking"

    async def test_one_that_never_came_is_rejected_and_forgotten_a_day_later(self) -> None:
        waiting, over = await announced(created_at=ago(minutes=30)), await announced(created_at=ago(hours=3))
        await recover_images()
        assert (await found(waiting.id)).status == "awaiting_upload"
        rejected = await found(over.id)
        assert (rejected.status, (rejected.problem or {})["code"]) == ("rejected", "not_uploaded")
        await change(over.id, checked_at=ago(hours=25))
        await recover_images()
        async with transaction() as session:
            assert await session.get(Image, over.id) is None

    async def test_the_file_of_a_rejected_one_is_removed_a_day_later(self) -> None:
        row = await uploaded(b"no picture at all, and longer than its first bytes")
        await take_image(row.id)
        await recover_images()
        assert len(await kept_of(row.id)) == 1
        await change(row.id, checked_at=ago(hours=25))
        await recover_images()
        assert await kept_of(row.id) == []
        assert (await found(row.id)).status == "rejected"
