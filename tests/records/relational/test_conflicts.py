from typing import Any

from httpx import AsyncClient

from tests.records.conftest import Make, problem, stored

CATEGORIES: list[dict[str, Any]] = [{"name": "code", "type": "text"}]


GOODS: list[dict[str, Any]] = [
    {"name": "sku", "type": "text"},
    {"name": "category", "type": "text", "references": "categories"},
]


class TestReferences:
    async def _start(self, client: AsyncClient, make: Make) -> None:
        await make("categories", CATEGORIES, key=["code"])
        await make("goods", GOODS, key=["sku"])
        await client.post("/datasets/categories/records", json=[{"code": "tools"}, {"code": "toys"}])

    async def test_one_that_leads_nowhere_is_refused(self, client: AsyncClient, make: Make) -> None:
        await self._start(client, make)
        made = await client.post("/datasets/goods/records", json={"sku": "A1", "category": "tools"})
        refused = [
            await client.post("/datasets/goods/records", json={"sku": "A2", "category": "tolls"}),
            await client.put("/datasets/goods/records/A1", json={"category": "tolls"}),
            await client.put("/datasets/goods/records/A3", json={"category": "tolls"}),
            await client.patch("/datasets/goods/records/A1", json={"category": "tolls"}),
        ]
        for response in refused:
            assert problem(response) == (409, "/problems/reference-missing")
            assert response.json()["errors"] == [
                {
                    "column": "category",
                    "value": "tolls",
                    "code": "reference_missing",
                    "message": "no record of categories has this key",
                }
            ]
        assert await stored(client, "goods") == [made.json()]

    async def test_of_many_each_is_named(self, client: AsyncClient, make: Make) -> None:
        await self._start(client, make)
        bodies = [
            {"sku": "A1", "category": "x"},
            {"sku": "A2"},
            {"sku": "A3", "category": "toys"},
            {"sku": "A4", "category": "y"},
        ]
        response = await client.post("/datasets/goods/records", json=bodies)
        assert problem(response) == (409, "/problems/reference-missing")
        assert [(error["index"], error["value"]) for error in response.json()["errors"]] == [(0, "x"), (3, "y")]
        assert await stored(client, "goods") == []

    async def test_what_is_referred_to_stays(self, client: AsyncClient, make: Make) -> None:
        await self._start(client, make)
        await client.post("/datasets/goods/records", json={"sku": "A1", "category": "tools"})
        response = await client.delete("/datasets/categories/records/tools")
        assert problem(response) == (409, "/problems/record-referenced")
        assert response.json()["detail"] == "A record of 'goods' refers to the record 'tools' of 'categories'."
        assert (await client.delete("/datasets/categories/records/toys")).status_code == 204
        await client.delete("/datasets/goods/records/A1")
        assert (await client.delete("/datasets/categories/records/tools")).status_code == 204

    async def test_who_may_not_read_it_is_not_told_its_name(
        self, client: AsyncClient, anonymous: AsyncClient, make: Make
    ) -> None:
        await self._start(client, make)
        await client.post("/datasets/goods/records", json={"sku": "A1", "category": "tools"})
        body = {"name": "x", "scopes": ["write"], "datasets": ["categories"]}
        key = (await client.post("/keys", json=body)).json()["key"]
        headers = {"Authorization": f"Bearer {key}"}
        response = await anonymous.delete("/datasets/categories/records/tools", headers=headers)
        assert problem(response) == (409, "/problems/record-referenced")
        assert "goods" not in response.text
