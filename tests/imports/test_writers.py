"""Single records are written while a file is loaded into the same dataset: nothing that was acknowledged is lost."""

import asyncio
from typing import Any

import asyncpg
from httpx import AsyncClient

from tests.imports.conftest import Importer

ROWS = 60_000
CONTENT = "sku,n\n" + "".join(f"F{row},{row}\n" for row in range(ROWS))
COLUMNS: list[dict[str, Any]] = [{"name": "sku", "type": "text"}, {"name": "n", "type": "integer"}]
LOCKED = """
    SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
    WHERE relname = 'stock' AND granted AND mode = $1 AND pid <> pg_backend_pid()"""


async def _start(importer: Importer, connections: asyncpg.Connection, mode: str, lock: str) -> "asyncio.Task[int]":
    """Begin to import the file; the import holds its lock on the table when this returns."""
    await importer.client.post("/datasets", json={"name": "stock", "columns": COLUMNS, "key": ["sku"]})
    await importer.client.post("/datasets/stock/records", json={"sku": "old"})
    await importer.announce("stock", CONTENT.encode(), mode=mode)
    loading = asyncio.create_task(importer.drain())
    while not await connections.fetchval(LOCKED, lock):
        assert not loading.done()
        await asyncio.sleep(0.005)
    return loading


async def _skus(connections: asyncpg.Connection) -> set[str]:
    return {row["sku"] for row in await connections.fetch("SELECT sku FROM data.stock WHERE sku NOT LIKE 'F%'")}


class TestReplace:
    async def test_what_is_written_meanwhile_waits_or_is_refused(
        self, importer: Importer, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        loading = await _start(importer, connections, "replace", "ShareLock")
        read = await client.get("/datasets/stock/records/old")
        answers = await asyncio.gather(
            *(client.post("/datasets/stock/records", json={"sku": f"W{n}"}) for n in range(3)),
            client.put("/datasets/stock/records/W3", json={}),
        )
        await loading
        assert read.status_code == 200
        assert {answer.status_code for answer in answers} <= {201, 409}
        kept = {answer.json()["sku"] for answer in answers if answer.status_code == 201}
        assert await _skus(connections) == kept
        assert await connections.fetchval("SELECT count(*) FROM data.stock") == ROWS + len(kept)

    async def test_a_dry_run_keeps_nobody_away(
        self, importer: Importer, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        await client.post("/datasets", json={"name": "stock", "columns": COLUMNS, "key": ["sku"]})
        await importer.announce("stock", CONTENT.encode(), mode="replace", dry_run=True)
        loading = asyncio.create_task(importer.drain())
        written = 0
        while not loading.done():
            answer = await client.post("/datasets/stock/records", json={"sku": f"W{written}"})
            assert answer.status_code == 201
            written += 1
        assert await _skus(connections) == {f"W{n}" for n in range(written)}


class TestAppend:
    async def test_other_records_are_written_at_once(
        self, importer: Importer, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        loading = await _start(importer, connections, "append", "RowExclusiveLock")
        answers = [
            await client.post("/datasets/stock/records", json={"sku": "W1"}),
            await client.patch("/datasets/stock/records/old", json={"n": 1}),
        ]
        was_loading = not loading.done()
        await loading
        assert [answer.status_code for answer in answers] == [201, 200]
        assert was_loading
        assert await _skus(connections) == {"old", "W1"}
        assert await connections.fetchval("SELECT count(*) FROM data.stock") == ROWS + 2


class TestFirstImport:
    async def test_a_dataset_takes_records_once_its_columns_are_known(
        self, importer: Importer, client: AsyncClient
    ) -> None:
        await client.post("/datasets", json={"name": "things"})
        before = await client.post("/datasets/things/records", json={"sku": "W1", "n": 1})
        assert before.json()["type"] == "/problems/dataset-without-columns"
        await importer("things", "sku,n\nF1,1\n")
        after = await client.post("/datasets/things/records", json={"sku": "W1", "n": 2})
        assert after.json() == {"sku": "W1", "n": 2}
