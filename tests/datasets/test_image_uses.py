"""The uses of an image, which its deletion asks for."""

import asyncio
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient

from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.datasets.errors import ImageRequired, ImageUseUnknown
from app.datasets.image_uses import clear_uses, count_uses
from app.images.models import Image
from tests.images.rows import add_image

COLUMNS = [{"name": "id", "type": "integer"}, {"name": "photo", "type": "image"}, {"name": "back", "type": "image"}]


async def make(client: AsyncClient, name: str, *records: dict[str, Any], store: str = "relational") -> None:
    body = {"name": name, "columns": COLUMNS, "key": ["id"], "store": store}
    assert (await client.post("/datasets", json=body)).status_code == 201
    numbered = [{"id": number, **record} for number, record in enumerate(records)]
    for start in range(0, len(numbered), 50):
        added = await client.post(f"/datasets/{name}/records", json=numbered[start : start + 50])
        assert added.status_code == 201, added.text


async def uses(image: Image) -> dict[str, int]:
    async with transaction() as session:
        return await count_uses(session, image)


class TestCountUses:
    async def test_records_are_counted_by_their_datasets(self, client: AsyncClient) -> None:
        image, other = await add_image(), await add_image(filename="other.jpg")
        both, none = {"photo": image.id, "back": image.id}, {"photo": other.id}
        await make(client, "lamps", both, none, {"back": image.id}, {})
        await make(client, "chairs", none)
        await make(client, "stored", none, both, {"back": image.id}, store="keyvalue")
        await make(client, "without", none, store="keyvalue")
        assert await uses(image) == {"lamps": 2, "stored": 1}

    async def test_only_its_own_dataset_is_looked_through(self, client: AsyncClient) -> None:
        await make(client, "lamps")
        await make(client, "stored", {}, store="keyvalue")
        dataset = (await client.get("/datasets/lamps")).json()["id"]
        image = await add_image(dataset_id=dataset)
        assert await uses(image) == {}
        await client.post("/datasets/lamps/records", json={"id": 1, "photo": image.id})
        assert await uses(image) == {"lamps": 1}

    async def test_what_is_not_known_is_a_problem(
        self, client: AsyncClient, setting: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        image = await add_image()
        await make(client, "stored", *({} for _ in range(10)), store="keyvalue")
        monkeypatch.setenv("TOLVA_MAX_IMAGE_SEARCH_RECORDS", "10")
        get_settings.cache_clear()
        with pytest.raises(ImageUseUnknown, match="'stored' may have more"):
            await uses(image)
        monkeypatch.setenv("TOLVA_MAX_IMAGE_SEARCH_RECORDS", "11")
        get_settings.cache_clear()
        assert await uses(image) == {}

    async def test_no_record_begins_to_show_it_meanwhile(
        self, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        image = await add_image()
        await make(client, "lamps")
        async with transaction() as session:
            assert await count_uses(session, image) == {}
            writing = asyncio.create_task(client.post("/datasets/lamps/records", json={"id": 1, "photo": image.id}))
            await asyncio.sleep(0.2)
            assert not writing.done()
            row = await session.get(Image, image.id)
            assert row is not None
            await session.delete(row)
        refused = await writing
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "image_missing")


class TestClearUses:
    async def test_nothing_shows_it_then(self, client: AsyncClient, connections: asyncpg.Connection) -> None:
        image, other = await add_image(), await add_image(filename="other.jpg")
        await make(client, "lamps", {"photo": image.id, "back": image.id}, {"photo": other.id, "back": image.id})
        await make(client, "chairs", {"photo": image.id})
        await make(client, "stored", {"photo": image.id}, store="keyvalue")
        async with transaction() as session:
            await clear_uses(session, image)
            assert await count_uses(session, image) == {"stored": 1}
            row = await session.get(Image, image.id)
            assert row is not None
            await session.delete(row)
        records = (await client.get("/datasets/lamps/records")).json()["data"]
        assert [(one["photo"] and one["photo"]["id"], one["back"]) for one in records] == [
            (None, None),
            (other.id, None),
        ]

    async def test_one_that_is_required_stays(self, client: AsyncClient) -> None:
        image = await add_image()
        columns = [COLUMNS[0], {"name": "photo", "type": "image", "required": True}]
        await client.post("/datasets", json={"name": "lamps", "columns": columns, "key": ["id"]})
        await client.post("/datasets/lamps/records", json={"id": 1, "photo": image.id})
        with pytest.raises(ImageRequired, match="'lamps' shows the image in 'photo', which is required"):
            await clear_uses_of(image)
        assert await uses(image) == {"lamps": 1}


async def clear_uses_of(image: Image) -> None:
    async with transaction() as session:
        await clear_uses(session, image)
