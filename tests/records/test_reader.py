"""Reads with a reader endpoint: a second database here, with the first one's state of a moment ago."""

import io
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from httpx import AsyncClient
from sqlalchemy import make_url

from app.core.database.names import CATALOGUE_SCHEMA
from app.core.database.pool import close_connections, get_reader, get_writer
from app.core.settings import get_settings
from tests.records.conftest import Fill

RECORDS = "/datasets/things/records"


@pytest_asyncio.fixture
async def reader(
    client: AsyncClient, fill: Fill, connections: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the reader. Its one record says its source, as does the writer's."""
    await fill("things", {"origin": "text"}, [("writer",)])
    # The process may know a dataset of this name from a test before: it learns here what this one is like.
    assert (await client.get(f"{RECORDS}/1")).status_code == 200
    await connections.execute("DROP DATABASE IF EXISTS reader WITH (FORCE)")
    await connections.execute("CREATE DATABASE reader")
    url = make_url(get_settings().database_url).set(database="reader").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    await connection.execute(
        "CREATE SCHEMA tolva; CREATE SCHEMA data; CREATE TABLE tolva.dataset (id uuid, updated_at timestamptz);"
        "CREATE TABLE data.things (_id bigint, origin text); INSERT INTO data.things VALUES (1, 'reader')"
    )
    await _replicate(connections, connection)
    monkeypatch.setenv("TOLVA_READER_URL", url)
    await close_connections()
    get_settings.cache_clear()
    yield connection
    await close_connections()
    await connection.close()
    monkeypatch.undo()
    get_settings.cache_clear()


async def _replicate(writer: asyncpg.Connection, reader: asyncpg.Connection) -> None:
    """Replicate the writer's catalogue to the reader."""
    rows = io.BytesIO()
    await writer.copy_from_table("dataset", schema_name=CATALOGUE_SCHEMA, columns=["id", "updated_at"], output=rows)
    rows.seek(0)
    await reader.execute("TRUNCATE tolva.dataset")
    await reader.copy_to_table("dataset", schema_name=CATALOGUE_SCHEMA, source=rows)


async def _origins(client: AsyncClient) -> dict[str, Any]:
    """The source from which each way to read got the record."""
    listed = await client.get(RECORDS)
    queried = await client.post(f"{RECORDS}/query", json={})
    many = await client.post(f"{RECORDS}/get", json={"keys": [1]})
    groups = await client.get("/datasets/things/aggregate", params={"_group": "origin"})
    exported = await client.get(RECORDS, headers={"Accept": "application/x-ndjson"})
    one = await client.get(f"{RECORDS}/1")
    return {
        "list": listed.json()["data"][0]["origin"],
        "query": queried.json()["data"][0]["origin"],
        "many": many.json()["data"][0]["origin"],
        "aggregate": groups.json()["data"][0]["origin"],
        "export": exported.json()["origin"],
        "one": one.json()["origin"],
    }


class TestReader:
    @pytest.mark.usefixtures("reader")
    async def test_what_may_be_a_moment_behind_is_read_from_it(self, client: AsyncClient) -> None:
        expected = dict.fromkeys(("list", "query", "many", "aggregate", "export"), "reader")
        assert await _origins(client) == expected | {"one": "writer"}

    @pytest.mark.usefixtures("reader")
    async def test_a_record_is_read_by_its_key_as_it_was_written(self, client: AsyncClient) -> None:
        etag = (await client.get(f"{RECORDS}/1")).headers["etag"]
        changed = await client.patch(f"{RECORDS}/1", json={"origin": "new"}, headers={"If-Match": etag})
        assert changed.status_code == 200
        assert (await client.get(f"{RECORDS}/1")).json()["origin"] == "new"

    async def test_a_dataset_that_it_has_in_another_schema_is_read_from_the_writer(
        self, client: AsyncClient, reader: asyncpg.Connection, connections: asyncpg.Connection
    ) -> None:
        await connections.execute("UPDATE tolva.dataset SET updated_at = now()")
        # Until the process has learnt of it, from the writer, what the reader has is what it knows.
        assert (await client.get(f"{RECORDS}/1")).status_code == 200
        assert set((await _origins(client)).values()) == {"writer"}
        await _replicate(connections, reader)
        assert (await _origins(client))["list"] == "reader"

    async def test_so_is_one_that_it_does_not_have_yet(self, client: AsyncClient, reader: asyncpg.Connection) -> None:
        await reader.execute("TRUNCATE tolva.dataset; DROP TABLE data.things")
        assert set((await _origins(client)).values()) == {"writer"}

    @pytest.mark.usefixtures("client")
    def test_without_one_the_writer_is_read(self) -> None:
        assert get_reader() is get_writer()
