"""The records of a generation as a whole: whether there are any, and their removal."""

import asyncio
import time

from app.core import dynamo, log
from app.core.dynamo import MOST_WRITTEN, Range
from app.core.dynamo_requests import pause
from app.core.dynamo_wire import Attributes
from app.datasets import generations, mirror
from app.datasets.generations import Retired
from app.records.item_keys import BUCKETS, MAX_KEY_BYTES, bucket_name

# Partitions that are gone through at the same time.
CONCURRENCY = 8
REMOVED_AT_A_TIME = 1000
_FIRST = "\0"
_LAST = "\U0010ffff" * (MAX_KEY_BYTES // 4)


async def has_records(generation: str) -> bool:
    """Whether a generation has any records."""
    for start in range(0, BUCKETS, CONCURRENCY):
        parts = [_partition(generation, number) for number in range(start, min(start + CONCURRENCY, BUCKETS))]
        found = await asyncio.gather(*(dynamo.list_range(part, 1, names=["pk"]) for part in parts))
        if any(found):
            return True
    return False


async def remove_retired() -> None:
    """Remove the generations that are due; what is left by a worker that dies is removed by the next.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    for retired in await generations.list_retired():
        if retired.due <= time.time():
            await _remove(retired)


async def _remove(retired: Retired) -> None:
    if not await mirror.is_shown(retired.dataset, retired.generation):
        await generations.begin_removal(retired)
        if await mirror.is_shown(retired.dataset, retired.generation):
            # It was shown just before.
            await generations.forget_retired(retired.generation)
            return
        limit = asyncio.Semaphore(CONCURRENCY)
        removed = await asyncio.gather(
            *(_empty_partition(_partition(retired.generation, number), limit) for number in range(BUCKETS))
        )
        log.event("generation.removed", generation=retired.generation, records=sum(removed))
    await generations.forget_retired(retired.generation)


async def _empty_partition(part: Range, limit: asyncio.Semaphore) -> int:
    count = 0
    async with limit:
        while items := await dynamo.list_range(part, REMOVED_AT_A_TIME, names=["pk", "sk"]):
            for start in range(0, len(items), MOST_WRITTEN):
                await _delete(items[start : start + MOST_WRITTEN])
            count += len(items)
    return count


async def _delete(items: list[Attributes]) -> None:
    left = await dynamo.write_batch([], [(item["pk"]["S"], item["sk"]["S"]) for item in items])
    attempt = 0
    while left:
        await pause(attempt)
        left = await dynamo.repeat_batch(left)
        attempt += 1


def _partition(generation: str, number: int) -> Range:
    return Range(bucket_name(generation, number), _FIRST, _LAST)
