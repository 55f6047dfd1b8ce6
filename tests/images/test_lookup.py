"""Images as records name them."""

from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient

from app.core.settings import get_settings
from app.datasets.images import ImageFault
from app.images.lookup import resolve, show
from app.images.mirror import put_image
from tests.images.api import dataset_id, store
from tests.images.rows import ready_image

UNKNOWN = f"img_{'0' * 20}"


@pytest.fixture
async def products(client: AsyncClient) -> Any:
    """The id of a dataset."""
    await client.post("/datasets", json={"name": "products"})
    return await dataset_id("products")


async def code(products: UUID, value: str) -> str | None:
    """The code of the fault of a value, None if it names an image."""
    found = (await resolve(products, [value]))[value]
    return found.code if isinstance(found, ImageFault) else None


class TestResolve:
    async def test_by_id_by_filename_and_by_url(self, products: UUID) -> None:
        image = await store(dataset_id=products, filename="größe.jpg")
        names = [image, "größe.jpg", "gro\u0308ße.jpg", f"/images/{image}/content?w=64", f"http://any/images/{image}"]
        assert await resolve(products, names) == dict.fromkeys(names, image)

    async def test_images_of_no_dataset_have_ids_only(self, products: UUID) -> None:
        image = await store(filename="a.jpg")
        assert await code(products, image) is None
        assert await code(products, "a.jpg") == "image_missing"

    async def test_the_newest_of_a_filename(self, products: UUID) -> None:
        await store(dataset_id=products, is_current=False)
        image = await store(dataset_id=products)
        assert await resolve(products, ["lamp.jpg"]) == {"lamp.jpg": image}

    async def test_faults(self, client: AsyncClient, products: UUID) -> None:
        await client.post("/datasets", json={"name": "people"})
        members: dict[str, Any] = {"dataset_id": products, "is_current": False}
        expected = {
            UNKNOWN: "image_missing",
            "nothing.jpg": "image_missing",
            "https://elsewhere.example/a.jpg": "image_external",
            await store(dataset_id=await dataset_id("people")): "image_of_other_dataset",
            await store(**members, status="checking"): "image_not_ready",
            await store(**members, status="rejected", problem={"code": "x", "message": "cut"}): "image_rejected",
        }
        assert {value: await code(products, value) for value in expected} == expected

    @pytest.mark.usefixtures("setting")
    async def test_with_a_public_address_other_hosts_are_foreign(
        self, products: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOLVA_PUBLIC_URL", "https://api.example.com/v1")
        get_settings.cache_clear()
        image = await store(dataset_id=products)
        assert await code(products, f"https://api.example.com/v1/images/{image}/content") is None
        assert await code(products, f"https://api.example.com/v2/images/{image}/content") == "image_external"
        assert await code(products, f"https://other.example/v1/images/{image}/content") == "image_external"


class TestShow:
    async def test_those_that_are_ready(self, database_url: str) -> None:  # for the table
        row = ready_image()
        await put_image(row)
        shown = await show([row.id, UNKNOWN])
        assert shown.keys() == {row.id}
