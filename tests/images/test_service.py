"""Images as callers change them, and the way to the file as it came."""

import pytest
from httpx import AsyncClient

from app.core.database.sessions import transaction
from app.images.mirror import find_image
from app.images.models import Image
from tests.images.api import PICTURE, Document, announce, dataset_id, problem, send, store


class TestUpdate:
    async def test_the_text_changes_no_url(self, client: AsyncClient) -> None:
        image = await store(version="v1")
        shown = (await client.patch(f"/images/{image}", json={"alt": "A lamp"})).json()
        assert (shown["alt"], shown["url"]) == ("A lamp", f"/images/{image}/content?v=v1&w=1280")
        assert (await client.patch(f"/images/{image}", json={"alt": None})).json()["alt"] is None

    async def test_another_focal_point_changes_the_urls(self, client: AsyncClient) -> None:
        image = await store(version="v1")
        point = {"x": 0.1, "y": 1.0}
        shown = (await client.patch(f"/images/{image}", json={"focal_point": point})).json()
        assert shown["focal_point"] == point
        assert "v=v1" not in shown["url"]
        async with transaction() as session:
            row = await session.get(Image, image)
            assert row is not None
            assert row.old_versions == ["v1"]

    async def test_the_same_focal_point_changes_nothing(self, client: AsyncClient) -> None:
        image = await store(focal_x=0.5, focal_y=0.5)
        before = (await client.get(f"/images/{image}")).json()
        again = await client.patch(f"/images/{image}", json={"focal_point": {"x": 0.5, "y": 0.5}})
        assert again.json() == before

    async def test_the_versions_that_links_may_name_are_bounded(self, client: AsyncClient) -> None:
        image = await store(old_versions=[f"v{number}" for number in range(20)], version="v20")
        await client.patch(f"/images/{image}", json={"focal_point": {"x": 0, "y": 0}})
        async with transaction() as session:
            row = await session.get(Image, image)
            assert row is not None
            assert row.old_versions == [f"v{number}" for number in range(1, 21)]

    @pytest.mark.parametrize(
        "body", [{"filename": "b.png"}, {"focal_point": {"x": "left", "y": 0}}, {"focal_point": {"x": True, "y": 0}}]
    )
    async def test_what_is_refused(self, client: AsyncClient, body: Document) -> None:
        image = await store()
        assert problem(await client.patch(f"/images/{image}", json=body)) == (422, "request-invalid")

    async def test_the_table_has_it_too(self, client: AsyncClient) -> None:
        image = await store(version="v1")
        await client.patch(f"/images/{image}", json={"alt": "A lamp", "focal_point": {"x": 0.5, "y": 0}})
        mirrored = await find_image(image)
        assert mirrored is not None
        assert (mirrored.alt, mirrored.focal_point, mirrored.old_versions) == ("A lamp", (0.5, 0.0), ("v1",))

    async def test_one_that_is_not_ready_is_not_in_the_table(self, client: AsyncClient) -> None:
        image = (await announce(client)).json()["id"]
        await client.patch(f"/images/{image}", json={"alt": "A lamp"})
        assert await find_image(image) is None


class TestDelete:
    @pytest.mark.parametrize("kind", ["relational", "keyvalue"])
    async def test_one_that_a_record_shows_stays(self, client: AsyncClient, kind: str) -> None:
        columns = [{"name": "sku", "type": "text"}, {"name": "photo", "type": "image"}]
        body = {"name": "products", "store": kind, "key": ["sku"], "columns": columns}
        assert (await client.post("/datasets", json=body)).status_code == 201
        image = await store(dataset_id=await dataset_id("products"))
        await client.put("/datasets/products/records/1", json={"photo": image})
        refused = await client.delete(f"/images/{image}")
        assert problem(refused) == (409, "image-in-use")
        assert refused.json()["errors"] == [{"dataset": "products", "records": 1, "message": "1 record of 'products'"}]
        await client.patch("/datasets/products/records/1", json={"photo": None})
        assert (await client.delete(f"/images/{image}")).status_code == 204

    @pytest.mark.parametrize("kind", ["relational", "keyvalue"])
    async def test_by_force_its_records_show_null(self, client: AsyncClient, kind: str) -> None:
        columns = [{"name": "sku", "type": "text"}, {"name": "photo", "type": "image"}]
        body = {"name": "products", "store": kind, "key": ["sku"], "columns": columns}
        await client.post("/datasets", json=body)
        image = await store(dataset_id=await dataset_id("products"))
        await client.put("/datasets/products/records/1", json={"photo": image})
        assert (await client.delete(f"/images/{image}", params={"force": "true"})).status_code == 204
        assert (await client.get("/datasets/products/records/1")).json()["photo"] is None

    async def test_not_if_a_column_cannot_be_null(self, client: AsyncClient) -> None:
        columns = [{"name": "sku", "type": "text"}, {"name": "photo", "type": "image", "required": True}]
        await client.post("/datasets", json={"name": "products", "key": ["sku"], "columns": columns})
        image = await store(dataset_id=await dataset_id("products"))
        await client.put("/datasets/products/records/1", json={"photo": image})
        refused = await client.delete(f"/images/{image}", params={"force": "true"})
        assert problem(refused) == (409, "image-required")

    async def test_the_one_before_it_of_its_name_is_current_again(self, client: AsyncClient) -> None:
        first = await store(is_current=False)
        second = await store(is_current=True)
        assert (await client.delete(f"/images/{second}")).status_code == 204
        async with transaction() as session:
            row = await session.get(Image, first)
            assert row is not None
            assert row.is_current


class TestOriginal:
    async def test_it_is_the_file_as_it_came(self, client: AsyncClient) -> None:
        announced = (await announce(client, filename="größe 1.png")).json()
        sent = await send(announced["upload"], PICTURE)
        async with transaction() as session:
            row = await session.get(Image, announced["id"])
            assert row is not None
            row.status, row.object_version = "ready", sent.headers["x-amz-version-id"]
            session.add(row)
        response = await client.get(f"/images/{announced['id']}/original")
        assert response.status_code == 307
        assert response.headers["cache-control"] == "no-store"
        async with AsyncClient() as storage:
            file = await storage.get(response.headers["location"])
        assert file.content == PICTURE
        assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe%201.png"

    async def test_there_is_none_before_it_was_checked(self, client: AsyncClient) -> None:
        image = (await announce(client)).json()["id"]
        refused = await client.get(f"/images/{image}/original")
        assert problem(refused) == (409, "image-not-ready")
        assert refused.headers["retry-after"] == "1"

    async def test_there_is_none_of_a_file_that_was_refused(self, client: AsyncClient) -> None:
        image = await store(status="rejected", is_current=False, problem={"code": "x", "message": "it is cut"})
        refused = await client.get(f"/images/{image}/original")
        assert problem(refused) == (410, "image-rejected")
        assert "it is cut" in refused.json()["detail"]
