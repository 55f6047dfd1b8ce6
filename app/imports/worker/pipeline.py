"""Pipeline: the steps of a pass put together, with blocks flowing through.

fetch and decode → split, parse, validate, encode (a thread of its own) → load. Queues of bounded length lie between, so
that every step works at the same time and memory does not grow with the file.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import TypeVar

from app.imports.source.source import Source, in_thread
from app.imports.worker.progress import Meter
from app.imports.worker.validation import Batch

Item = TypeVar("Item")
# Between two steps so many items wait, or so many bytes and one item.
QUEUE_LENGTH = 4
QUEUE_BYTES = 4 * 1024 * 1024


async def run_pass(
    source: Source, validate: Callable[[bytes | None], Iterator[Batch]], meter: Meter
) -> AsyncGenerator[Batch]:
    """Read the file from its beginning through a validation; what becomes of each block comes out in order."""

    async def batches() -> AsyncGenerator[tuple[Batch, int]]:
        async with aclosing(prefetch(source.blocks(), lambda block: len(block.data))) as blocks:
            read = 0
            async for block in blocks:
                read = block.read
                async for batch in in_thread(validate(block.data), _size_of):
                    yield batch, read
        async for batch in in_thread(validate(None), _size_of):
            yield batch, read

    async with aclosing(prefetch(batches(), lambda pair: pair[0].size)) as prefetched:
        async for batch, read in prefetched:
            meter.bytes = read
            meter.rows_read += batch.records
            yield batch


def _size_of(batch: Batch) -> int:
    return batch.size


async def prefetch(items: AsyncIterator[Item], weigh: Callable[[Item], int]) -> AsyncGenerator[Item]:
    """The same items, fetched by a task of their own that is a few items ahead, and few bytes, as they are weighed."""
    queue: asyncio.Queue[tuple[Item | None, BaseException | None]] = asyncio.Queue(QUEUE_LENGTH)
    waiting = 0
    taken = asyncio.Event()

    async def fill() -> None:
        nonlocal waiting
        try:
            async for item in items:
                waiting += weigh(item)
                await queue.put((item, None))
                while waiting > QUEUE_BYTES:
                    taken.clear()
                    await taken.wait()
        except Exception as error:
            await queue.put((None, error))
        else:
            await queue.put((None, StopAsyncIteration()))

    task = asyncio.create_task(fill())
    try:
        while True:
            item, error = await queue.get()
            if isinstance(error, StopAsyncIteration):
                return
            if error is not None:
                raise error
            waiting -= weigh(item)  # type: ignore[arg-type]  # without an error there is an item
            taken.set()
            yield item  # type: ignore[misc]  # as above
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
