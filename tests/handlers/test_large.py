"""The task of a large import as a process: its exit codes, SIGTERM, and `kill -9`."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import asyncpg
import pytest
from httpx import AsyncClient

from app.core.settings import get_settings
from app.handlers.large import DONE, ENDED, FAILED, MISUSED
from app.handlers.worker import process
from app.imports.worker.intake import take_import
from app.imports.worker.recovery import InboxSearch, recover_imports
from tests.conftest import Drain
from tests.imports.conftest import Importer
from tests.imports.worker.handover import (
    COUNTS,
    NAME,
    STORES,
    asked,
    counts_all,
    make_dataset,
    make_queue,
    row_of,
    take_bodies,
    upload,
)
from tests.imports.worker.test_intake import Bucket

Start = Callable[..., Awaitable[Process]]
SECONDS = 885.0
PATIENCE = 60.0
LEASE_SECONDS = 2


@pytest.fixture(autouse=True)
async def large(database_url: str, setting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long imports are handed over, and a worker that dies is soon missed."""
    monkeypatch.setenv("TOLVA_LARGE_IMPORTS", await make_queue())
    for name in ("TOLVA_IMPORT_RATE", "TOLVA_KEYVALUE_IMPORT_RATE"):
        monkeypatch.setenv(name, "1000")
    monkeypatch.setenv("TOLVA_LEASE_SECONDS", str(LEASE_SECONDS))
    # As many as the stack gives it.
    monkeypatch.setenv("TOLVA_DATABASE_POOL_SIZE", "2")
    monkeypatch.setattr("app.imports.worker.outlook.rates._measured", {})
    get_settings.cache_clear()


@pytest.fixture
def importer(client: AsyncClient, worker: Drain) -> Importer:
    """Announces files; the tests bring what comes of it to the worker and to tasks themselves."""
    return Importer(client, worker)


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts the task with arguments and variables, as the stack does."""
    started: list[Process] = []

    async def start_task(*arguments: object, **variables: str) -> Process:
        command = [sys.executable, "-m", "app.handlers.large", *map(str, arguments)]
        environment = os.environ | variables
        started.append(await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE))
        return started[-1]

    yield start_task
    for child in started:
        if child.returncode is None:
            child.kill()
        await child.communicate()


async def exit_code(child: Process) -> int:
    return await asyncio.wait_for(child.wait(), PATIENCE)


async def hand_over(importer: Importer, client: AsyncClient, store: str) -> UUID:
    """An import that the worker has handed over, its message taken."""
    await make_dataset(client, store)
    import_id = await upload(importer, store)
    await take_import(import_id, seconds=SECONDS)
    assert await asked() == [str(import_id)]
    return import_id


async def wait_for(connection: asyncpg.Connection, import_id: UUID, **expected: str) -> None:
    """Wait until the import is shown like this in the catalogue."""
    end = time.monotonic() + PATIENCE
    row = await row_of(connection, import_id)
    while {name: row[name] for name in expected} != expected:
        assert time.monotonic() < end, dict(row)
        await asyncio.sleep(0.02)
        row = await row_of(connection, import_id)


class TestExitCodes:
    @pytest.mark.parametrize("store", STORES)
    async def test_an_import_that_is_done(
        self, importer: Importer, client: AsyncClient, start: Start, store: str
    ) -> None:
        import_id = await hand_over(importer, client, store)
        assert await exit_code(await start(import_id)) == DONE == 0
        shown = await importer.show(str(import_id))
        assert shown["result"] == {"added": COUNTS[store], "changed": 0, "unchanged": 0}, shown
        assert await counts_all(client, store)

    async def test_one_that_does_not_exist_needs_no_other_task(self, start: Start) -> None:
        assert await exit_code(await start(uuid4())) == DONE

    async def test_a_database_that_does_not_answer(self, start: Start) -> None:
        url = "postgresql://tolva@127.0.0.1:1/tolva"
        assert await exit_code(await start(uuid4(), TOLVA_DATABASE_URL=url)) == FAILED == 1

    @pytest.mark.parametrize("arguments", [(), ("things",), (uuid4(), uuid4())])
    async def test_it_takes_one_import(self, start: Start, arguments: tuple[object, ...]) -> None:
        child = await start(*arguments)
        assert await exit_code(child) == MISUSED == 2
        assert child.stderr is not None
        assert b"python -m app.handlers.large IMPORT" in await child.stderr.read()

    async def test_it_needs_the_queue_to_hand_over_again(self, start: Start) -> None:
        child = await start(uuid4(), TOLVA_LARGE_IMPORTS="")
        assert await exit_code(child) == MISUSED
        assert child.stderr is not None
        assert b"TOLVA_LARGE_IMPORTS" in await child.stderr.read()


class TestSigterm:
    async def test_the_import_is_handed_over_again_at_once(
        self, importer: Importer, client: AsyncClient, connections: asyncpg.Connection, start: Start
    ) -> None:
        import_id = await hand_over(importer, client, "relational")
        # It has its lease, and waits where it would load.
        transaction = connections.transaction()
        await transaction.start()
        await connections.execute('LOCK TABLE "data"."things" IN ACCESS EXCLUSIVE MODE')
        child = await start(import_id)
        await wait_for(connections, import_id, status="running", phase="loading")
        child.send_signal(signal.SIGTERM)
        assert await exit_code(child) == ENDED == 143
        await transaction.rollback()
        row = await row_of(connections, import_id)
        assert (row["status"], row["lease"], row["attempts"]) == ("queued", None, 1)
        assert await asked() == [str(import_id)]
        assert await exit_code(await start(import_id)) == DONE
        assert await counts_all(client, "relational")


# Where a task is killed: as it loads the rows, or as it writes items.
MOMENTS = {"relational": "loading", "keyvalue": "committing"}
# The load stops for a while after half of the rows: longer than from one heartbeat to the next.
STALL = f"""
    CREATE FUNCTION data.stall() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(3); RETURN new; END $$;
    CREATE TRIGGER stall BEFORE INSERT ON data.{NAME}
        FOR EACH ROW WHEN (new.id = {COUNTS["relational"] // 2}) EXECUTE FUNCTION data.stall()
"""


class TestKilled:
    @pytest.mark.parametrize("store", STORES)
    async def test_the_import_is_announced_handed_over_and_done_once(
        self, importer: Importer, client: AsyncClient, connections: asyncpg.Connection, start: Start, store: str
    ) -> None:
        import_id = await hand_over(importer, client, store)
        if store == "relational":
            await connections.execute(STALL)
        child = await start(import_id)
        await wait_for(connections, import_id, status="running", phase=MOMENTS[store])
        child.kill()
        assert await exit_code(child) == -signal.SIGKILL
        # The bucket's event among them, which by now says nothing new.
        await take_bodies(get_settings().queue_url)
        assert not await counts_all(client, store)
        await asyncio.sleep(LEASE_SECONDS + 0.5)
        if store == "relational":
            await connections.execute("DROP FUNCTION data.stall CASCADE")
        await recover_imports(InboxSearch(Bucket([]).pages))
        (message,) = await take_bodies(get_settings().queue_url)
        record = {"messageId": "1", "body": f'{{"type": "{message["type"]}", "import": "{message["import"]}"}}'}
        assert await process({"Records": [record]}, SECONDS) == {"batchItemFailures": []}
        assert await asked() == [str(import_id)]
        # Two messages may bring two tasks.
        codes = await asyncio.gather(*[exit_code(await start(import_id)) for _ in range(2)])
        assert codes == [DONE, DONE]
        row = await row_of(connections, import_id)
        assert (row["status"], row["attempts"]) == ("succeeded", 2)
        assert await counts_all(client, store)
        if store == "relational":
            assert await connections.fetchval(f'SELECT count(*) FROM data."{NAME}"') == COUNTS[store]
