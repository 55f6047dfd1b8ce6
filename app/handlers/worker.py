"""The worker Lambda: it does what messages of the queue ask for, and on a schedule what no message asks for."""

import asyncio
import json
import sys
from functools import cache
from typing import Any

from app.core import log
from app.core.aws.messages import MessageDeferred, MessageHandlers
from app.core.aws.storage import open_storage
from app.core.database import statements
from app.core.database.done_requests import forget_done
from app.core.settings import SettingsInvalid, get_settings
from app.handlers.environment import begin_invocation, in_lambda, prepare_log
from app.imports.worker import messages as import_messages
from app.imports.worker.intake import recover_imports
from app.imports.worker.memory import limit_arenas
from app.records.keyvalue import removal

# What the event of the schedule says.
RECOVER = "recover"
# Kept from the time that Lambda gives, to record an import that would not end in it.
MARGIN_SECONDS = 15.0
UNLIMITED_SECONDS = float("inf")
SWITCH_SECONDS = 0.0005

HANDLERS = MessageHandlers()
for feature in (import_messages, removal):
    feature.add_handlers(HANDLERS)


async def process(event: dict[str, Any], seconds: float = UNLIMITED_SECONDS) -> dict[str, list[dict[str, str]]]:
    """Do what the messages of an SQS event ask for; return those to be delivered again.

    The event of the schedule is another one: it has no messages, and asks for work without a message.
    """
    if RECOVER in event:
        await recover()
        return {}
    failures = []
    for record in event["Records"]:
        try:
            await HANDLERS.handle(json.loads(record["body"]), seconds)
        except MessageDeferred as deferred:
            log.event("message.deferred", message_id=record["messageId"], reason=str(deferred))
            failures.append({"itemIdentifier": record["messageId"]})
        except Exception as error:
            log.failure("message.failed", error, message_id=record["messageId"])
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


async def recover() -> None:
    """Do what no message asks for: imports whose worker died or whose event was lost, and what is old or replaced."""
    await recover_imports()
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
