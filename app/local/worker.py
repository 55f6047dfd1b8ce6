"""The loop that stands for Lambda's event source mapping: queue to handler, as AWS does it."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core import log
from app.core.aws.clients import client, close_clients
from app.core.database.pool import close_connections
from app.core.settings import SettingsInvalid, get_settings
from app.handlers.worker import prepare, process, recover
from app.images.check.process import close_processes, most_processes
from app.local.inbox.misplaced import MisplacedFiles
from app.local.parent import end_with_parent
from app.local.services.emulator import REGION
from app.local.services.resources import IMAGES_QUEUE_ARN, QUEUE_ARN, VISIBILITY_SECONDS

if TYPE_CHECKING:
    from types_aiobotocore_sqs.type_defs import MessageTypeDef

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

# Imports that run side by side: more than may be long, so that a small file never waits for a large one.
CONCURRENCY = 3
WAIT_SECONDS = 10
EXTEND_EVERY_SECONDS = VISIBILITY_SECONDS / 3
RECOVER_EVERY_SECONDS = 10
REST_PER_RECOVERY = 9
FIRST_BACKOFF_SECONDS = 0.5
LAST_BACKOFF_SECONDS = 10.0


_misplaced = MisplacedFiles()


@dataclass(frozen=True)
class Source:
    """A queue that the worker takes messages of."""

    url: str
    arn: str


def import_source() -> Source:
    """The queue of everything but pictures."""
    return Source(get_settings().queue_url, QUEUE_ARN)


def image_source() -> Source:
    """The queue of pictures: thousands of them never stand before an import."""
    url = get_settings().images_queue_url
    assert url is not None, "the emulator's environment names it"
    return Source(url, IMAGES_QUEUE_ARN)


async def receive_message(wait_seconds: int = WAIT_SECONDS, source: Source | None = None) -> "MessageTypeDef | None":
    """The next message of a queue, hidden from others for VISIBILITY_SECONDS; None when none came in time."""
    sqs = await client("sqs")
    answer = await sqs.receive_message(
        QueueUrl=(source or import_source()).url,
        MaxNumberOfMessages=1,
        WaitTimeSeconds=wait_seconds,
        VisibilityTimeout=VISIBILITY_SECONDS,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    messages = answer.get("Messages", [])
    return messages[0] if messages else None


async def handle_message(message: "MessageTypeDef", handler: Handler = process, source: Source | None = None) -> None:
    """Give one message to the worker's handler and delete it unless the handler says that it failed."""
    source = source or import_source()
    keeper = asyncio.create_task(_keep_hidden(message["ReceiptHandle"], source))
    try:
        answer = await handler({"Records": [event_record(message, source.arn)]})
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
    failed = {item["itemIdentifier"] for item in answer.get("batchItemFailures", [])}
    if message["MessageId"] in failed:
        log.warning("message.failed", message_id=message["MessageId"])
        return
    sqs = await client("sqs")
    await sqs.delete_message(QueueUrl=source.url, ReceiptHandle=message["ReceiptHandle"])


def event_record(message: "MessageTypeDef", arn: str = QUEUE_ARN) -> dict[str, Any]:
    """A message as Lambda shows it to a function: one of an event's `Records`."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: {
                "stringValue": attribute.get("StringValue"),
                "dataType": attribute["DataType"],
            }
            for name, attribute in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    }


async def _keep_hidden(receipt_handle: str, source: Source) -> None:
    """Keep a message from being delivered again while it is worked on; a dead worker's comes back by itself."""
    while True:
        await asyncio.sleep(EXTEND_EVERY_SECONDS)
        try:
            sqs = await client("sqs")
            await sqs.change_message_visibility(
                QueueUrl=source.url, ReceiptHandle=receipt_handle, VisibilityTimeout=VISIBILITY_SECONDS
            )
        except Exception as error:  # the next attempt may succeed
            log.failure("message.not_extended", error)


async def _take_message() -> None:
    message = await receive_message()
    if message is not None:
        await handle_message(message)


async def _take_image() -> None:
    source = image_source()
    message = await receive_message(source=source)
    if message is not None:
        await handle_message(message, source=source)


async def _recover() -> None:
    started = time.monotonic()
    await recover()
    await _misplaced.report()
    # A full inbox takes a while to look through: that is a small part of the time all the same.
    await asyncio.sleep(max(RECOVER_EVERY_SECONDS, REST_PER_RECOVERY * (time.monotonic() - started)))


async def repeat(step: Callable[[], Awaitable[None]], name: str) -> None:
    """Do a step again and again; what fails is logged and tried again, later each time."""
    backoff = FIRST_BACKOFF_SECONDS
    while True:
        try:
            await step()
            backoff = FIRST_BACKOFF_SECONDS
        except Exception as error:  # the loop outlives a failure of one step
            log.failure(f"{name}.failed", error, retry_seconds=backoff)
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, LAST_BACKOFF_SECONDS)


async def run_until_signalled() -> None:
    """Work until SIGTERM or SIGINT; what is being worked on then is given up and comes back to the next worker."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await prepare(CONCURRENCY)
    loops = [asyncio.create_task(repeat(_recover, "recovery"))]
    loops += [asyncio.create_task(repeat(_take_message, "message")) for _ in range(CONCURRENCY)]
    loops += [asyncio.create_task(repeat(_take_image, "image")) for _ in range(most_processes())]
    log.event("worker.started", pid=os.getpid())
    await stop.wait()
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
    await close_processes()
    await close_connections()
    await close_clients()
    log.event("worker.stopped", pid=os.getpid())


def main() -> None:
    """Run the worker; it ends with the process that started it."""
    end_with_parent()
    try:
        log.configure(get_settings().log_level)
    except SettingsInvalid as error:
        raise SystemExit(str(error)) from None
    asyncio.run(run_until_signalled())


if __name__ == "__main__":
    main()
