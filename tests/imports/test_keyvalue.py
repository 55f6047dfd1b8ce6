"""Imports into the key-value store: the same modes and reports, generations, and workers that die."""

import asyncio
import os
from dataclasses import replace
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text

from app.core.aws.clients import client as aws_client
from app.core.aws.queue import send_body
from app.core.database.sessions import transaction
from app.core.dynamo import requests, table
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings
from app.datasets.keyvalue import generations, metadata
from app.imports import repository
from app.imports.load import hold
from app.imports.load.keyvalue import KeyvalueLoader
from app.records.keyvalue.removal import remove_retired
from tests.imports.conftest import Document, Importer
from tests.records.conftest import problem

STOCK = {
    "name": "stock",
    "store": "keyvalue",
    "key": ["sku"],
    "columns": [
        {"name": "sku", "type": "text"},
        {"name": "price", "type": "decimal", "precision": 8, "scale": 2},
        {"name": "ean", "type": "bigint"},
    ],
}
FIRST = "sku,price,ean\na,1.00,1\nb,2.50,2\n"
MANY = "sku,price,ean\n" + "".join(f"k{n},{n},{n}\n" for n in range(3000))
COUNT_ADDED = {"added": 3000, "changed": 0, "unchanged": 0}


@pytest.fixture
async def stock(client: AsyncClient, importer: Importer) -> Importer:
    """A key-value dataset with two records."""
    assert (await client.post("/datasets", json=STOCK)).status_code == 201
    shown = await importer("stock", FIRST)
    assert shown["status"] == "succeeded", shown
    return importer


async def prices(client: AsyncClient, *keys: str) -> list[str | None]:
    """The prices of some records."""
    found = (await client.post("/datasets/stock/records/get", json={"keys": list(keys)})).json()["data"]
    return [record and record["price"] for record in found]


async def items() -> list[Document]:
    """All items of records in the table."""
    dynamodb = await aws_client("dynamodb")
    pages = dynamodb.get_paginator("scan").paginate(TableName=get_settings().table)
    found = [item async for page in pages for item in page["Items"]]
    return [dict(item) for item in found if str(item["pk"]["S"]).startswith("records#")]


async def take_again(importer: Importer, import_id: str) -> Document:
    """Let another worker take up an import whose worker died."""
    await importer.drain()
    return await importer.show(import_id)


class TestFirst:
    async def test_a_new_dataset_gets_the_columns_and_the_key_of_its_file(
        self, importer: Importer, client: AsyncClient
    ) -> None:
        await client.post("/datasets", json={"name": "fruit", "store": "keyvalue"})
        shown = await importer("fruit", "name,id,price\nfig,1,0.10\nfig,2,12.50\n")
        assert shown["result"] == {"added": 2, "changed": 0, "unchanged": 0}, shown
        assert (await importer.dataset("fruit"))["key"] == ["id"]
        response = await client.get("/datasets/fruit/records/2")
        assert response.text == '{"name":"fig","id":2,"price":"12.50"}'

    async def test_a_file_without_a_key_is_refused(self, importer: Importer, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "notes", "store": "keyvalue"})
        shown = await importer("notes", "what,when\nx,1\nx,1\n")
        assert shown["problem"]["type"] == "/problems/key-column-not-found"
        assert await items() == []

    async def test_columns_are_proposed_and_not_pinned_by_a_dry_run(
        self, importer: Importer, client: AsyncClient
    ) -> None:
        await client.post("/datasets", json={"name": "later", "store": "keyvalue"})
        shown = await importer("later", "id,n\n1,x\n", dry_run=True)
        assert shown["dialect"]["key"] == ["id"]
        assert (await importer.dataset("later"))["columns"] == []
        assert await items() == []


class TestAppend:
    async def test_records_are_added(self, stock: Importer, client: AsyncClient) -> None:
        shown = await stock("stock", "sku,price\nc,3\n")
        assert shown["result"] == {"added": 1, "changed": 0, "unchanged": 0}
        assert await prices(client, "a", "b", "c") == ["1.00", "2.50", "3.00"]

    async def test_a_key_that_exists_names_its_line(self, stock: Importer, client: AsyncClient) -> None:
        shown = await stock("stock", "sku,price,ean\nc,3,3\na,9,9\n")
        assert shown["status"] == "failed"
        assert shown["rejections"] == [
            {
                "line": 3,
                "record": 2,
                "offset": 20,
                "column": "sku",
                "value": "a",
                "code": "existing_key",
                "message": "a record of the dataset already has it",
            }
        ]
        assert await prices(client, "a", "c") == ["1.00", None]
        assert (await client.put("/datasets/stock/records/z", json={})).status_code == 201

    async def test_skipping_loads_the_others(self, stock: Importer, client: AsyncClient) -> None:
        shown = await stock("stock", "sku,price,ean\nc,3,3\na,9,9\nc,4,2\ne,x,5\n", on_reject="skip")
        assert shown["result"] == {"added": 1, "changed": 0, "unchanged": 0}
        assert {(row["line"], row["code"]) for row in shown["rejections"]} == {
            (3, "existing_key"),
            (4, "repeated_key"),
            (5, "not_decimal"),
        }
        assert await prices(client, "a", "c", "e") == ["1.00", "3.00", None]

    async def test_a_row_that_does_not_fit_names_its_line(self, stock: Importer, client: AsyncClient) -> None:
        shown = await stock("stock", f"sku,price\nc,3\n{'x' * 1100},4\n")
        assert shown["problem"]["type"] == "/problems/record-too-large-for-store"
        assert "line 3" in shown["problem"]["detail"]
        assert await prices(client, "c") == [None]


class TestUpsert:
    async def test_records_are_added_changed_and_left(self, stock: Importer, client: AsyncClient) -> None:
        body = "sku,price,ean\na,1.00,1\nb,9.99,2\nc,3,3\n"
        dry = await stock("stock", body, mode="upsert", dry_run=True)
        assert dry["result"] == {"added": 1, "changed": 1, "unchanged": 1}
        assert await prices(client, "b", "c") == ["2.50", None]
        shown = await stock("stock", body, mode="upsert")
        assert shown["result"] == {"added": 1, "changed": 1, "unchanged": 1}
        assert await prices(client, "a", "b", "c") == ["1.00", "9.99", "3.00"]

    async def test_a_column_that_the_file_lacks_is_left_alone(self, stock: Importer, client: AsyncClient) -> None:
        await stock("stock", "sku,price\na,7\n", mode="upsert")
        assert (await client.get("/datasets/stock/records/a")).json() == {"sku": "a", "price": "7.00", "ean": "1"}

    async def test_an_attempt_that_was_broken_off_is_counted_with_the_next(
        self, stock: Importer, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        many = MANY + "a,1.00,1\nb,9,9\n"
        announced = await stock.announce("stock", many.encode(), mode="upsert")
        with monkeypatch.context() as patched:
            _break_off(patched, "repeat_batch", after=40)
            await stock.drain()
        assert 2 < len(await items()) < 3002
        await _let_lease_end(announced["id"])
        shown = await take_again(stock, announced["id"])
        assert shown["result"] == {"added": 3000, "changed": 1, "unchanged": 1}
        assert await prices(client, "k7", "b") == ["7.00", "9.00"]


class TestReplace:
    async def test_the_old_records_are_gone_at_once_and_removed_later(
        self, stock: Importer, client: AsyncClient, setting: None
    ) -> None:
        os.environ["TOLVA_KEYVALUE_RETIRE_SECONDS"] = "1"
        get_settings.cache_clear()
        shown = await stock("stock", "sku,price,ean\nz,1,1\n", mode="replace")
        assert shown["result"] == {"added": 1, "changed": 0, "unchanged": 0}
        assert await prices(client, "z", "a") == ["1.00", None]
        assert len(await items()) == 3
        await asyncio.sleep(1.1)
        await remove_retired()
        assert [item["sk"]["S"] for item in await items()] == ["z\0"]

    async def test_readers_see_the_old_records_or_the_new_ones(self, stock: Importer, client: AsyncClient) -> None:
        content = "sku,price,ean\na,9,1\nb,9,1\n" + MANY.partition("\n")[2]
        await stock.announce("stock", content.encode(), mode="replace")
        work = asyncio.create_task(stock.drain())
        seen = set()
        while not work.done():
            seen.add(tuple(await prices(client, "a", "b")))
        await work
        seen.add(tuple(await prices(client, "a", "b")))
        assert seen == {("1.00", "2.50"), ("9.00", "9.00")}

    async def test_single_writes_wait_for_its_end(self, stock: Importer, client: AsyncClient) -> None:
        await stock.announce("stock", MANY.encode(), mode="replace")
        work = asyncio.create_task(stock.drain())
        answers = set()
        number = 0
        while not work.done():
            number += 1
            response = await client.put(f"/datasets/stock/records/new{number}", json={"price": number})
            answers.add(response.status_code)
        await work
        assert 409 in answers
        assert answers <= {201, 409}
        assert (await client.put("/datasets/stock/records/new", json={})).status_code == 201

    async def test_a_file_without_records_leaves_the_dataset_unless_allowed(
        self, stock: Importer, client: AsyncClient
    ) -> None:
        shown = await stock("stock", "sku,price,ean\n", mode="replace")
        assert shown["problem"]["type"] == "/problems/file-without-records"
        assert await prices(client, "a") == ["1.00"]
        assert (await stock("stock", "sku,price,ean\n", mode="replace", allow_empty=True))["status"] == "succeeded"
        assert await prices(client, "a") == [None]


class TestTakenUpAgain:
    async def test_a_worker_that_dies_while_it_writes_leaves_nothing_to_be_seen(
        self, stock: Importer, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        announced = await stock.announce("stock", MANY.encode(), mode="replace")
        with monkeypatch.context() as patched:
            _break_off(patched, "repeat_batch", after=20)
            await stock.drain()
        assert await prices(client, "a", "k1") == ["1.00", None]
        await _let_lease_end(announced["id"])
        shown = await take_again(stock, announced["id"])
        assert shown["result"] == COUNT_ADDED
        assert await prices(client, "a", "k1") == [None, "1.00"]

    async def test_one_that_dies_when_the_records_are_shown_only_records_its_success(
        self, stock: Importer, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        announced = await stock.announce("stock", MANY.encode(), mode="replace")
        with monkeypatch.context() as patched:
            publish = KeyvalueLoader.publish

            async def publish_and_die(self: KeyvalueLoader, *, dataset: Any) -> None:
                await publish(self, dataset=dataset)
                raise ServiceUnavailable("The worker dies.")

            patched.setattr(KeyvalueLoader, "publish", publish_and_die)
            await stock.drain()
        assert await prices(client, "a", "k1") == [None, "1.00"]
        await _let_lease_end(announced["id"])
        schema = await metadata.find_schema("stock", fresh=True)
        assert (await take_again(stock, announced["id"]))["result"] == COUNT_ADDED
        again = await metadata.find_schema("stock", fresh=True)
        assert schema is not None
        assert again is not None
        assert again.generation == schema.generation
        await remove_retired()
        assert await prices(client, "k1") == ["1.00"]

    async def test_so_it_is_with_the_first_file_of_a_dataset(
        self, importer: Importer, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await client.post("/datasets", json={"name": "fresh", "store": "keyvalue"})
        announced = await importer.announce("fresh", MANY.encode())
        with monkeypatch.context() as patched:
            _break_off(patched, "repeat_batch", after=20)
            await importer.drain()
        await _let_lease_end(announced["id"])
        assert (await take_again(importer, announced["id"]))["result"] == COUNT_ADDED
        assert (await client.get("/datasets/fresh/records/k2999")).json()["ean"] == 2999
        assert (await client.patch("/datasets/fresh/records/k1", json={"price": 5})).status_code == 200

    async def test_an_append_that_was_broken_off_is_no_clash_with_itself(
        self, stock: Importer, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        announced = await stock.announce("stock", MANY.encode())
        with monkeypatch.context() as patched:
            _break_off(patched, "repeat_batch", after=20)
            await stock.drain()
        await _let_lease_end(announced["id"])
        shown = await take_again(stock, announced["id"])
        assert shown["result"] == COUNT_ADDED, shown
        assert await prices(client, "a", "k1") == ["1.00", "1.00"]

    async def test_one_that_dies_before_it_commits_leaves_no_time_for_other_writes(
        self, stock: Importer, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        announced = await stock.announce("stock", b"sku,price\na,7\nc,3\n", mode="upsert")
        with monkeypatch.context() as patched:
            publish = KeyvalueLoader.publish

            async def publish_and_die(self: KeyvalueLoader, *, dataset: Any) -> None:
                await publish(self, dataset=dataset)
                raise ServiceUnavailable("The worker dies.")

            patched.setattr(KeyvalueLoader, "publish", publish_and_die)
            await stock.drain()
        response = await client.put("/datasets/stock/records/c", json={"price": 4})
        assert problem(response) == (409, "/problems/dataset-busy")
        await _let_lease_end(announced["id"])
        shown = await take_again(stock, announced["id"])
        assert shown["result"] == {"added": 1, "changed": 1, "unchanged": 0}
        assert (await client.put("/datasets/stock/records/c", json={"price": 4})).status_code == 200
        assert await prices(client, "a", "c") == ["7.00", "4.00"]

    async def test_an_event_that_comes_twice_changes_nothing(self, stock: Importer, client: AsyncClient) -> None:
        announced = await stock.announce("stock", b"sku,price\nc,3\n")
        await stock.drain()
        await client.put("/datasets/stock/records/c", json={"price": 4})
        await send_body({"import": announced["id"]})
        await stock.drain()
        assert await prices(client, "c") == ["4.00"]


class TestMeanwhile:
    async def test_a_table_that_throttles_one_call_in_three_slows_an_import_and_loses_nothing(
        self, stock: Importer, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        request, repeat, calls = requests._send_once, table.repeat_batch, iter(range(10**6))

        async def throttled(operation: str, arguments: dict[str, Any]) -> Any:
            if next(calls) % 3 == 0:
                raise ServiceUnavailable("Too much.")
            return await request(operation, arguments)

        async def done_in_part(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
            taken = max(1, len(requests) - next(calls) % 5)
            return [*await repeat(requests[:taken]), *requests[taken:]]

        monkeypatch.setattr(requests, "_send_once", throttled)
        monkeypatch.setattr(table, "repeat_batch", done_in_part)
        shown = await stock("stock", MANY, mode="replace")
        assert shown["result"] == COUNT_ADDED
        assert len([item for item in await items() if item["sk"]["S"].startswith("k")]) == 3000

    async def test_one_that_cannot_keep_others_from_writing_writes_no_more(
        self, stock: Importer, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        announced = await stock.announce("stock", b"sku,price\na,7\n", mode="upsert")
        with monkeypatch.context() as patched:
            patched.setattr(hold, "HOLD_SECONDS", hold.WRITE_SECONDS)
            await stock.drain()
        assert await prices(client, "a") == ["1.00"]
        await _let_lease_end(announced["id"])
        assert (await take_again(stock, announced["id"]))["status"] == "succeeded"
        assert await prices(client, "a") == ["7.00"]

    async def test_a_cancelled_import_that_has_not_begun_to_write_loads_nothing(
        self, stock: Importer, client: AsyncClient
    ) -> None:
        announced = await stock.announce("stock", b"sku,price\nc,3\n")
        assert (await client.post(f"/imports/{announced['id']}/cancel")).status_code == 200
        await stock.drain()
        assert await prices(client, "c") == [None]

    async def test_one_that_writes_goes_to_its_end(
        self, stock: Importer, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        announced = await stock.announce("stock", MANY.encode(), mode="upsert")
        answers: list[Response] = []
        begin = repository.renew_lease

        async def renew_and_cancel(session: Any, lease: Any, phase: str, progress: Any) -> bool:
            kept = await begin(session, lease, phase, progress)
            if phase == "committing" and not answers:
                await session.commit()
                answers.append(await client.post(f"/imports/{announced['id']}/cancel"))
            return kept

        monkeypatch.setattr(repository, "renew_lease", renew_and_cancel)
        await stock.drain()
        assert problem(answers[0]) == (409, "/problems/import-committing")
        assert (await stock.show(announced["id"]))["status"] == "succeeded"

    async def test_a_deleted_datasets_records_are_removed(self, stock: Importer, client: AsyncClient) -> None:
        assert (await client.delete("/datasets/stock?confirm=stock")).status_code == 204
        assert len(await items()) == 2
        await remove_retired()
        assert len(await items()) == 2
        for retired in await generations.list_retired():
            await generations.retire(replace(retired, due=0))
        await remove_retired()
        assert await items() == []


def _break_off(patched: pytest.MonkeyPatch, name: str, *, after: int) -> None:
    """Let a call to the table fail after so many calls, as if the worker had died there."""
    call, calls = getattr(table, name), iter(range(10**6))

    async def broken(*arguments: Any) -> Any:
        if next(calls) >= after:
            raise ConnectionResetError("the worker dies")
        return await call(*arguments)

    patched.setattr(table, name, broken)


async def _let_lease_end(import_id: str) -> None:
    """End an import's lease at once, and redeliver its message."""
    await send_body({"import": import_id})
    async with transaction() as session:
        await session.execute(text("UPDATE tolva.import SET lease_until = now() WHERE id = :id"), {"id": import_id})
