"""Search indexes of an older version are built again; until then a search is right without them."""

import asyncio

import asyncpg
import pytest

from app.datasets.alter.search_indexes import rebuild_search_indexes
from tests.datasets.conftest import Things

OLD = "to_tsvector('simple', left(coalesce(left(a, 100000), ''), 100000))"
ROWS = [("caf\xe9",), ("cafe\u0301",), ("cafe",), ("tea",)]


@pytest.fixture
async def old(things: Things, connections: asyncpg.Connection) -> Things:
    """A dataset whose search index an older version has built."""
    await things.make({"a": "text"}, ROWS, indexes=[{"search": True}, {"columns": ["a"]}])
    await _make_old(connections)
    return things


async def _make_old(connection: asyncpg.Connection) -> None:
    await connection.execute("DROP INDEX data.things__search")
    await connection.execute(f"CREATE INDEX things__search ON data.things USING gin (({OLD}))")


async def _found(things: Things) -> list[str]:
    response = await things.client.get("/datasets/things/records?_q=cafe")
    assert response.status_code == 200
    return [record["a"] for record in response.json()["data"]]


class TestRebuildSearchIndexes:
    async def test_a_search_finds_the_same_before_and_after(self, old: Things, database_url: str) -> None:
        expected = [text for (text,) in ROWS[:3]]
        assert await _found(old) == expected
        before = await old.layout()
        await rebuild_search_indexes(database_url)
        after = await old.layout()
        assert await _found(old) == expected
        assert "NORMALIZE" not in before["things__search"]
        assert "NORMALIZE" in after["things__search"]
        assert before | {"things__search": after["things__search"]} == after
        assert (await old.client.get("/datasets/things")).json()["indexes"][-1]["name"] == "things__search"

    async def test_the_new_one_serves_the_search(
        self, old: Things, database_url: str, connections: asyncpg.Connection
    ) -> None:
        await connections.execute("INSERT INTO data.things (a) SELECT 'x' || n FROM generate_series(1, 5000) AS n")
        await rebuild_search_indexes(database_url)
        await connections.execute("ANALYZE data.things")
        definition = await connections.fetchval("SELECT pg_get_indexdef('data.things__search'::regclass)")
        expression = definition.partition("USING gin ")[2]
        plan = await connections.fetch(f"EXPLAIN SELECT a FROM data.things WHERE {expression} @@ 'cafe'::tsquery")
        assert any("things__search" in row[0] for row in plan)

    async def test_again_there_is_nothing_to_do(
        self, old: Things, database_url: str, connections: asyncpg.Connection
    ) -> None:
        place = "SELECT 'data.things__search'::regclass::oid"
        await asyncio.gather(*(rebuild_search_indexes(database_url) for _ in range(3)))
        first = await connections.fetchval(place)
        await rebuild_search_indexes(database_url)
        assert await connections.fetchval(place) == first

    async def test_one_that_was_not_completed_is_no_obstacle(
        self, old: Things, database_url: str, connections: asyncpg.Connection
    ) -> None:
        await connections.execute("CREATE INDEX things__search__new ON data.things (a)")
        await rebuild_search_indexes(database_url)
        layout = await old.layout()
        assert "NORMALIZE" in layout["things__search"]
        assert "things__search__new" not in layout

    async def test_one_that_cannot_be_built_leaves_the_old_one(
        self, old: Things, database_url: str, connections: asyncpg.Connection, caplog: pytest.LogCaptureFixture
    ) -> None:
        # Someone has changed the table by hand.
        await connections.execute("ALTER TABLE data.things RENAME COLUMN a TO b")
        await rebuild_search_indexes(database_url)
        assert "search_index.failed" in caplog.text
        assert "NORMALIZE" not in (await old.layout())["things__search"]

    async def test_without_a_database_it_is_said(self, setting: None, caplog: pytest.LogCaptureFixture) -> None:
        await rebuild_search_indexes("postgresql://127.0.0.1:1/none")
        assert "search_indexes.failed" in caplog.text
