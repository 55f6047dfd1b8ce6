"""Access to images."""

import pytest
from httpx import AsyncClient, Response

from tests.images.api import dataset_id, key_for, problem, store


class TestAccess:
    """Keys open images as they open the records of their dataset."""

    @pytest.mark.parametrize("path", ["/images", "/images/img_1", "/images/img_1/original"])
    async def test_a_key_is_needed(self, anonymous: AsyncClient, path: str) -> None:
        assert problem(await anonymous.get(path)) == (401, "key-missing")

    async def test_a_key_that_reads_does_not_write(self, client: AsyncClient) -> None:
        image = await store()
        headers = await key_for(client, "read")
        assert (await client.get(f"/images/{image}", headers=headers)).status_code == 200
        body = {"filename": "a1.png", "size": 5}
        refused = [
            await client.post("/images", json=body, headers=headers),
            await client.patch(f"/images/{image}", json={"alt": "x"}, headers=headers),
            await client.delete(f"/images/{image}", headers=headers),
        ]
        assert [problem(response) for response in refused] == [(403, "scope-missing")] * 3

    async def test_a_limited_key_has_the_images_of_its_datasets(self, client: AsyncClient) -> None:
        for name in ("products", "people"):
            await client.post("/datasets", json={"name": name})
        own = await store(filename="own.jpg", dataset_id=await dataset_id("products"))
        others = [await store(filename="o.jpg", dataset_id=await dataset_id("people")), await store(filename="n.jpg")]
        headers = await key_for(client, "write", "products")
        listed = (await client.get("/images", headers=headers)).json()["data"]
        assert [image["id"] for image in listed] == [own]
        assert (await client.get(f"/images/{own}", headers=headers)).status_code == 200
        for other in others:
            assert problem(await client.get(f"/images/{other}", headers=headers)) == (404, "image-not-found")
            assert problem(await client.delete(f"/images/{other}", headers=headers)) == (404, "image-not-found")
        listing = await client.get("/images", params={"dataset": "people"}, headers=headers)
        assert problem(listing) == (403, "scope-missing")

    async def test_a_limited_key_adds_them_to_its_datasets_alone(self, client: AsyncClient) -> None:
        for name in ("products", "people"):
            await client.post("/datasets", json={"name": name})
        headers = await key_for(client, "write", "products")

        async def announced(**body: str) -> Response:
            return await client.post("/images", json={"filename": "a.png", "size": 5, **body}, headers=headers)

        assert (await announced(dataset="products")).status_code == 201
        assert problem(await announced(dataset="people")) == (403, "scope-missing")
        assert problem(await announced()) == (403, "scope-missing")
