"""Imports into datasets whose columns, key and indexes are changed, before and meanwhile."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from httpx import AsyncClient

from app.core.database.sessions import transaction
from app.datasets.repository import lock_dataset, lock_loading
from tests.imports.conftest import Document, Importer

STOCK = {
    "name": "stock",
    "key": ["sku"],
    "columns": [
        {"name": "sku", "type": "text"},
        {"name": "name", "type": "text", "label": "Product name"},
        {"name": "count", "type": "integer"},
    ],
    "indexes": [{"columns": ["name", "-count"]}, {"search": True}],
}
FIRST = "sku,name,count\na,Lamp,1\nb,Chair,2\n"
IS_WAITED_FOR = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'data.stock'::regclass)"


@pytest.fixture
async def stock(client: AsyncClient, importer: Importer) -> Importer:
    """A dataset with indexes and two records."""
    assert (await client.post("/datasets", json=STOCK)).status_code == 201
    assert (await importer("stock", FIRST))["status"] == "succeeded"
    return importer


async def _change(client: AsyncClient, body: Document) -> Document:
    response = await client.patch("/datasets/stock", json=body)
    assert response.status_code == 200, response.text
    changed: Document = response.json()
    return changed


class TestIndexes:
    async def test_a_replaced_table_has_them(self, stock: Importer, connections: asyncpg.Connection) -> None:
        definitions = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'data' ORDER BY 1"
        before = (await stock.dataset("stock"))["indexes"], await connections.fetch(definitions)
        assert len(before[0]) == len(before[1]) == 3
        shown = await stock("stock", "sku,name,count\nc,Bed,3\n", mode="replace")
        assert shown["status"] == "succeeded"
        assert ((await stock.dataset("stock"))["indexes"], await connections.fetch(definitions)) == before

    async def test_an_import_that_fails_leaves_them(self, stock: Importer) -> None:
        before = (await stock.dataset("stock"))["indexes"]
        assert (await stock("stock", "sku,name,count\nc,Bed,x\n", mode="replace"))["status"] == "failed"
        assert (await stock.dataset("stock"))["indexes"] == before

    @pytest.mark.parametrize("mode", ["append", "upsert", "replace"])
    async def test_a_value_that_is_too_long_for_one(self, stock: Importer, mode: str) -> None:
        name = "".join(chr(0x4E00 + number * 7) for number in range(2000))
        shown = await stock("stock", f"sku,name,count\nc,{name},3\n", mode=mode)
        assert shown["problem"]["type"] == "/problems/file-value-too-long"
        assert "'stock__name__count__idx_ad'" in shown["problem"]["detail"]
        assert len(await stock.records("stock")) == 2


class TestColumns:
    async def test_a_renamed_one_is_still_found_by_its_label(self, stock: Importer, client: AsyncClient) -> None:
        await _change(client, {"columns": {"name": {"name": "title"}}})
        assert (await stock("stock", "sku,Product name,count\nc,Bed,3\n"))["status"] == "succeeded"
        assert (await stock.records("stock"))[-1] == {"sku": "c", "title": "Bed", "count": 3}
        shown = await stock("stock", "sku,name,count\nd,Bed,3\n")
        assert shown["problem"]["type"] == "/problems/columns-mismatch"

    async def test_files_are_judged_by_what_is_there_now(self, stock: Importer, client: AsyncClient) -> None:
        await _change(client, {"columns": {"count": {"type": "decimal", "precision": 4, "scale": 1, "max": 9}}})
        shown = await stock("stock", "sku,count\nc,2.5\nd,9.5\ne,1.25\n", on_reject="skip")
        assert [row["code"] for row in shown["rejections"]] == ["max", "not_decimal"]
        assert [record["count"] for record in await stock.records("stock")] == ["1.0", "2.0", "2.5"]

    async def test_dates_are_read_by_the_format_that_they_were_changed_with(
        self, stock: Importer, client: AsyncClient
    ) -> None:
        await _change(client, {"add_columns": [{"name": "day", "type": "text", "fill": "01/02/2024"}]})
        await _change(client, {"columns": {"day": {"type": "date", "date_format": "DD/MM/YYYY"}}})
        assert (await stock("stock", "sku,day\nc,03/04/2024\n"))["status"] == "succeeded"
        assert [record["day"] for record in await stock.records("stock")] == ["2024-02-01", "2024-02-01", "2024-04-03"]

    async def test_records_are_updated_by_the_new_key(self, stock: Importer, client: AsyncClient) -> None:
        await _change(client, {"key": ["count"]})
        shown = await stock("stock", "count,sku,name\n2,b,Stool\n", mode="upsert")
        assert shown["result"] == {"added": 0, "changed": 1, "unchanged": 0}
        assert (await stock.records("stock"))[1] == {"sku": "b", "name": "Stool", "count": 2}

    async def test_records_are_numbered_on(self, stock: Importer, client: AsyncClient) -> None:
        await _change(client, {"key": []})
        assert (await stock("stock", "sku,name,count\nc,Bed,3\n"))["status"] == "succeeded"
        assert [record["_id"] for record in await stock.records("stock")] == [1, 2, 3]


class TestMeanwhile:
    async def test_a_dataset_that_is_loaded_into_keeps_its_columns(
        self, stock: Importer, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        announced = await stock.announce("stock", b"sku,name,count\nc,Bed,3\n")
        async with connections.transaction():
            # The import has its dataset, and waits for the table.
            await connections.execute("LOCK TABLE data.stock IN SHARE MODE")
            work = asyncio.create_task(stock.drain())
            for _ in range(500):
                if await connections.fetchval(IS_WAITED_FOR):
                    break
                await asyncio.sleep(0.02)
            await _change(client, {"title": "Stock"})
            response = await client.patch("/datasets/stock", json={"columns": {"count": {"name": "number"}}})
            assert (response.status_code, response.json()["type"]) == (409, "/problems/dataset-busy")
            assert "wait until it finishes or cancel it" in response.json()["hint"]
        await work
        assert (await stock.show(announced["id"]))["status"] == "succeeded"
        await _change(client, {"columns": {"count": {"name": "number"}}})
        assert (await stock.records("stock"))[-1] == {"sku": "c", "name": "Bed", "number": 3}

    async def test_a_file_can_be_announced_while_its_dataset_changes(self, stock: Importer) -> None:
        dataset = UUID((await stock.dataset("stock"))["id"])
        async with transaction() as session:
            await lock_loading(session, dataset)
            await lock_dataset(session, dataset)
            announced = await stock.announce("stock", b"sku,name,count\nc,Bed,3\n")
        await stock.drain()
        assert (await stock.show(announced["id"]))["status"] == "succeeded"

    async def test_an_import_waits_for_a_change(self, stock: Importer) -> None:
        announced = await stock.announce("stock", b"sku,name,count\nc,Bed,3\n")
        dataset = UUID((await stock.dataset("stock"))["id"])
        async with transaction() as session:
            await lock_loading(session, dataset)
            work = asyncio.create_task(stock.drain())
            await asyncio.sleep(1)
            assert (await stock.show(announced["id"]))["status"] == "running"
        await work
        assert (await stock.show(announced["id"]))["status"] == "succeeded"

    async def test_a_file_that_has_waited_is_read_with_the_new_columns(
        self, stock: Importer, client: AsyncClient
    ) -> None:
        announced = await stock.announce("stock", b"sku,name,count\nc,Bed,3\n")
        await _change(client, {"columns": {"name": None}})
        await stock.drain()
        shown = await stock.show(announced["id"])
        assert shown["problem"]["type"] == "/problems/columns-mismatch"


class TestUpdatedAt:
    async def test_the_first_import_changes_it_and_others_do_not(self, importer: Importer, client: AsyncClient) -> None:
        made = (await client.post("/datasets", json={"name": "new"})).json()["updated_at"]
        assert (await importer("new", "a,b\n1,x\n"))["status"] == "succeeded"
        first = (await importer.dataset("new"))["updated_at"]
        assert first > made
        assert (await importer("new", "a,b\n2,x\n"))["status"] == "succeeded"
        assert (await importer.dataset("new"))["updated_at"] == first
