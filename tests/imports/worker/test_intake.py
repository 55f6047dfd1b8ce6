"""Intake: what nobody tells the worker of is found, however much there is of it."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest
import zstandard
from httpx import AsyncClient

from app.core.aws.clients import client as aws_client
from app.core.aws.storage import ObjectWriter
from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.imports import repository
from app.imports.worker.intake import POSTPONED_SECONDS, postponed_seconds, take_import
from app.imports.worker.recovery import RECOVERED_AT_ONCE, InboxSearch, recover_imports
from tests.imports.conftest import Document, Importer

# One more than a statement may have arguments.
MANY = 32_768


class Bucket:
    """Stands for a bucket with many files: its keys, by pages."""

    def __init__(self, keys: list[str], *, fails: bool = False) -> None:
        self._keys = sorted(keys)
        self._fails = fails
        self.asked: list[str] = []

    async def pages(self, prefix: str, after: str) -> AsyncIterator[list[str]]:
        if self._fails:
            raise OSError("the bucket is away")
        self.asked.append(after)
        keys = [key for key in self._keys if key.startswith(prefix) and key > after]
        for start in range(0, len(keys), 1000):
            yield keys[start : start + 1000]


async def add_imports(connection: asyncpg.Connection, count: int, status: str, key: str, age: str) -> None:
    """Imports of files `key` and a number, from 1, created some time ago."""
    await connection.execute(
        "INSERT INTO tolva.import (id, dataset_name, status, mode, on_reject, dry_run, allow_empty, file_name, "
        "object_key, created_at, lease_until) SELECT gen_random_uuid(), 'd', $2, 'append', 'abort', false, false, "
        "'x.csv', $3 || n, now() - $4::text::interval, CASE WHEN $2 = 'running' THEN now() - interval '1 second' END "
        "FROM generate_series(1, $1) AS n",
        count,
        status,
        key,
        age,
    )


async def queued() -> list[Document]:
    """The messages of the queue, taken from it, but for those of the bucket, which come when they come."""
    sqs = await aws_client("sqs")
    found: list[Document] = []
    while True:
        answer = await sqs.receive_message(QueueUrl=get_settings().queue_url, MaxNumberOfMessages=10)
        if not answer.get("Messages"):
            return found
        for message in answer["Messages"]:
            body = json.loads(message["Body"])
            if "Records" not in body:
                found.append(body)
            await sqs.delete_message(QueueUrl=get_settings().queue_url, ReceiptHandle=message["ReceiptHandle"])


async def upload(key: str) -> None:
    writer = ObjectWriter(key, "text/csv")
    await writer.write(b"a\n1\n")
    await writer.finish()
    # Its event, if it comes, is not of these.
    await queued()


@pytest.mark.usefixtures("database_url")
class TestKnownObjectKeys:
    async def test_of_more_than_a_statement_has_arguments(self, connections: asyncpg.Connection) -> None:
        await add_imports(connections, 2, "succeeded", "inbox/d/", "1 hour")
        async with transaction() as session:
            keys = [f"inbox/d/{number}" for number in range(MANY + 10)]
            assert await repository.known_object_keys(session, keys) == {"inbox/d/1", "inbox/d/2"}


@pytest.mark.usefixtures("database_url")
class TestInboxSearch:
    async def test_finds_the_one_file_among_many_that_no_import_is_about(self, connections: asyncpg.Connection) -> None:
        await add_imports(connections, MANY, "succeeded", "inbox/d/", "1 hour")
        bucket = Bucket([*(f"inbox/d/{number}" for number in range(1, MANY + 1)), "inbox/d/new.csv"])
        await InboxSearch(bucket.pages).search()
        assert await queued() == [{"type": "file.found", "object": "inbox/d/new.csv"}]

    async def test_a_full_inbox_is_looked_through_in_parts_by_any_process(
        self, connections: asyncpg.Connection, setting: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOLVA_INBOX_SEARCH_FILES", "2000")
        get_settings.cache_clear()
        keys = [f"inbox/d/{number:05}" for number in range(5000)]
        await connections.execute(
            "INSERT INTO tolva.import (id, dataset_name, status, mode, on_reject, dry_run, allow_empty, file_name, "
            "object_key) SELECT gen_random_uuid(), 'd', 'succeeded', 'append', 'abort', false, false, 'x.csv', key "
            "FROM unnest($1::text[]) AS key",
            [key for key in keys if key != keys[4500]],
        )
        bucket = Bucket(keys)
        for _ in range(2):
            await InboxSearch(bucket.pages).search()
            assert await queued() == []
        await InboxSearch(bucket.pages).search()
        assert await queued() == [{"type": "file.found", "object": keys[4500]}]
        await InboxSearch(bucket.pages).search()
        assert bucket.asked == ["", keys[1999], keys[3999], ""]

    async def test_no_transaction_is_open_while_the_bucket_is_listed(self, connections: asyncpg.Connection) -> None:
        open_ones: list[int] = []

        async def pages(prefix: str, after: str) -> AsyncIterator[list[str]]:
            for number in range(3):
                state = "state LIKE 'idle in transaction%' AND datname = current_database()"
                open_ones.append(await connections.fetchval(f"SELECT count(*) FROM pg_stat_activity WHERE {state}"))
                yield [f"inbox/d/{number}"]

        await InboxSearch(pages).search()
        assert open_ones == [0, 0, 0]

    async def test_many_are_queued_some_at_a_time_and_none_hides_another(self) -> None:
        keys = [f"inbox/d/{number:05}" for number in range(2 * RECOVERED_AT_ONCE + 500)]
        bucket = Bucket(keys)
        search = InboxSearch(bucket.pages)
        found: list[str] = []
        for _ in range(3):
            await search.search()
            messages = await queued()
            assert len(messages) <= RECOVERED_AT_ONCE
            found += [message["object"] for message in messages]
        assert sorted(found) == keys
        await search.search()
        assert bucket.asked == ["", keys[RECOVERED_AT_ONCE - 1], keys[2 * RECOVERED_AT_ONCE - 1], ""]


@pytest.mark.usefixtures("database_url")
class TestRecoverImports:
    async def test_stalled_ones_do_not_wait_for_the_inbox(
        self, connections: asyncpg.Connection, client: AsyncClient
    ) -> None:
        await add_imports(connections, 2, "running", "uploads/imports/", "1 hour")
        with pytest.raises(OSError, match="away"):
            await recover_imports(InboxSearch(Bucket([], fails=True).pages))
        rows = await connections.fetch("SELECT id, status FROM tolva.import")
        assert {row["status"] for row in rows} == {"queued"}
        assert {UUID(message["import"]) for message in await queued()} == {row["id"] for row in rows}

    @pytest.mark.parametrize("others", ["1 minute", "2 hours"], ids=["newer", "older"])
    async def test_no_announcement_hides_a_file_whose_event_was_lost(
        self, connections: asyncpg.Connection, others: str
    ) -> None:
        key = f"uploads/imports/{uuid4()}/"
        await upload(f"{key}1")
        await add_imports(connections, 250, "awaiting_upload", "uploads/imports/absent", others)
        await add_imports(connections, 1, "awaiting_upload", key, "1 hour")
        inbox = InboxSearch(Bucket([]).pages)
        for _ in range(3):
            await recover_imports(inbox)
        (wanted,) = await connections.fetch("SELECT id FROM tolva.import WHERE object_key = $1", f"{key}1")
        assert await queued() == [{"type": "import.queued", "import": str(wanted["id"]), "takes_long": False}]

    async def test_a_file_that_does_not_come_is_looked_for_ever_more_rarely(
        self, connections: asyncpg.Connection
    ) -> None:
        await add_imports(connections, 1, "awaiting_upload", "uploads/imports/absent", "10 hours")
        async with transaction() as session:
            assert len(await repository.take_awaiting(session, 10)) == 1
            assert await repository.take_awaiting(session, 10) == []
        due = await connections.fetchval("SELECT lease_until - now() > interval '4 hours' FROM tolva.import")
        assert due

    async def test_an_upload_that_waits_may_be_taken_up_at_any_time(self, connections: asyncpg.Connection) -> None:
        await add_imports(connections, 1, "awaiting_upload", "uploads/imports/absent", "10 hours")
        async with transaction() as session:
            ((import_id, _),) = await repository.take_awaiting(session, 10)
            assert await repository.claim_import(session, import_id, "1", 5) is not None


async def run_long_imports(connection: asyncpg.Connection, count: int, dataset: str | None = None) -> None:
    """Imports that another worker is on, which take long."""
    await add_imports(connection, count, "running", "uploads/imports/long", "1 minute")
    await connection.execute(
        "UPDATE tolva.import SET progress = '{\"is_long\": true}', lease_until = now() + interval '1 hour', "
        "dataset_id = (SELECT id FROM tolva.dataset WHERE name = $1) WHERE object_key LIKE 'uploads/imports/long%'",
        dataset,
    )


async def end_long_imports(connection: asyncpg.Connection) -> None:
    await connection.execute("DELETE FROM tolva.import WHERE object_key LIKE 'uploads/imports/long%'")


class TestTurns:
    SHORT = b"a,b\n1,2\n"
    LONG = b"a,b\n" + b"".join(b"%d,2\n" % number for number in range(200_000))

    async def _take(self, importer: Importer, dataset: str, content: bytes) -> str:
        """Announce a file, upload it and have the worker take it up; the import's id."""
        announced = await importer.announce(dataset, content)
        await take_import(UUID(announced["id"]), seconds=60)
        return str(announced["id"])

    @pytest.mark.parametrize(
        ("content", "waits"),
        [
            (SHORT, False),
            (gzip.compress(SHORT, mtime=0), False),
            (LONG, True),
            (zstandard.compress(LONG), True),
            (zstandard.compress(b"\n" * 1_000_000), True),
        ],
        ids=["short", "short and packed", "long", "long and packed", "bomb"],
    )
    async def test_only_what_is_short_passes_long_imports(
        self, importer: Importer, connections: asyncpg.Connection, content: bytes, waits: bool
    ) -> None:
        await run_long_imports(connections, get_settings().max_long_imports)
        shown = await importer.show(await self._take(importer, "d", content))
        assert shown["status"] == ("queued" if waits else "succeeded")

    async def test_what_waits_comes_again_until_there_is_room(
        self, importer: Importer, connections: asyncpg.Connection
    ) -> None:
        await run_long_imports(connections, get_settings().max_long_imports)
        import_id = await self._take(importer, "d", self.LONG)
        for _ in range(repository.MAX_ATTEMPTS + 1):
            await take_import(UUID(import_id), seconds=60, takes_long=True)
        assert (await importer.show(import_id))["status"] == "queued"
        assert await connections.fetchval("SELECT attempts FROM tolva.import WHERE id = $1", UUID(import_id)) == 0
        await end_long_imports(connections)
        await take_import(UUID(import_id), seconds=60, takes_long=True)
        assert (await importer.show(import_id))["result"]["added"] == 200_000

    async def test_the_message_says_that_it_takes_long(
        self, importer: Importer, connections: asyncpg.Connection
    ) -> None:
        await run_long_imports(connections, get_settings().max_long_imports)
        import_id = await self._take(importer, "d", self.LONG)
        await asyncio.sleep(POSTPONED_SECONDS)
        assert {"type": "import.queued", "import": import_id, "takes_long": True} in await queued()

    async def test_a_second_message_of_one_that_waits_is_the_last(
        self, importer: Importer, connections: asyncpg.Connection
    ) -> None:
        await run_long_imports(connections, get_settings().max_long_imports)
        import_id = await self._take(importer, "d", self.LONG)
        for _ in range(3):
            await take_import(UUID(import_id), seconds=60)
            await take_import(UUID(import_id), seconds=60, takes_long=True)
        await asyncio.sleep(POSTPONED_SECONDS)
        message = {"type": "import.queued", "import": import_id, "takes_long": True}
        assert (await queued()).count(message) == 1
        # Its own comes again and again.
        await take_import(UUID(import_id), seconds=60, takes_long=True)
        await asyncio.sleep(POSTPONED_SECONDS)
        assert (await queued()).count(message) == 1

    @pytest.mark.parametrize(("queued", "seconds"), [(0, 3), (60, 3), (100, 5), (1_000, 50), (1_000_000, 60)])
    def test_many_that_wait_come_again_more_rarely(self, queued: int, seconds: int) -> None:
        assert postponed_seconds(queued) == seconds
        # After that time its message counts as lost.
        assert seconds < repository.QUEUED_AGAIN_SECONDS

    async def test_a_worker_that_died_takes_no_room(self, importer: Importer, connections: asyncpg.Connection) -> None:
        await run_long_imports(connections, get_settings().max_long_imports)
        await connections.execute("UPDATE tolva.import SET lease_until = now() - interval '1 second'")
        assert (await importer.show(await self._take(importer, "d", self.LONG)))["status"] == "succeeded"

    async def test_nothing_waits_in_the_worker_for_a_long_import_into_its_dataset(
        self, importer: Importer, connections: asyncpg.Connection
    ) -> None:
        announced = await importer.announce("d", self.SHORT)
        await run_long_imports(connections, 1, "d")
        await take_import(UUID(announced["id"]), seconds=60)
        assert (await importer.show(announced["id"]))["status"] == "queued"
        assert (await importer.show(await self._take(importer, "other", self.SHORT)))["status"] == "succeeded"
        await end_long_imports(connections)
        await take_import(UUID(announced["id"]), seconds=60)
        assert (await importer.show(announced["id"]))["status"] == "succeeded"

    async def test_one_that_was_too_late_to_see_it_gives_way_too(
        self, importer: Importer, connections: asyncpg.Connection, database_url: str
    ) -> None:
        announced = await importer.announce("d", self.SHORT)
        dataset = await connections.fetchval("SELECT id FROM tolva.dataset WHERE name = 'd'")
        holder = await asyncpg.connect(database_url)
        async with holder.transaction():
            await holder.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", str(dataset))
            taking = asyncio.create_task(take_import(UUID(announced["id"]), seconds=60))
            for _ in range(3000):
                if (await importer.show(announced["id"]))["status"] == "running":
                    break
                await asyncio.sleep(0.01)
            await run_long_imports(connections, 1, "d")
            await taking
        await holder.close()
        assert (await importer.show(announced["id"]))["status"] == "queued"
        assert await connections.fetchval("SELECT attempts FROM tolva.import WHERE id = $1", UUID(announced["id"])) == 0
        # It is short all the same: those that run elsewhere are nothing to it.
        await asyncio.sleep(POSTPONED_SECONDS)
        message = {"type": "import.queued", "import": announced["id"], "takes_long": False}
        assert message in await queued()

    async def test_a_cancelled_one_stays_so(self, importer: Importer, connections: asyncpg.Connection) -> None:
        await run_long_imports(connections, get_settings().max_long_imports)
        import_id = await self._take(importer, "d", self.LONG)
        assert (await importer.client.post(f"/imports/{import_id}/cancel")).status_code == 200
        await take_import(UUID(import_id), seconds=60, takes_long=True)
        assert (await importer.show(import_id))["status"] == "cancelled"
