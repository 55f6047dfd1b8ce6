"""Batches: items written to the key-value store as fast as it takes them, and no faster."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.aws.dynamo_json import Attributes
from app.core.dynamo import table
from app.core.dynamo.requests import patience, pause
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings


@dataclass
class Batches:
    """Writes batches of items, a number of them at a time; what is not done of one is done again, later each time."""

    on_written: Callable[[int], None]
    # Called before each request; what it raises ends all of them.
    check: Callable[[], None] | None = None
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def add(self, items: Sequence[Attributes]) -> None:
        """Write a batch of items, once there are few enough under way."""
        while len(self._tasks) >= get_settings().keyvalue_concurrency:
            await self._collect(asyncio.FIRST_COMPLETED)
        self._tasks.add(asyncio.create_task(self._write(items)))

    async def finish(self) -> None:
        """Wait until all is written."""
        while self._tasks:
            await self._collect(asyncio.ALL_COMPLETED)

    async def abandon(self) -> None:
        """Stop what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _collect(self, when: str) -> None:
        done, self._tasks = await asyncio.wait(self._tasks, return_when=when)
        for task in done:
            task.result()

    async def _write(self, items: Sequence[Attributes]) -> None:
        left: list[dict[str, Any]] = [{"PutRequest": {"Item": item}} for item in items]
        end = time.monotonic() + get_settings().keyvalue_patience_seconds
        attempt = 0
        while left:
            if self.check is not None:
                self.check()
            count = len(left)
            try:
                with patience(0):
                    left = await table.repeat_batch(left)
            except ServiceUnavailable:
                if time.monotonic() > end:
                    raise
            if len(left) < count:
                self.on_written(count - len(left))
                end = time.monotonic() + get_settings().keyvalue_patience_seconds
            if left:
                await pause(attempt)
                attempt += 1
