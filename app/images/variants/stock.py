"""The variants that are there, and those that are missing: each is encoded once, however many ask for it.

In a process all who ask for one wait for the same work; among processes one has the claim, an item of the table, and
the others look for what it writes. A variant is visible only as a whole: one write, and never over another.
"""

import asyncio
import time
from dataclasses import dataclass

from app.core import log
from app.core.aws.storage import add_object, delete_below, read_small
from app.core.dynamo import table
from app.core.dynamo.requests import ConditionNotMet
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings
from app.images.mirror import MirroredImage, find_image
from app.images.objects import master_key, variant_key
from app.images.variants.ladder import MEDIA_TYPES, Output

# A maker that has not written by then is dead: nothing takes as long.
LEASE_SECONDS = 10
# How long one waits for what another process makes, or for a free place here.
PATIENCE_SECONDS = 3.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 0.4
# DynamoDB deletes what a maker that died has left.
FORGOTTEN_SECONDS = 3600
CLAIM = "claim"


@dataclass(frozen=True)
class Wanted:
    """One variant of an image."""

    image: MirroredImage
    output: Output

    @property
    def key(self) -> str:
        return variant_key(self.image.id, self.image.version, self.output.name)


class Stock:
    """The variants of all images, as one process reads and makes them."""

    def __init__(self, makers: int) -> None:
        self._free = asyncio.Semaphore(makers)
        self._under_way: dict[str, asyncio.Task[bytes]] = {}
        # How many this process has encoded.
        self.encoded = 0

    async def get(self, wanted: Wanted) -> bytes:
        """The bytes of a variant.

        Raises:
            ServiceUnavailable: every maker is busy, or something that it needs does not answer.
        """
        work = self._under_way.get(wanted.key)
        if work is None:
            work = asyncio.create_task(self._find_or_make(wanted))
            self._under_way[wanted.key] = work
            work.add_done_callback(lambda done: self._forget(wanted.key, done))
        # One who goes away does not take the work from the others.
        return await asyncio.shield(work)

    def _forget(self, key: str, done: "asyncio.Task[bytes]") -> None:
        del self._under_way[key]
        if not done.cancelled():
            # It is nobody's if all who asked have gone.
            done.exception()

    async def _find_or_make(self, wanted: Wanted) -> bytes:
        stored = await read_small(wanted.key)
        end, pause = time.monotonic() + PATIENCE_SECONDS, FIRST_PAUSE_SECONDS
        while stored is None:
            if await _claim(wanted.key):
                return await self._make_claimed(wanted)
            if time.monotonic() > end:
                raise _busy()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            stored = await read_small(wanted.key)
        return stored

    async def _make_claimed(self, wanted: Wanted) -> bytes:
        try:
            # Another maker may have written it between the look and the claim.
            stored = await read_small(wanted.key)
            return await self._make(wanted) if stored is None else stored
        finally:
            await _release(wanted.key)

    async def _make(self, wanted: Wanted) -> bytes:
        master = await read_small(master_key(wanted.image.id))
        if master is None:
            raise ServiceUnavailable("The picture is not in the storage now.", retry_after=60)
        content = await self._encode(master, wanted)
        await add_object(wanted.key, content, MEDIA_TYPES[wanted.output.format])
        await _check_is_wanted(wanted)
        return content

    async def _encode(self, master: bytes, wanted: Wanted) -> bytes:
        # Loaded with the first one that is missing: most requests find theirs.
        from app.images.variants.maker import make_variant  # noqa: PLC0415

        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise _busy() from None
        try:
            self.encoded += 1
            started = time.perf_counter()
            content = await asyncio.to_thread(make_variant, master, wanted.output, wanted.image.focal_point)
        finally:
            self._free.release()
        elapsed = round((time.perf_counter() - started) * 1000)
        log.event("variant.made", image=wanted.image.id, shape=wanted.output.name, bytes=len(content), ms=elapsed)
        return content


async def _check_is_wanted(wanted: Wanted) -> None:
    """Remove what was made of an image that was deleted, or shows something else, since it was asked for."""
    current = await find_image(wanted.image.id)
    if current is None or current.version != wanted.image.version:
        await delete_below(wanted.key)


async def _claim(key: str) -> bool:
    """Take the right to make a variant; False if another process has it."""
    if get_settings().read_only:
        # This region writes nothing to the table. Two makers write the same, and the second one nothing.
        return True
    now = int(time.time())
    item = {"pk": _pk(key), "sk": CLAIM, "until": now + LEASE_SECONDS, "expires_at": now + FORGOTTEN_SECONDS}
    try:
        await table.put_item(item, table.Condition("attribute_not_exists(#pk) OR #until < :now", {"now": now}))
    except ConditionNotMet:
        return False
    return True


async def _release(key: str) -> None:
    if get_settings().read_only:
        return
    try:
        await table.delete_item(_pk(key), CLAIM)
    except ServiceUnavailable as error:  # it ends by itself
        log.failure("variant.claim_not_released", error, key=key)


def _pk(key: str) -> str:
    return f"variant#{key}"


def _busy() -> ServiceUnavailable:
    return ServiceUnavailable("Every encoder of pictures is busy.", retry_after=1)
