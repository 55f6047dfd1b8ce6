"""Images in the catalogue: lists of them."""

import pytest
from httpx import AsyncClient

from tests.images.api import announce, dataset_id, problem, store


class TestList:
    async def test_the_newest_comes_first_page_by_page(self, client: AsyncClient) -> None:
        made = [(await announce(client, filename=f"{number}.png")).json()["id"] for number in range(5)]
        first = (await client.get("/images", params={"_limit": 3})).json()
        second = (await client.get("/images", params={"_limit": 3, "_cursor": first["next"]})).json()
        assert [image["id"] for image in first["data"] + second["data"]] == made[::-1]
        assert second["next"] is None

    async def test_it_is_narrowed(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "products"})
        await announce(client)
        waiting = (await announce(client, dataset="products")).json()["id"]
        ready = await store(filename="b.jpg", dataset_id=await dataset_id("products"))

        async def listed(**parameters: str) -> list[str]:
            return [image["id"] for image in (await client.get("/images", params=parameters)).json()["data"]]

        assert await listed(dataset="products") == [ready, waiting]
        assert await listed(dataset="products", status="ready") == [ready]
        assert await listed(filename="b.jpg") == [ready]

    async def test_a_cursor_belongs_to_its_list(self, client: AsyncClient) -> None:
        for number in range(2):
            await announce(client, filename=f"{number}.png")
        cursor = (await client.get("/images", params={"_limit": 1})).json()["next"]
        other = await client.get("/images", params={"_limit": 1, "_cursor": cursor, "status": "ready"})
        assert problem(other) == (400, "cursor-invalid")

    @pytest.mark.parametrize(
        ("parameters", "expected"),
        [
            ({"datset": "x"}, (400, "unknown-parameter")),
            ({"status": "done"}, (400, "parameter-invalid")),
            ({"_unused": "true"}, (400, "parameter-invalid")),
            ({"dataset": "nothing"}, (404, "dataset-not-found")),
            ({"_cursor": "x"}, (400, "cursor-invalid")),
        ],
    )
    async def test_what_is_refused(
        self, client: AsyncClient, parameters: dict[str, str], expected: tuple[int, str]
    ) -> None:
        assert problem(await client.get("/images", params=parameters)) == expected

    async def test_those_that_no_record_names(self, client: AsyncClient) -> None:
        columns = [
            {"name": "sku", "type": "text"},
            {"name": "photo", "type": "image"},
            {"name": "back", "type": "image"},
        ]
        await client.post("/datasets", json={"name": "products", "key": ["sku"], "columns": columns})
        of = await dataset_id("products")
        front, back, neither = [await store(filename=f"{name}.jpg", dataset_id=of) for name in ("a", "b", "c")]
        body = [{"sku": "1", "photo": front, "back": None}, {"sku": "2", "photo": None, "back": back}]
        assert (await client.post("/datasets/products/records", json=body)).status_code == 201
        unused = (await client.get("/images", params={"dataset": "products", "_unused": "true"})).json()["data"]
        assert [image["id"] for image in unused] == [neither]

    async def test_a_keyvalue_dataset_cannot_tell(self, client: AsyncClient) -> None:
        columns = [{"name": "sku", "type": "text"}, {"name": "photo", "type": "image"}]
        await client.post(
            "/datasets", json={"name": "products", "store": "keyvalue", "key": ["sku"], "columns": columns}
        )
        refused = await client.get("/images", params={"dataset": "products", "_unused": "true"})
        assert problem(refused) == (422, "not-supported-by-store")
