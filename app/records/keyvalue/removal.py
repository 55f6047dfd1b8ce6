"""The removal of the records of a generation."""

import asyncio
import time

from app.core import log
from app.core.aws.dynamo_json import Attributes
from app.core.aws.messages import MessageHandlers
from app.core.dynamo import table
from app.core.dynamo.requests import pause
from app.core.dynamo.table import MAX_WRITTEN, Range
from app.datasets.keyvalue import generations, metadata
from app.datasets.keyvalue.generations import CONCURRENCY, RemovalDue, Retired, partition_of
from app.datasets.keyvalue.partitions import BUCKETS

REMOVED_AT_A_TIME = 1000


def add_handlers(handlers: MessageHandlers) -> None:
    """Add the handler of messages that announce a removal."""
    handlers.add(RemovalDue, _remove_due)


async def _remove_due(_message: RemovalDue, _seconds: float) -> None:
    await remove_retired()


async def remove_retired() -> None:
    """Remove the generations that are due; what is left by a worker that dies is removed by the next.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    for retired in await generations.list_retired():
        if retired.due <= time.time():
            await _remove(retired)


async def _remove(retired: Retired) -> None:
    if not await metadata.is_shown(retired.dataset, retired.generation):
        await generations.begin_removal(retired)
        if await metadata.is_shown(retired.dataset, retired.generation):
            # It was shown just before.
            await generations.forget_retired(retired.generation)
            return
        limit = asyncio.Semaphore(CONCURRENCY)
        removed = await asyncio.gather(
            *(_empty_partition(partition_of(retired.generation, number), limit) for number in range(BUCKETS))
        )
        log.event("generation.removed", generation=retired.generation, records=sum(removed))
    await generations.forget_retired(retired.generation)


async def _empty_partition(part: Range, limit: asyncio.Semaphore) -> int:
    count = 0
    async with limit:
        while items := await table.list_range(part, REMOVED_AT_A_TIME, names=["pk", "sk"]):
            for start in range(0, len(items), MAX_WRITTEN):
                await _delete(items[start : start + MAX_WRITTEN])
            count += len(items)
    return count


async def _delete(items: list[Attributes]) -> None:
    left = await table.write_batch([], [(item["pk"]["S"], item["sk"]["S"]) for item in items])
    attempt = 0
    while left:
        await pause(attempt)
        left = await table.repeat_batch(left)
        attempt += 1
