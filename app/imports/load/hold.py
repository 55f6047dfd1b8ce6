"""The hold of an import on a key-value dataset: single writes wait as long as the import renews it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from app.core.dynamo.requests import pause
from app.core.errors import ServiceUnavailable
from app.datasets.keyvalue import metadata
from app.datasets.keyvalue.generations import DatasetMoved, WriteLock

# How long single writes wait for an import that says nothing; it says something well before, and writes nothing among
# other records that could still be under way when they go on.
HOLD_SECONDS = 60
RENEW_SECONDS = 10
WRITE_SECONDS = 30
MOVE_ATTEMPTS = 20


class KeptHold:
    """A hold that is taken with the first `keep`, and renewed with the others, now and then."""

    def __init__(self, hold: WriteLock) -> None:
        self._hold = hold
        self._kept_at = 0.0
        self.is_taken = False

    @property
    def hold(self) -> WriteLock:
        assert self.is_taken, "an import that writes holds its dataset"
        return self._hold

    async def keep(self) -> None:
        """Let single writes wait longer.

        Raises:
            ServiceUnavailable: the table does not answer, or the dataset is being changed.
        """
        now = time.monotonic()
        if self.is_taken and now - self._kept_at < RENEW_SECONDS:
            return
        await outlast_changes(self._hold.dataset.name, self.renew if self.is_taken else self._take)
        self._kept_at = now

    async def _take(self) -> None:
        await self._hold.take(HOLD_SECONDS)
        self.is_taken = True

    async def renew(self) -> None:
        """Keep single writes waiting for the whole time; DatasetMoved if there may have been writes."""
        await self.hold.renew(HOLD_SECONDS)

    async def release(self) -> None:
        """Let single writes go on; DatasetMoved if they did so already."""
        await self.hold.release()

    def check(self) -> None:
        """Raise ServiceUnavailable if single writes may go on before a request is done that is sent now."""
        if time.monotonic() - self._kept_at > HOLD_SECONDS - WRITE_SECONDS:
            raise ServiceUnavailable("The dataset could not be kept from other writers.")

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Keep it while the block waits for the table; if it is lost, `check` says so."""
        keeper = asyncio.create_task(self._keep_on())
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def _keep_on(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await self.keep()


async def outlast_changes(dataset: str, write: Callable[[], Awaitable[None]]) -> None:
    """Write to a dataset's item, again if the dataset was being changed.

    Raises:
        ServiceUnavailable: it is changed all the time.
    """
    for attempt in range(MOVE_ATTEMPTS):
        with suppress(DatasetMoved):
            await write()
            return
        # Someone gives it another title at this moment, or died while doing so.
        await metadata.end_left_change(dataset)
        await pause(attempt)
    raise ServiceUnavailable("The dataset is being changed all the time.")
