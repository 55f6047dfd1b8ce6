"""`kill -9` of a part of a running `tolva dev` in the middle of writes: what was acknowledged is there, once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.local.acknowledged import STORES, Clients, Store
from tests.local.running import RunningDev

BEFORE, AFTER = 30, 30


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    """One `tolva dev` whose answers wait for a part that is being started again, however slow the machine is."""
    variables = {"TOLVA_IDEMPOTENCY_PATIENCE_SECONDS": "25", "TOLVA_IDEMPOTENCY_LEASE_SECONDS": "2"}
    with RunningDev(tmp_path_factory.mktemp("kills") / "data", variables=variables) as running:
        yield running


@pytest.fixture(scope="module", params=STORES)
async def clients(request: pytest.FixtureRequest, dev: RunningDev) -> AsyncIterator[Clients]:
    """Writers to a dataset of one store."""
    store: Store = request.param
    made = Clients(dev, store)
    await made.make_dataset()
    yield made
    await made.close()


class TestKilled:
    @pytest.mark.parametrize("part", ["app.local.services.kept_emulator", "bin/postgres", "app.local.api"])
    async def test_nothing_that_was_acknowledged_is_lost_or_doubled(
        self, dev: RunningDev, clients: Clients, part: str
    ) -> None:
        async with clients.writing():
            await clients.wait_for(BEFORE)
            await asyncio.to_thread(dev.child(part).kill)
            await clients.wait_for(AFTER)
        assert await clients.count() == (0, 0)
        await clients.finish()
        assert await clients.send_again() == 0
        assert await clients.count() == (0, 0)


class TestKilledTogether:
    async def test_everything_at_once(self, tmp_path: Path) -> None:
        """As a power cut does, but for what it takes of what is not on disk yet."""
        folder = tmp_path / "data"
        with RunningDev(folder) as first:
            before = Clients(first, "keyvalue")
            await before.make_dataset()
            async with before.writing():
                await before.wait_for(BEFORE)
                await asyncio.to_thread(first.kill_all)
            await before.close()
        with RunningDev(folder, port=first.port) as second:
            after = Clients(second, "keyvalue")
            after.acknowledged = before.acknowledged
            assert await after.count() == (0, 0)
            assert await after.send_again() == 0
            await after.close()
