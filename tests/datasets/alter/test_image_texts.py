"""A column of texts becomes one of images, and the other way round."""

from uuid import UUID

import asyncpg
import pytest
from httpx import AsyncClient

from app.images.models import Image, new_id
from tests.datasets.conftest import Columns, Things
from tests.images.rows import add_image, shown

TYPE_IMAGE = {"columns": {"photo": {"type": "image"}}}
TYPE_TEXT = {"columns": {"photo": {"type": "text"}}}


async def dataset_of(things: Things) -> UUID:
    return UUID((await things.client.get("/datasets/things")).json()["id"])


async def photos(client: AsyncClient) -> list[object]:
    records = (await client.get("/datasets/things/records")).json()["data"]
    return [record["photo"] for record in records]


async def make(things: Things, *texts: str | None, **members: object) -> list[Image]:
    """Make a dataset with these texts, and two images of it: `lamp.jpg` and `café.jpg`."""
    rows = [(number, text) for number, text in enumerate(texts)]
    columns: Columns = {"filename": "integer", "photo": {"type": "text", **members}}
    await things.make(columns, rows, key=["filename"])
    dataset = await dataset_of(things)
    return [await add_image(dataset_id=dataset, filename=name) for name in ("lamp.jpg", "caf\u00e9.jpg")]


class TestReadImage:
    async def test_filenames_ids_and_urls_become_the_images_that_they_name(self, things: Things) -> None:
        free = await add_image(filename="lamp.jpg")
        url = f"https://x.example/prod/images/{free.id}/content?v=old&w=256"
        lamp, cafe = await make(things, "lamp.jpg", " cafe\u0301.jpg ", free.id, url, "", None)
        changed = await things.change(TYPE_IMAGE)
        assert changed["columns"][1]["type"] == "image"
        expected = [shown(lamp), shown(cafe), shown(free), shown(free), None, None]
        assert await photos(things.client) == expected

    async def test_what_names_none_is_listed(self, things: Things) -> None:
        await things.make({"id": "integer", "photo": "image"}, name="others", key=["id"])
        other = UUID((await things.client.get("/datasets/others")).json()["id"])
        foreign = await add_image(dataset_id=other, filename="other.jpg")
        unknown = new_id()
        texts = ("lamp.jpg", "none.jpg", foreign.id, unknown, "other.jpg", "checking.jpg")
        await make(things, *texts)
        checking = {"filename": "checking.jpg", "status": "checking", "is_current": False}
        await add_image(dataset_id=await dataset_of(things), **checking)
        refused = await things.refused(TYPE_IMAGE, "records-incompatible")
        assert [(one["key"], one["value"], one["code"]) for one in refused["errors"]] == [
            (str(number), text, "not_image") for number, text in enumerate(texts) if number
        ]
        assert "Upload the images that are missing to this dataset" in refused["hint"]

    async def test_a_value_of_its_own_rules_is_judged_as_an_image(self, things: Things) -> None:
        lamp, _ = await make(things, "lamp.jpg", "caf\u00e9.jpg")
        change = {"columns": {"photo": {"type": "image", "one_of": [lamp.id]}}}
        refused = await things.refused(change, "records-incompatible")
        assert [(one["key"], one["code"]) for one in refused["errors"]] == [("1", "one_of")]

    async def test_two_texts_of_one_image_are_no_longer_unique(self, things: Things) -> None:
        lamp, _ = await make(things, "lamp.jpg", None, unique=True)
        await things.connection.execute("UPDATE data.things SET photo = $1 WHERE photo IS NULL", lamp.id)
        refused = await things.refused(TYPE_IMAGE, "records-incompatible")
        assert {one["code"] for one in refused["errors"]} == {"repeated_value"}

    async def test_a_required_column_has_an_image_in_every_record(self, things: Things) -> None:
        lamp, _ = await make(things, "lamp.jpg", "", required=True)
        await things.refused(TYPE_IMAGE, "records-incompatible")
        await things.change({"columns": {"photo": {"type": "image", "fill": lamp.id}}})
        assert await photos(things.client) == [shown(lamp), shown(lamp)]

    async def test_the_table_keeps_its_images_then(self, things: Things) -> None:
        lamp, _ = await make(things, "lamp.jpg")
        await things.change(TYPE_IMAGE)
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await things.connection.execute("DELETE FROM tolva.image WHERE id = $1", lamp.id)


class TestShowImage:
    async def test_images_become_what_exports_have_for_them(self, things: Things) -> None:
        free = await add_image(filename="free.jpg")
        lamp, _ = await make(things, "lamp.jpg", free.id, None)
        await things.change(TYPE_IMAGE)
        await things.change(TYPE_TEXT)
        assert await photos(things.client) == ["lamp.jpg", free.id, None]
        await things.connection.execute("DELETE FROM tolva.image WHERE id = $1", lamp.id)

    async def test_nothing_else_becomes_an_image_or_is_made_of_one(self, things: Things) -> None:
        await things.make({"id": "integer", "photo": "image", "size": "integer"}, key=["id"])
        await things.refused({"columns": {"size": {"type": "image"}}}, "type-conversion-not-supported")
        refused = await things.refused({"columns": {"photo": {"type": "integer"}}}, "type-conversion-not-supported")
        assert refused["hint"] == "They can become text."


class TestColumns:
    async def test_a_column_that_is_added_is_filled_with_an_image(self, things: Things) -> None:
        await make(things, "lamp.jpg")
        free = await add_image()
        added = {"name": "back", "type": "image", "fill": free.id}
        await things.change({"add_columns": [added]})
        records = (await things.client.get("/datasets/things/records")).json()["data"]
        assert records[0]["back"] == shown(free)
        added = {"name": "side", "type": "image", "fill": new_id()}
        refused = await things.refused({"add_columns": [added]}, "records-incompatible")
        assert refused["errors"][0]["code"] == "image_missing"

    async def test_it_is_renamed_and_dropped(self, things: Things) -> None:
        lamp, _ = await make(things, "lamp.jpg")
        await things.change(TYPE_IMAGE)
        await things.change({"columns": {"photo": {"name": "picture"}}})
        records = (await things.client.get("/datasets/things/records")).json()["data"]
        assert records[0]["picture"] == shown(lamp)
        await things.change({"columns": {"picture": None}})
        await things.connection.execute("DELETE FROM tolva.image WHERE id = $1", lamp.id)

    async def test_it_refers_to_images_and_to_nothing_else(self, things: Things) -> None:
        await things.make({"id": "text"}, name="others", key=["id"])
        columns = [{"name": "photo", "type": "image", "references": "others"}]
        refused = await things.client.post("/datasets", json={"name": "things", "columns": columns})
        assert refused.json()["type"] == "/problems/reference-invalid"

    async def test_a_dataset_is_deleted_with_its_images(self, things: Things) -> None:
        lamp, _ = await make(things, "lamp.jpg")
        await things.change(TYPE_IMAGE)
        deleted = await things.client.delete("/datasets/things", params={"confirm": "things"})
        assert deleted.status_code == 204
        assert await things.connection.fetchval("SELECT count(*) FROM tolva.image") == 0
        assert await things.connection.fetchval("SELECT id FROM tolva.image_removal WHERE id = $1", lamp.id) == lamp.id
