"""Many write at once: nobody overwrites what they have not seen, and nothing is half written."""

import asyncio
from collections import Counter
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient, Response

from tests.records.conftest import PRODUCTS, Make, problem, stored

WRITERS = 8


async def _at_once(*requests: Any) -> list[Response]:
    return list(await asyncio.gather(*requests))


def _statuses(responses: list[Response]) -> dict[int, int]:
    return dict(Counter(response.status_code for response in responses))


class TestTheSameState:
    @pytest.mark.parametrize("method", ["PATCH", "PUT"])
    async def test_exactly_one_of_those_who_saw_it_changes_it(
        self, client: AsyncClient, make: Make, method: str
    ) -> None:
        await make("products", PRODUCTS, key=["sku"])
        for round_ in range(5):
            path = f"/datasets/products/records/A{round_}"
            etag = (await client.put(path, json={"stock": -1})).headers["etag"]
            responses = await _at_once(
                *(
                    client.request(method, path, json={"stock": writer}, headers={"If-Match": etag})
                    for writer in range(WRITERS)
                )
            )
            assert _statuses(responses) == {200: 1, 412: WRITERS - 1}
            winner = next(response for response in responses if response.status_code == 200)
            assert (await client.get(path)).content == winner.content

    async def test_a_deletion_and_a_change_exclude_each_other(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        for round_ in range(5):
            path = f"/datasets/products/records/A{round_}"
            headers = {"If-Match": (await client.put(path, json={"stock": 1})).headers["etag"]}
            deleted, changed = await _at_once(
                client.delete(path, headers=headers), client.patch(path, json={"stock": 2}, headers=headers)
            )
            assert (deleted.status_code, changed.status_code) in {(204, 404), (412, 200)}

    async def test_counting_by_compare_and_set_loses_nothing(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        path = "/datasets/products/records/A1"
        await client.put(path, json={"stock": 0})

        async def count() -> None:
            done = False
            while not done:
                read = await client.get(path)
                headers = {"If-Match": read.headers["etag"]}
                response = await client.patch(path, json={"stock": read.json()["stock"] + 1}, headers=headers)
                done = response.status_code == 200
                assert response.status_code in (200, 412)

        await asyncio.gather(*(count() for _ in range(WRITERS)))
        assert (await client.get(path)).json()["stock"] == WRITERS


class TestMerging:
    async def test_every_member_arrives(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        path = "/datasets/products/records/A1"
        await client.put(path, json={"details": {}})
        responses = await _at_once(
            *(client.patch(path, json={"details": {f"m{writer}": writer}}) for writer in range(WRITERS))
        )
        assert _statuses(responses) == {200: WRITERS}
        assert (await client.get(path)).json()["details"] == {f"m{writer}": writer for writer in range(WRITERS)}


class TestTheSameKey:
    async def test_one_is_added(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        path = "/datasets/products/records"
        responses = await _at_once(*(client.post(path, json={"sku": "A1", "stock": n}) for n in range(WRITERS)))
        assert _statuses(responses) == {201: 1, 409: WRITERS - 1}

    async def test_one_is_made_where_none_was(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        path, headers = "/datasets/products/records/A1", {"If-None-Match": "*"}
        responses = await _at_once(*(client.put(path, json={"stock": n}, headers=headers) for n in range(WRITERS)))
        assert _statuses(responses) == {201: 1, 412: WRITERS - 1}

    async def test_one_is_new_and_the_others_replace_it(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        path = "/datasets/products/records/A1"
        responses = await _at_once(*(client.put(path, json={"stock": n}) for n in range(WRITERS)))
        assert _statuses(responses) == {201: 1, 200: WRITERS - 1}

    async def test_a_value_is_given_once(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        await client.post("/datasets/products/records", json=[{"sku": f"A{n}"} for n in range(WRITERS)])
        paths = [f"/datasets/products/records/A{n}" for n in range(WRITERS)]
        responses = await _at_once(*(client.patch(path, json={"ean": "1"}) for path in paths))
        assert _statuses(responses) == {200: 1, 409: WRITERS - 1}

    async def test_arrays_in_each_others_way_are_written_whole_or_not(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        skus = [f"A{n:03}" for n in range(300)]
        bodies = [
            [{"sku": sku, "stock": writer} for sku in (skus if writer % 2 else reversed(skus))]
            for writer in range(WRITERS)
        ]
        responses = await _at_once(*(client.post("/datasets/products/records", json=body) for body in bodies))
        statuses = _statuses(responses)
        assert statuses[201] == 1
        assert set(statuses) <= {201, 409, 503}
        assert all("retry-after" in response.headers for response in responses if response.status_code == 503)
        records = (await client.get("/datasets/products/records?_limit=1000")).json()["data"]
        assert len(records) == len(skus)
        assert len({record["stock"] for record in records}) == 1


class TestReferences:
    async def test_no_record_refers_to_nothing(self, client: AsyncClient, make: Make) -> None:
        await make("categories", [{"name": "code", "type": "text"}], key=["code"])
        column = {"name": "category", "type": "text", "references": "categories"}
        await make("goods", [{"name": "sku", "type": "text"}, column], key=["sku"])
        for round_ in range(10):
            code = f"c{round_}"
            await client.post("/datasets/categories/records", json={"code": code})
            deleted, added = await _at_once(
                client.delete(f"/datasets/categories/records/{code}"),
                client.post("/datasets/goods/records", json={"sku": code, "category": code}),
            )
            assert (deleted.status_code, added.status_code) in {(204, 409), (409, 201)}


class TestBusyDataset:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "", {"sku": "A2"}),
            ("POST", "", [{"sku": "A2"}]),
            ("PUT", "/A1", {}),
            ("PATCH", "/A1", {"stock": 2}),
            ("PATCH", "/A1", {"details": {"a": 1}}),
            ("DELETE", "/A1", None),
        ],
    )
    async def test_a_write_waits_no_longer_than_is_set(
        self, client: AsyncClient, make: Make, connections: asyncpg.Connection, method: str, path: str, body: Any
    ) -> None:
        await make("products", PRODUCTS, key=["sku"])
        await client.post("/datasets/products/records", json={"sku": "A1"})
        async with connections.transaction():
            await connections.execute("LOCK TABLE data.products IN SHARE MODE")
            assert (await client.get("/datasets/products/records/A1")).status_code == 200
            response = await client.request(method, f"/datasets/products/records{path}", json=body)
        assert problem(response) == (409, "/problems/dataset-busy")
        assert int(response.headers["retry-after"]) > 0
        assert await stored(client, "products") == [
            {"sku": "A1", "price": None, "stock": None, "ean": None, "details": None}
        ]

    async def test_a_record_that_someone_holds_is_waited_for(
        self, client: AsyncClient, make: Make, connections: asyncpg.Connection
    ) -> None:
        await make("products", PRODUCTS, key=["sku"])
        made = await client.post("/datasets/products/records", json={"sku": "A1", "stock": 1})
        async with connections.transaction():
            await connections.execute("UPDATE data.products SET stock = 5")
            headers = {"If-Match": made.headers["etag"]}
            waiting = asyncio.create_task(
                client.patch("/datasets/products/records/A1", json={"stock": 2}, headers=headers)
            )
            await asyncio.sleep(0.3)
            assert not waiting.done()
        assert problem(await waiting) == (412, "/problems/precondition-failed")
