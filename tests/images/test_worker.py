"""Messages of the images' queue, as they come in AWS."""

from typing import Any

import pytest

from app.core.settings import get_settings
from app.handlers.worker import process
from app.images import mirror
from app.images.messages import ImageDeleted, ImageQueued, send_image_message
from app.local.services.resources import IMAGES_QUEUE_ARN
from tests.conftest import Drain
from tests.images.arriving import found, kept_of, uploaded

pytestmark = pytest.mark.usefixtures("database_url")


def message(body: str, number: int = 0) -> dict[str, Any]:
    """A message of the images' queue as Lambda gives it."""
    return {
        "messageId": str(number),
        "receiptHandle": "none",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSourceARN": IMAGES_QUEUE_ARN,
    }


class TestMessages:
    async def test_an_image_is_checked_by_its_id(self, image_worker: Drain) -> None:
        row = await uploaded()
        await send_image_message(ImageQueued(image=row.id))
        assert await image_worker() == 2
        assert (await found(row.id)).status == "ready"

    async def test_a_deleted_one_leaves_nothing(self, image_worker: Drain) -> None:
        row = await uploaded()
        await image_worker()
        await send_image_message(ImageDeleted(image=row.id))
        await image_worker()
        assert await kept_of(row.id) == []
        assert await mirror.find_image(row.id) is None

    async def test_a_batch_is_done_at_once_and_what_fails_comes_again(self) -> None:
        rows = [await uploaded() for _ in range(3)]
        bodies = [*(f'{{"type": "image.queued", "image": "{row.id}"}}' for row in rows), '{"type": "unknown"}']
        answer = await process({"Records": [message(body, number) for number, body in enumerate(bodies)]})
        assert answer == {"batchItemFailures": [{"itemIdentifier": "3"}]}
        assert [(await found(row.id)).status for row in rows] == ["ready"] * 3

    async def test_the_test_message_of_s3_asks_for_nothing(self) -> None:
        answer = await process({"Records": [message('{"Service": "Amazon S3", "Event": "s3:TestEvent"}')]})
        assert answer == {"batchItemFailures": []}

    def test_the_queue_is_another_one_than_that_of_imports(self) -> None:
        assert get_settings().images_queue_url != get_settings().queue_url
