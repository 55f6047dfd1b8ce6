"""The loop that brings messages to the worker's handler."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.core.aws import queue
from app.core.aws.clients import client
from app.core.settings import get_settings
from app.local import worker
from app.local.services.resources import QUEUE_ARN


class Handler:
    """Stands for the worker's handler: keeps the events and answers as configured."""

    def __init__(self, *, fails: bool) -> None:
        self.events: list[dict[str, Any]] = []
        self._fails = fails

    async def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        self.events.append(event)
        failed = [{"itemIdentifier": record["messageId"]} for record in event["Records"]] if self._fails else []
        return {"batchItemFailures": failed}


async def hidden_messages() -> int:
    """The number of messages received and neither deleted nor given back."""
    sqs = await client("sqs")
    answer = await sqs.get_queue_attributes(
        QueueUrl=get_settings().queue_url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessagesNotVisible"])


@pytest.mark.usefixtures("database_url")
class TestHandleMessage:
    async def test_deletes_what_succeeded(self) -> None:
        handler = Handler(fails=False)
        await queue.send_body({"hello": "world"})
        message = await worker.receive_message(2)
        assert message
        await worker.handle_message(message, handler)
        assert await hidden_messages() == 0
        (record,) = handler.events[0]["Records"]
        assert record["body"] == '{"hello": "world"}'
        assert record["eventSource"] == "aws:sqs"
        assert record["eventSourceARN"] == QUEUE_ARN
        assert record["attributes"]["ApproximateReceiveCount"] == "1"
        assert set(record) == {
            "messageId",
            "receiptHandle",
            "body",
            "attributes",
            "messageAttributes",
            "md5OfBody",
            "eventSource",
            "eventSourceARN",
            "awsRegion",
        }

    async def test_leaves_what_failed(self) -> None:
        await queue.send_body({})
        message = await worker.receive_message(2)
        assert message
        await worker.handle_message(message, Handler(fails=True))
        assert await hidden_messages() == 1

    async def test_leaves_what_raised(self) -> None:
        async def handler(event: dict[str, Any]) -> dict[str, Any]:
            raise OSError("the database is away")

        await queue.send_body({})
        message = await worker.receive_message(2)
        assert message
        with pytest.raises(OSError, match="away"):
            await worker.handle_message(message, handler)
        assert await hidden_messages() == 1


class Interrupted(BaseException):
    """Ends a loop that otherwise never ends."""


class TestRepeat:
    async def test_goes_on_after_a_failure(self) -> None:
        outcomes: list[BaseException | None] = [OSError("the database is away"), None, Interrupted()]

        async def step() -> None:
            outcome = outcomes.pop(0)
            if outcome is not None:
                raise outcome

        with pytest.raises(Interrupted):
            await worker.repeat(step, "step")
        assert outcomes == []


class TestDrain:
    async def test_handles_everything_that_waits(self, worker: Callable[[], Awaitable[int]]) -> None:
        for number in range(3):
            await queue.send_body({"Service": "Amazon S3", "Event": "s3:TestEvent", "number": number})
        assert await worker() == 3
        assert await hidden_messages() == 0
