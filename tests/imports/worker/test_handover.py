"""Imports that would outlast their worker are handed over to a task, which does them once."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest
from httpx import AsyncClient

from app.core.aws.storage import find_object
from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.imports import repository
from app.imports.repository import HANDED_OVER
from app.imports.worker import intake
from app.imports.worker.intake import ImportBusy, take_handed_over, take_import
from app.imports.worker.outlook import Outlook
from app.imports.worker.recovery import InboxSearch, recover_imports
from tests.imports.conftest import Importer
from tests.imports.worker.handover import (
    COUNTS,
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

# Of a Lambda function.
SECONDS = 885.0


@pytest.fixture
async def large(database_url: str, setting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Imports may be handed over."""
    monkeypatch.setenv("TOLVA_LARGE_IMPORTS", await make_queue())
    monkeypatch.setattr("app.imports.worker.intake.TURN_SECONDS", 0.05)
    get_settings.cache_clear()


def assume(monkeypatch: pytest.MonkeyPatch, rate: int) -> None:
    for name in ("TOLVA_IMPORT_RATE", "TOLVA_KEYVALUE_IMPORT_RATE"):
        monkeypatch.setenv(name, str(rate))
    monkeypatch.setattr("app.imports.worker.outlook.rates._measured", {})
    get_settings.cache_clear()


@pytest.fixture
def slow(large: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Imports are assumed to take too long for a function."""
    assume(monkeypatch, 1000)


@pytest.fixture
def fast(large: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Imports are assumed to take no time."""
    assume(monkeypatch, 10**12)
    monkeypatch.setattr("app.imports.worker.job.WATCH_SECONDS", 0.01)


async def add_long(connections: asyncpg.Connection) -> UUID:
    """A long import into another dataset that another worker is on."""
    other_id = uuid4()
    await connections.execute(
        "INSERT INTO tolva.import (id, dataset_name, status, mode, on_reject, dry_run, allow_empty, file_name, "
        "object_key, object_version, lease, lease_until, progress) VALUES ($1, 'd', 'running', 'append', 'abort', "
        "false, false, 'x.csv', 'x', 'v', gen_random_uuid(), now() + interval '1 hour', '{\"is_long\": true}')",
        other_id,
    )
    return other_id


@pytest.mark.parametrize("store", STORES)
class TestBySize:
    @pytest.mark.usefixtures("slow")
    async def test_it_is_handed_over_before_it_begins_and_done_by_its_task(
        self, importer: Importer, client: AsyncClient, connections: asyncpg.Connection, store: str
    ) -> None:
        await make_dataset(client, store)
        import_id = await upload(importer, store)
        await take_import(import_id, seconds=SECONDS)
        row = await row_of(connections, import_id)
        assert (row["status"], row["phase"], row["lease"], row["attempts"]) == ("queued", None, None, 0)
        assert await asked() == [str(import_id)]
        assert not await counts_all(client, store)
        await take_handed_over(import_id)
        shown = await importer.show(str(import_id))
        assert shown["result"] == {"added": COUNTS[store], "changed": 0, "unchanged": 0}, shown
        assert await counts_all(client, store)
        # A task that comes late finds nothing to do.
        await take_handed_over(import_id)
        assert (await row_of(connections, import_id))["attempts"] == 1
        assert await asked() == []


@pytest.mark.usefixtures("slow")
class TestSmall:
    async def test_a_short_file_is_done_at_once_whatever_is_assumed(self, importer: Importer) -> None:
        announced = await importer.announce("few", b"id,name\n1,a\n")
        await take_import(UUID(announced["id"]), seconds=SECONDS)
        assert (await importer.show(announced["id"]))["status"] == "succeeded"
        assert await asked() == []

    async def test_a_worker_without_a_bound_of_its_own_hands_nothing_over(
        self, importer: Importer, client: AsyncClient
    ) -> None:
        await make_dataset(client, "relational")
        import_id = await upload(importer, "relational")
        await take_import(import_id, seconds=float("inf"))
        assert (await importer.show(str(import_id)))["status"] == "succeeded"
        assert await asked() == []


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("store", STORES)
class TestByRate:
    async def test_it_is_handed_over_as_soon_as_its_rate_is_too_low(
        self,
        importer: Importer,
        client: AsyncClient,
        connections: asyncpg.Connection,
        store: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def outlasts(self: Outlook, *, is_writing: bool) -> bool:
            # In the middle of what takes it longest.
            return is_writing and self._meter.rows_loaded > 0 if store == "keyvalue" else self._meter.bytes > 0

        monkeypatch.setattr(Outlook, "outlasts_by_rate", outlasts)
        await make_dataset(client, store)
        import_id = await upload(importer, store)
        await take_import(import_id, seconds=SECONDS)
        row = await row_of(connections, import_id)
        # What is left of the attempt has its number, so the next one gets another.
        assert (row["status"], row["lease"], row["attempts"]) == ("queued", None, 1)
        assert await asked() == [str(import_id)]
        assert not await counts_all(client, store)
        await take_handed_over(import_id)
        shown = await importer.show(str(import_id))
        assert shown["result"] == {"added": COUNTS[store], "changed": 0, "unchanged": 0}, shown
        assert await counts_all(client, store)

    async def test_it_is_handed_over_when_its_time_is_over(
        self, importer: Importer, client: AsyncClient, store: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Outlook, "outlasts_by_rate", lambda *_, **__: False)
        await make_dataset(client, store)
        import_id = await upload(importer, store)
        await take_import(import_id, seconds=0.05)
        assert await asked() == [str(import_id)]
        await take_handed_over(import_id)
        assert await counts_all(client, store)


class TestWithoutTasks:
    async def test_the_import_fails_and_names_the_parameter(
        self, importer: Importer, client: AsyncClient, setting: None
    ) -> None:
        await make_dataset(client, "relational")
        import_id = await upload(importer, "relational")
        await take_import(import_id, seconds=0.05)
        problem = (await importer.show(str(import_id)))["problem"]
        assert problem["type"] == "/problems/import-timed-out"
        assert "LargeImports=true" in problem["hint"]
        assert "TOLVA_LARGE_IMPORTS" in problem["hint"]

    async def test_what_any_import_may_take_is_the_bound_of_a_task_too(
        self, importer: Importer, client: AsyncClient, large: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOLVA_IMPORT_TIMEOUT_SECONDS", "0.05")
        get_settings.cache_clear()
        await make_dataset(client, "relational")
        import_id = await upload(importer, "relational")
        await take_import(import_id, seconds=SECONDS)
        problem = (await importer.show(str(import_id)))["problem"]
        assert problem["type"] == "/problems/import-timed-out"
        assert "TOLVA_IMPORT_TIMEOUT_SECONDS" in problem["hint"]
        assert await asked() == []


@pytest.mark.usefixtures("slow")
class TestTurns:
    async def test_a_second_event_asks_for_no_second_task(
        self, importer: Importer, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        await make_dataset(client, "relational")
        import_id = await upload(importer, "relational")
        await take_import(import_id, seconds=SECONDS)
        await take_import(import_id, seconds=SECONDS)
        assert await asked() == [str(import_id)]
        assert (await row_of(connections, import_id))["attempts"] == 0

    async def test_a_task_that_does_not_come_is_asked_for_again(
        self, importer: Importer, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        await make_dataset(client, "relational")
        import_id = await upload(importer, "relational")
        await take_import(import_id, seconds=SECONDS)
        await connections.execute("UPDATE tolva.import SET lease_until = now() - interval '1 second'")
        await take_bodies(get_settings().queue_url)
        await recover_imports(InboxSearch(Bucket([]).pages))
        (message,) = [body for body in await take_bodies(get_settings().queue_url) if "import" in body]
        await take_import(UUID(message["import"]), seconds=SECONDS)
        assert await asked() == [str(import_id)] * 2

    async def test_one_that_waits_for_its_task_takes_a_place(
        self, importer: Importer, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOLVA_MAX_LONG_IMPORTS", "1")
        get_settings.cache_clear()
        imports = []
        for name in ("first", "second"):
            await make_dataset(client, "relational", name)
            imports.append(await upload(importer, "relational", name))
            await take_import(imports[-1], seconds=SECONDS)
        assert await asked() == [str(imports[0])]
        # No task for the second one: it is postponed, and comes again by a message.
        assert (await importer.show(str(imports[1])))["status"] == "queued"

    async def test_a_task_waits_for_its_turn(
        self,
        importer: Importer,
        client: AsyncClient,
        connections: asyncpg.Connection,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("TOLVA_MAX_LONG_IMPORTS", "1")
        get_settings.cache_clear()
        await make_dataset(client, "relational")
        import_id = await upload(importer, "relational")
        await take_import(import_id, seconds=SECONDS)
        other = await add_long(connections)
        task = asyncio.create_task(take_handed_over(import_id))
        await asyncio.sleep(0.5)
        row = await row_of(connections, import_id)
        assert (row["status"], row["attempts"]) == ("queued", 0)
        await connections.execute("UPDATE tolva.import SET status = 'succeeded' WHERE id = $1", other)
        await asyncio.wait_for(task, 30)
        assert await counts_all(client, "relational")

    async def test_two_tasks_do_not_wait_for_each_other(
        self, importer: Importer, client: AsyncClient, connections: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOLVA_MAX_LONG_IMPORTS", "1")
        get_settings.cache_clear()
        imports = []
        for name in ("first", "second"):
            await make_dataset(client, "relational", name)
            imports.append(await upload(importer, "relational", name))
        await connections.execute(
            "UPDATE tolva.import SET status = 'queued', lease_until = now() + interval '15 minutes', "
            'progress = \'{"is_long": true, "handed_over": true}\''
        )
        assert HANDED_OVER == {"is_long": True, "handed_over": True}
        await asyncio.wait_for(asyncio.gather(*map(take_handed_over, imports)), 60)
        for name in ("first", "second"):
            assert await counts_all(client, "relational", name)

    async def test_a_task_leaves_an_import_to_the_worker_that_has_it(
        self, monkeypatch: pytest.MonkeyPatch, importer: Importer, client: AsyncClient
    ) -> None:
        await make_dataset(client, "relational")
        import_id = await upload(importer, "relational")
        async with transaction() as session:
            row = await repository.get_import(session, import_id)
            stored = await find_object(row.object_key)
            assert stored is not None
            assert await repository.claim_import(session, import_id, stored.version, stored.size)
        monkeypatch.setattr(intake, "BUSY_SECONDS", 0.2)
        monkeypatch.setenv("TOLVA_LEASE_SECONDS", "2")
        get_settings.cache_clear()
        with pytest.raises(ImportBusy):
            await asyncio.wait_for(take_handed_over(import_id), 30)


@pytest.mark.usefixtures("slow")
class TestFailures:
    async def test_what_may_pass_is_handed_over_again(
        self,
        importer: Importer,
        client: AsyncClient,
        connections: asyncpg.Connection,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async def away(*_: object) -> None:
            raise OSError("the database is away")

        monkeypatch.setattr(intake, "run_import", away)
        await make_dataset(client, "relational")
        import_id = await upload(importer, "relational")
        with pytest.raises(OSError, match="away"):
            await take_handed_over(import_id)
        row = await row_of(connections, import_id)
        assert (row["status"], row["attempts"]) == ("queued", 1)
        assert await asked() == [str(import_id)]

    async def test_a_cancelled_import_stays_cancelled(
        self, importer: Importer, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        await make_dataset(client, "relational")
        import_id = await upload(importer, "relational")
        await take_import(import_id, seconds=SECONDS)
        assert (await client.post(f"/imports/{import_id}/cancel")).status_code == 200
        await take_handed_over(import_id)
        assert (await importer.show(str(import_id)))["status"] == "cancelled"
        assert not await counts_all(client, "relational")
