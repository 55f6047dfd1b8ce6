"""Imports into datasets with images: of ids, which the catalogue has to have."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from httpx import AsyncClient

from app.images.models import Image, new_id
from tests.images.rows import add_image, shown
from tests.imports.conftest import Importer

COLUMNS = [{"name": "sku", "type": "text"}, {"name": "photo", "type": "image"}]
RECORDS = "/datasets/lamps/records"


@pytest.fixture
async def image(client: AsyncClient, importer: Importer) -> Image:
    """An image of a dataset, whose one record shows it."""
    assert (await client.post("/datasets", json={"name": "lamps", "key": ["sku"], "columns": COLUMNS})).is_success
    dataset = UUID((await client.get("/datasets/lamps")).json()["id"])
    image = await add_image(dataset_id=dataset)
    assert (await importer("lamps", f"sku,photo\na,{image.id}\n"))["status"] == "succeeded"
    return image


class TestForeignKey:
    @pytest.mark.parametrize("mode", ["append", "upsert", "replace"])
    async def test_an_id_of_no_image_is_a_rejection(self, importer: Importer, image: Image, mode: str) -> None:
        file = f"sku,photo\nb,{new_id()}\nc,{image.id}\nd,\n"
        failed = await importer("lamps", file, mode=mode)
        assert failed["status"] == "failed"
        assert [(one["line"], one["column"], one["code"]) for one in failed["rejections"]] == [
            (2, "photo", "image_missing")
        ]
        loaded = await importer("lamps", file, mode=mode, on_reject="skip")
        assert (loaded["status"], loaded["result"]["added"]) == ("succeeded", 2)

    async def test_a_table_that_replaces_another_keeps_its_images(
        self, client: AsyncClient, importer: Importer, image: Image, connections: asyncpg.Connection
    ) -> None:
        assert (await importer("lamps", f"sku,photo\nb,{image.id}\n", mode="replace"))["status"] == "succeeded"
        assert (await client.get(f"{RECORDS}/b")).json() == {"sku": "b", "photo": shown(image)}
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await connections.execute("DELETE FROM tolva.image WHERE id = $1", image.id)

    async def test_readers_of_other_datasets_go_on_while_a_replacement_waits_for_one(
        self, client: AsyncClient, importer: Importer, image: Image, connections: asyncpg.Connection
    ) -> None:
        async with connections.transaction():
            # An export of any dataset with images.
            await connections.execute("LOCK TABLE tolva.image IN ACCESS SHARE MODE")
            replacing = asyncio.create_task(importer("lamps", f"sku,photo\nb,{image.id}\n", mode="replace"))
            for _ in range(30):
                await asyncio.sleep(0.1)
                assert (await client.get(f"{RECORDS}/a")).json()["photo"] == shown(image)
            assert not replacing.done()
        assert (await replacing)["status"] == "succeeded"
        assert (await client.get(f"{RECORDS}/b")).json()["photo"] == shown(image)
