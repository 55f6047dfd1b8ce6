"""The worker Lambda: it does what messages of the queue ask for, and on a schedule what no message asks for."""

import asyncio
import json
import sys
from functools import cache
from typing import Any

from app.core import log
from app.core.aws.messages import MessageDeferred, MessageHandlers
from app.core.aws.queue import put_back
from app.core.aws.storage import open_storage
from app.core.database import statements
from app.core.database.done_requests import forget_done
from app.core.settings import SettingsInvalid, get_settings, in_lambda
from app.handlers.environment import begin_invocation, prepare_log
from app.images import worker as image_work
from app.images.recovery import recover_images
from app.imports.picture_batches import forget_finished
from app.imports.worker import messages as import_messages
from app.imports.worker.memory import limit_arenas
from app.imports.worker.recovery import recover_imports
from app.records.keyvalue import removal

# What the event of the schedule says.
RECOVER = "recover"
# Kept from the time that Lambda gives, to record an import that would not end in it.
MARGIN_SECONDS = 15.0
UNLIMITED_SECONDS = float("inf")
SWITCH_SECONDS = 0.0005
# The longest time that a queue hides a message that was received: twelve hours, which that counts from.
MOST_HIDDEN_SECONDS = 42_000
# From one second to the longest time that a queue hides a message.
MOST_DOUBLINGS = 16

HANDLERS = MessageHandlers()
for feature in (import_messages, removal):
    feature.add_handlers(HANDLERS)
# S3 announces pictures in the words that it announces other files in: the queue says which of both they are.
IMAGE_HANDLERS = MessageHandlers()
image_work.add_handlers(IMAGE_HANDLERS)
import_messages.add_picture_handlers(IMAGE_HANDLERS)


async def process(event: dict[str, Any], seconds: float = UNLIMITED_SECONDS) -> dict[str, list[dict[str, str]]]:
    """Do what the messages of an SQS event ask for; return those to be delivered again, each a while later.

    The event of the schedule is another one: it has no messages, and asks for work without a message.
    """
    read_only = get_settings().read_only
    if RECOVER in event:
        if not read_only:
            await recover()
        return {}
    if read_only:
        return await _leave(event["Records"])
    pictures = [record for record in event["Records"] if _is_of_images(record)]
    undone = [record for record in event["Records"] if record not in pictures and not await _is_done(record, seconds)]
    # Most of the time of each is another process's, of which there are as many as cores.
    done = await asyncio.gather(*(_is_done(record, seconds) for record in pictures))
    undone += [record for record, is_done in zip(pictures, done, strict=True) if not is_done]
    for record in undone:
        await _put_back(record, retry_seconds(int(record["attributes"]["ApproximateReceiveCount"])))
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in undone]}


def _is_of_images(record: dict[str, Any]) -> bool:
    """Return whether a message is of the images' queue."""
    queue_url = get_settings().images_queue_url
    name = record.get("eventSourceARN", "").rpartition(":")[2]
    return queue_url is not None and queue_url.rpartition("/")[2] == name


async def _leave(records: list[dict[str, Any]]) -> dict[str, list[dict[str, str]]]:
    """Return messages to the queue of a region that writes nothing, for as long as it may take until it does."""
    log.warning("worker.read_only", messages=len(records), hint="Stop the queue's trigger while TOLVA_READ_ONLY is on.")
    for record in records:
        await _put_back(record, MOST_HIDDEN_SECONDS)
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in records]}


async def _is_done(record: dict[str, Any], seconds: float) -> bool:
    """Do what a message asks for; return False if it is to be delivered again."""
    try:
        handlers = IMAGE_HANDLERS if _is_of_images(record) else HANDLERS
        await handlers.handle(json.loads(record["body"]), seconds)
    except MessageDeferred as deferred:
        log.event("message.deferred", message_id=record["messageId"], reason=str(deferred))
        return False
    except Exception as error:
        log.failure("message.failed", error, message_id=record["messageId"])
        return False
    return True


async def _put_back(record: dict[str, Any], wait: int) -> None:
    """Return a message to the queue for so long: the queue itself would hide it as long as the longest import takes."""
    try:
        queue_url = get_settings().images_queue_url if _is_of_images(record) else None
        await put_back(record["receiptHandle"], wait, queue_url=queue_url)
    except Exception as error:  # it comes back all the same, only later
        log.failure("message.not_put_back", error, message_id=record["messageId"])


def retry_seconds(received: int) -> int:
    """How long a message that failed waits if it was received so often."""
    settings = get_settings()
    doublings = min(max(0, received - 1), MOST_DOUBLINGS)
    return min(settings.retry_seconds << doublings, settings.max_retry_seconds)


async def recover() -> None:
    """Do what no message asks for: imports whose worker died or whose event was lost, and what is old or replaced."""
    await recover_imports()
    await recover_images()
    await forget_finished()
    await removal.remove_retired()
    await forget_done(statements.fetch)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop for as long as the process lives: connections and clients belong to it."""
    prepare_log("worker")
    loop = asyncio.new_event_loop()
    loop.run_until_complete(prepare())
    return loop


async def prepare(imports: int = 1) -> None:
    """Prepare a worker before its first message; it takes this many at a time.

    Raises:
        SettingsInvalid: imports would take all connections, and leave none for other statements.
    """
    if get_settings().database_pool_size <= imports:
        raise SettingsInvalid(
            f"TOLVA_DATABASE_POOL_SIZE is {get_settings().database_pool_size}: a worker needs {imports + 1} or more."
        )
    # The loop feeds the bucket's and the database's connections: it must not wait long for a thread that computes.
    sys.setswitchinterval(SWITCH_SECONDS)
    limit_arenas()
    await open_storage()


def handler(event: dict[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
    """The handler that Lambda calls: an SQS event in, partial batch failures out."""
    begin_invocation(context)
    seconds = max(0.0, context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS)
    return _loop().run_until_complete(process(event, seconds))


if in_lambda():
    # What is done as the module loads is done before the first message waits for it.
    _loop()
