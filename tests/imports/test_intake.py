"""Intake: what nobody tells the worker of is found, however much there is of it."""

import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest
from httpx import AsyncClient

from app.core.aws import client as aws_client
from app.core.db import transaction
from app.core.settings import get_settings
from app.core.storage import ObjectWriter
from app.imports import repository
from app.imports.intake import RECOVERED_AT_ONCE, InboxSearch, recover_imports
from tests.imports.conftest import Document

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
    """Imports of files `key` and a number, from 1, made some time ago."""
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
    """The messages of the queue, taken from it."""
    sqs = await aws_client("sqs")
    found: list[Document] = []
    while True:
        answer = await sqs.receive_message(QueueUrl=get_settings().queue_url, MaxNumberOfMessages=10)
        if not answer.get("Messages"):
            return found
        for message in answer["Messages"]:
            found.append(json.loads(message["Body"]))
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
        assert await queued() == [{"object": "inbox/d/new.csv"}]

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
        assert await queued() == [{"import": str(wanted["id"])}]

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
