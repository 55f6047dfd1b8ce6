"""Places for reads that may take long: some at a time, so that quick reads always find a connection and a function.

In Lambda each environment serves one request and knows of no other, so the places are advisory locks of the database. A
statement takes one by a condition, without a round trip more, and its transaction's end gives it back, also if the
process dies. Each instance of a database has its own, as it has its own processors. A process that serves many requests
has few connections too, and keeps some of them free of such reads.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import TypeVar

from asyncpg import DivisionByZeroError

from app.core.errors import SlowReadsBusy
from app.core.settings import get_settings

FIRST_PAUSE_SECONDS = 0.1
RETRY_SECONDS = 2

Result = TypeVar("Result")


class LongRead(IntEnum):
    """A kind of reads that may take long; its number is the first one of its advisory locks."""

    QUERY = 7101
    EXPORT = 7102


def takes_place(kind: LongRead) -> str:
    """The SQL condition that takes a place, once and before anything is read.

    If all are taken the statement fails, as no rows would be an answer: it divides by the number of places that it got,
    which is one or zero.
    """
    settings = get_settings()
    most = settings.max_slow_reads if kind is LongRead.QUERY else settings.max_running_exports
    return (
        f"(SELECT 1 / count(*) FROM (SELECT FROM generate_series(1, {most}) AS place "
        f"WHERE pg_try_advisory_xact_lock({kind.value}, place) LIMIT 1) AS taken) = 1"
    )


class Bulkhead:
    """The places of a process for such reads over its connections to one database, of which there are so many."""

    def __init__(self, connections: int) -> None:
        # One connection is left to quick reads, and another one to reads that are no exports, which last longest.
        self._places = {
            LongRead.QUERY: asyncio.Semaphore(max(1, connections - 1)),
            LongRead.EXPORT: asyncio.Semaphore(max(1, connections - 2)),
        }

    async def run(self, kind: LongRead, read: Callable[[], Awaitable[Result]]) -> Result:
        """Run a read whose statement has the condition of `takes_place`; it is run again while there is no place.

        Raises:
            SlowReadsBusy: there was none for as long as the settings say.
        """
        deadline = time.monotonic() + get_settings().slow_read_wait_seconds
        pause = FIRST_PAUSE_SECONDS
        while True:
            async with self._place(kind, deadline):
                try:
                    return await read()
                except DivisionByZeroError:
                    if time.monotonic() + pause > deadline:
                        raise _busy(kind) from None
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  # no secret
            pause *= 2

    @asynccontextmanager
    async def _place(self, kind: LongRead, deadline: float) -> AsyncIterator[None]:
        """Hold a place in this process, among those for exports also one among those for all."""
        wanted = [self._places[LongRead.QUERY], *([self._places[kind]] if kind is LongRead.EXPORT else [])]
        taken: list[asyncio.Semaphore] = []
        try:
            for places in reversed(wanted):
                await _take(places, kind, deadline)
                taken.append(places)
            yield
        finally:
            for places in taken:
                places.release()


async def _take(places: asyncio.Semaphore, kind: LongRead, deadline: float) -> None:
    if not places.locked():
        await places.acquire()
        return
    try:
        async with asyncio.timeout(deadline - time.monotonic()):
            await places.acquire()
    except TimeoutError:
        raise _busy(kind) from None


def _busy(kind: LongRead) -> SlowReadsBusy:
    what = "slow reads" if kind is LongRead.QUERY else "exports"
    return SlowReadsBusy(
        f"As many {what} as may run at a time are running.",
        hint=f"Try again in {RETRY_SECONDS} seconds.",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )
