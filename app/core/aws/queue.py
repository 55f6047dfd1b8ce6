"""The queues that bring work: the worker's, and the one whose messages start a task for each large import."""

import json
from typing import Any

from app.core.aws.clients import client
from app.core.aws.messages import Message
from app.core.settings import get_settings


async def send_message(message: Message, *, delay_seconds: int = 0) -> None:
    """Put a message on the queue, to be seen after `delay_seconds` (900 at most)."""
    await send_body(message.body, delay_seconds=delay_seconds)


async def send_body(body: dict[str, Any], *, delay_seconds: int = 0) -> None:
    """Put a message on the queue as it stands there, as `send_message` does."""
    sqs = await client("sqs")
    await sqs.send_message(QueueUrl=get_settings().queue_url, MessageBody=json.dumps(body), DelaySeconds=delay_seconds)


async def put_back(receipt_handle: str, seconds: int, *, queue_url: str | None = None) -> None:
    """Return a message that was received to its queue, the worker's if none is named, to be seen again after `seconds`.

    It may be hidden for 43,200 seconds at most, counted from when it was received.

    Raises:
        botocore's errors: the queue does not answer, or somebody else has the message by now.
    """
    sqs = await client("sqs")
    await sqs.change_message_visibility(
        QueueUrl=queue_url or get_settings().queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
    )


async def send_to(queue_url: str, message: Message) -> None:
    """Put a message on another queue."""
    sqs = await client("sqs")
    await sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(message.body))


async def check_queue() -> None:
    """Raise a botocore error when the queue cannot be reached."""
    sqs = await client("sqs")
    await sqs.get_queue_attributes(QueueUrl=get_settings().queue_url, AttributeNames=["QueueArn"])
