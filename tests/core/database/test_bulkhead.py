"""Places for reads that may take long, in a process and among all."""

import asyncio
import time
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from app.core.database.bulkhead import Bulkhead, LongRead, takes_place
from app.core.errors import SlowReadsBusy
from app.core.settings import get_settings


@pytest.fixture(autouse=True)
def few(database_url: str, setting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two slow reads, one export, and little patience."""
    monkeypatch.setenv("TOLVA_MAX_SLOW_READS", "2")
    monkeypatch.setenv("TOLVA_MAX_RUNNING_EXPORTS", "1")
    monkeypatch.setenv("TOLVA_SLOW_READ_WAIT_SECONDS", "0.5")
    get_settings.cache_clear()


PLACES_TAKEN = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"


class Environment:
    """A process of its own, as Lambda's environments are: one connection, and nothing known of the others."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self._bulkhead = Bulkhead(1)

    async def read(self, seconds: float, kind: LongRead = LongRead.QUERY) -> int:
        """A statement that takes a place and so long."""

        async def statement() -> int:
            place = takes_place(kind)
            rows = await self.connection.fetch(f"SELECT * FROM (SELECT 7, pg_sleep($1)) AS r WHERE {place}", seconds)
            return int(rows[0][0])

        return await self._bulkhead.run(kind, statement)


@pytest_asyncio.fixture
async def environments(database_url: str) -> AsyncIterator[list[Environment]]:
    started = [Environment(await asyncpg.connect(database_url)) for _ in range(4)]
    yield started
    for environment in started:
        await environment.connection.close()


class TestPlaces:
    async def test_so_many_run_and_the_others_are_refused(self, environments: list[Environment]) -> None:
        started = time.monotonic()
        answers = await asyncio.gather(*(each.read(2) for each in environments), return_exceptions=True)
        assert [answer for answer in answers if answer == 7] == [7, 7]
        refused = [answer for answer in answers if isinstance(answer, SlowReadsBusy)]
        assert [problem.headers["Retry-After"] for problem in refused] == ["2", "2"]
        assert time.monotonic() - started < 10

    async def test_one_that_ends_leaves_its_place(self, environments: list[Environment]) -> None:
        first, second, *others = environments
        await asyncio.gather(first.read(0.01), second.read(0.01))
        assert await asyncio.gather(*(each.read(0.01) for each in others)) == [7, 7]

    async def test_one_that_waits_gets_a_place_that_becomes_free(
        self, environments: list[Environment], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOLVA_SLOW_READ_WAIT_SECONDS", "20")
        get_settings.cache_clear()
        first, second, third, _ = environments
        assert list(await asyncio.gather(first.read(0.2), second.read(0.2), third.read(0.01))) == [7, 7, 7]

    async def test_a_process_that_dies_keeps_none(self, environments: list[Environment]) -> None:
        first, second, third, fourth = environments
        running = [asyncio.create_task(each.read(30)) for each in (first, second)]
        while await fourth.connection.fetchval(PLACES_TAKEN) < 2:  # noqa: ASYNC110  # the database tells nobody
            await asyncio.sleep(0.01)
        with pytest.raises(SlowReadsBusy):
            await third.read(0)
        for each in (first, second):
            await fourth.connection.execute("SELECT pg_terminate_backend($1)", each.connection.get_server_pid())
        await asyncio.gather(*running, return_exceptions=True)
        assert await third.read(0) == 7

    async def test_exports_have_their_own(self, environments: list[Environment]) -> None:
        first, second, third, fourth = environments
        answers = await asyncio.gather(
            first.read(1, LongRead.EXPORT),
            second.read(1, LongRead.EXPORT),
            third.read(0.01),
            fourth.read(0.01),
            return_exceptions=True,
        )
        assert sorted(map(type, answers[:2]), key=str) == sorted([int, SlowReadsBusy], key=str)
        assert list(answers[2:]) == [7, 7]

    async def test_nothing_is_read_without_a_place(self, environments: list[Environment]) -> None:
        first, second, third, _ = environments
        running = [asyncio.create_task(each.read(1.5)) for each in (first, second)]
        await asyncio.sleep(0.2)
        started = time.monotonic()
        with pytest.raises(asyncpg.DivisionByZeroError):
            await third.connection.fetch(f"SELECT * FROM (SELECT pg_sleep(20)) r WHERE {takes_place(LongRead.QUERY)}")
        assert time.monotonic() - started < 1
        await asyncio.gather(*running)


class TestConnections:
    async def test_one_of_several_is_left_to_quick_reads(self) -> None:
        bulkhead, end = Bulkhead(3), asyncio.Event()
        running = 0

        async def read() -> None:
            nonlocal running
            running += 1
            await end.wait()

        reads = [asyncio.create_task(bulkhead.run(LongRead.QUERY, read)) for _ in range(3)]
        exports = [asyncio.create_task(bulkhead.run(LongRead.EXPORT, read)) for _ in range(2)]
        await asyncio.sleep(1)
        assert running == 2
        end.set()
        answers = await asyncio.gather(*reads, *exports, return_exceptions=True)
        assert sum(isinstance(answer, SlowReadsBusy) for answer in answers) == 3

    async def test_exports_leave_another_one_to_slow_reads(self) -> None:
        bulkhead, end = Bulkhead(3), asyncio.Event()
        exports = [asyncio.create_task(bulkhead.run(LongRead.EXPORT, end.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        assert await bulkhead.run(LongRead.QUERY, _quick) == 7
        end.set()
        await asyncio.gather(*exports, return_exceptions=True)

    async def test_the_only_one_serves_every_read(self) -> None:
        assert await Bulkhead(1).run(LongRead.EXPORT, _quick) == 7


async def _quick() -> int:
    return 7
