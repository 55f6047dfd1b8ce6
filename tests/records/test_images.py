"""Columns of images, in both stores, as a caller sees them."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from httpx import AsyncClient

from app.images.mirror import put_image, remove_image
from app.images.models import Image, new_id
from tests.images.rows import add_image, shown
from tests.records.conftest import Make, problem

COLUMNS = [
    {"name": "shop", "type": "text"},
    {"name": "sku", "type": "text"},
    {"name": "photo", "type": "image"},
    {"name": "back", "type": "image"},
]
RECORDS = "/datasets/products/records"


@pytest.fixture(params=["relational", "keyvalue"])
async def products(request: pytest.FixtureRequest, make: Make, client: AsyncClient) -> UUID:
    """A dataset with two columns of images, in each store; its id."""
    await make("products", COLUMNS, key=["shop", "sku"], store=request.param)
    return UUID((await client.get("/datasets/products")).json()["id"])


def record(sku: str = "1", **members: Any) -> dict[str, Any]:
    return {"shop": "a", "sku": sku, **members}


async def change_alt(connection: asyncpg.Connection, row: Image, alt: str | None) -> None:
    """Give an image another alternative text, as PATCH /images/{image} does."""
    await connection.execute("UPDATE tolva.image SET alt = $2 WHERE id = $1", row.id, alt)
    row.alt = alt
    await put_image(row)


async def delete(connection: asyncpg.Connection, row: Image) -> None:
    """Delete an image and its item; what refers to it in the catalogue is emptied first."""
    await connection.execute("DELETE FROM tolva.image WHERE id = $1", row.id)
    await remove_image(row.id)


class TestRead:
    async def test_an_image_is_an_object_wherever_a_record_is_shown(self, client: AsyncClient, products: UUID) -> None:
        image = await add_image(dataset_id=products, alt='A "lamp"\nÄ \\ \x01 🪔')
        expected = {**record(photo=None, back=None), "photo": shown(image)}
        written = await client.post(RECORDS, json=record(photo=image.id))
        assert (written.status_code, written.json()) == (201, expected)
        assert (await client.get(f"{RECORDS}/a,1")).content == written.content
        listed = await client.get(RECORDS, params={"shop": "a"})
        assert listed.json()["data"] == [expected]
        several = await client.post(f"{RECORDS}/get", json={"keys": [["a", "1"], ["a", "2"]]})
        assert several.json()["data"] == [expected, None]
        view = await client.get(f"{RECORDS}/a,1", params={"_select": "photo"})
        assert view.json() == {"photo": shown(image)}
        assert view.headers["etag"] == written.headers["etag"]

    async def test_both_stores_show_the_same_bytes(self, client: AsyncClient, make: Make) -> None:
        image = await add_image(alt='"\\\x7f\x1f\u2028é🪔\t', version="a-_b")
        answers = []
        for store in ("relational", "keyvalue"):
            await make(store, COLUMNS, key=["shop", "sku"], store=store)
            answers.append((await client.post(f"/datasets/{store}/records", json=record(photo=image.id))).content)
        assert answers[0] == answers[1]

    async def test_an_array_of_records_shows_its_images(self, client: AsyncClient, products: UUID) -> None:
        images = [await add_image(dataset_id=products, filename=f"{number}.jpg") for number in range(3)]
        body = [record(str(number), photo=image.id) for number, image in enumerate(images)]
        written = await client.post(RECORDS, json=body)
        assert [one["photo"] for one in written.json()["data"]] == [shown(image) for image in images]

    async def test_a_record_without_an_image_shows_null(self, client: AsyncClient, products: UUID) -> None:
        assert (await client.post(RECORDS, json=record())).json() == record(photo=None, back=None)

    async def test_the_public_address_begins_its_urls(
        self, client: AsyncClient, setting: None, monkeypatch: pytest.MonkeyPatch, make: Make
    ) -> None:
        monkeypatch.setenv("TOLVA_PUBLIC_URL", "https://api.example.com/prod")
        image = await add_image()
        for store in ("relational", "keyvalue"):
            await make(store, COLUMNS, key=["shop", "sku"], store=store)
            headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
            body = record(photo=f"https://api.example.com/prod/images/{image.id}/content?v=old")
            written = await client.post(f"/datasets/{store}/records", json=body, headers=headers)
            assert written.json()["photo"]["url"] == (
                f"https://api.example.com/prod/images/{image.id}/content?v={image.version}&w=1280"
            )


class TestEntityTag:
    async def test_it_changes_with_what_is_shown(
        self, client: AsyncClient, products: UUID, connections: asyncpg.Connection
    ) -> None:
        image = await add_image(dataset_id=products)
        first = (await client.post(RECORDS, json=record(photo=image.id))).headers["etag"]
        known = await client.get(f"{RECORDS}/a,1", headers={"If-None-Match": first})
        assert known.status_code == 304
        await change_alt(connections, image, "A lamp")
        read = await client.get(f"{RECORDS}/a,1", headers={"If-None-Match": first})
        assert (read.status_code, read.json()["photo"]["alt"]) == (200, "A lamp")
        assert read.headers["etag"] != first
        refused = await client.patch(f"{RECORDS}/a,1", json={"back": image.id}, headers={"If-Match": first})
        assert problem(refused) == (412, "/problems/precondition-failed")
        tag = {"If-Match": read.headers["etag"]}
        changed = await client.patch(f"{RECORDS}/a,1", json={"back": image.id}, headers=tag)
        assert changed.json()["back"] == shown(image)
        assert changed.headers["etag"] == (await client.get(f"{RECORDS}/a,1")).headers["etag"]

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    async def test_it_is_a_condition_of_each_write(self, client: AsyncClient, products: UUID, method: str) -> None:
        image = await add_image(dataset_id=products)
        tag = (await client.post(RECORDS, json=record(photo=image.id))).headers["etag"]
        body = None if method == "DELETE" else {"back": image.id}
        done = await client.request(method, f"{RECORDS}/a,1", json=body, headers={"If-Match": tag})
        assert done.status_code in (200, 204), done.text
        again = await client.request(method, f"{RECORDS}/a,1", json=body, headers={"If-Match": tag})
        assert again.status_code == 412 if method != "DELETE" else again.status_code in (404, 412)

    async def test_put_adds_only_what_is_absent(self, client: AsyncClient, products: UUID) -> None:
        image = await add_image(dataset_id=products)
        only_new = {"If-None-Match": "*"}
        added = await client.put(f"{RECORDS}/a,1", json={"photo": image.id}, headers=only_new)
        assert (added.status_code, added.json()["photo"]) == (201, shown(image))
        refused = await client.put(f"{RECORDS}/a,1", json={"photo": None}, headers=only_new)
        assert problem(refused) == (412, "/problems/precondition-failed")


class TestWrite:
    @pytest.mark.parametrize(
        "value",
        [
            "{id}", "lamp.jpg", "/images/{id}/content?v=x&w=256", "/images/{id}", "/images/{id}/original",
            "http://tolva.test/images/{id}/content?v={version}&w=1280", "https://x.example/images/{id}/content#a",
        ],
    )  # fmt: skip
    async def test_an_image_is_named_in_many_ways(self, client: AsyncClient, products: UUID, value: str) -> None:
        image = await add_image(dataset_id=products)
        photo = value.format(id=image.id, version=image.version)
        written = await client.post(RECORDS, json=record(photo=photo))
        assert written.json()["photo"] == shown(image)
        changed = await client.patch(f"{RECORDS}/a,1", json={"back": photo})
        assert changed.json()["back"] == shown(image)
        replaced = await client.put(f"{RECORDS}/a,1", json=changed.json())
        assert replaced.json() == changed.json()

    async def test_a_filename_is_compared_in_one_form(self, client: AsyncClient, products: UUID) -> None:
        image = await add_image(dataset_id=products, filename="caf\u00e9.jpg")
        written = await client.post(RECORDS, json=record(photo="cafe\u0301.jpg"))
        assert written.json()["photo"] == shown(image)

    async def test_a_filename_means_the_current_image(self, client: AsyncClient, products: UUID) -> None:
        await add_image(dataset_id=products, is_current=False)
        image = await add_image(dataset_id=products)
        await add_image(dataset_id=products, is_current=False, status="checking")
        written = await client.post(RECORDS, json=record(photo="lamp.jpg"))
        assert written.json()["photo"] == shown(image)

    async def test_an_image_of_no_dataset_is_named_by_its_id(self, client: AsyncClient, products: UUID) -> None:
        image = await add_image()
        assert (await client.post(RECORDS, json=record(photo=image.id))).json()["photo"] == shown(image)
        refused = await client.post(RECORDS, json=record("2", photo="lamp.jpg"))
        assert refused.json()["errors"][0]["code"] == "image_missing"

    async def test_each_that_cannot_be_is_named(self, client: AsyncClient, products: UUID, make: Make) -> None:
        await make("others", COLUMNS, key=["sku"])
        others = UUID((await client.get("/datasets/others")).json()["id"])
        waiting = await add_image(dataset_id=products, status="awaiting_upload", is_current=False, filename="w.jpg")
        checking = await add_image(dataset_id=products, status="checking", is_current=False, filename="c.jpg")
        told = {"code": "truncated", "message": "The file ends too early."}
        rejected = await add_image(dataset_id=products, status="rejected", is_current=False, problem=told)
        other = await add_image(dataset_id=others)
        values = {
            new_id(): ("image_missing", "there is no image of this id: upload it with POST /images"),
            "none.jpg": ("image_missing", "no image of the dataset has this filename: upload it with POST /images"),
            "": ("image_missing", "no image of the dataset has this filename: upload it with POST /images"),
            waiting.id: ("image_not_ready", "the file of the image was not uploaded yet: upload it, and try again"),
            "c.jpg": ("image_not_ready", "the image is still being checked: try again in a moment"),
            checking.id: ("image_not_ready", "the image is still being checked: try again in a moment"),
            rejected.id: ("image_rejected", "the image was rejected (The file ends too early): upload another one"),
            "lamp.jpg": ("image_rejected", "the image was rejected (The file ends too early): upload another one"),
            other.id: ("image_of_other_dataset", "the image belongs to the dataset 'others': upload it to this one"),
            "https://pictures.example/lamp.jpg": (
                "image_external",
                "not an image of this service: download it, upload it with POST /images, and give its id",
            ),
        }
        body = [record(str(number), photo=value) for number, value in enumerate(values)]
        refused = await client.post(RECORDS, json=body)
        assert problem(refused) == (422, "/problems/record-invalid")
        expected = [
            {"index": index, "column": "photo", "value": value, "code": code, "message": message}
            for index, (value, (code, message)) in enumerate(values.items())
        ]
        assert refused.json()["errors"] == expected

    async def test_other_mistakes_are_listed_with_those_of_images(self, client: AsyncClient, products: UUID) -> None:
        body = [record("1", photo="none.jpg"), record("2", photo=7), record("3", colour="red"), record("4", back="x")]
        errors = (await client.post(RECORDS, json=body)).json()["errors"]
        assert [(one["index"], one["code"]) for one in errors] == [
            (0, "image_missing"), (1, "not_image"), (2, "unknown_column"), (3, "image_missing"),
        ]  # fmt: skip

    async def test_the_images_of_a_closed_dataset_are_as_if_they_were_not(
        self, client: AsyncClient, products: UUID, make: Make
    ) -> None:
        await make("others", COLUMNS, key=["sku"])
        others = UUID((await client.get("/datasets/others")).json()["id"])
        image = await add_image(dataset_id=others)
        body = {"name": "some", "scopes": ["write"], "datasets": ["products"]}
        key = (await client.post("/keys", json=body)).json()["key"]
        headers = {"Authorization": f"Bearer {key}"}
        refused = await client.post(RECORDS, json=record(photo=image.id), headers=headers)
        assert refused.json()["errors"] == [
            {
                "column": "photo",
                "value": image.id,
                "code": "image_missing",
                "message": "there is no image of this id: upload it with POST /images",
            }
        ]

    async def test_the_images_of_a_request_are_found_by_one_statement(
        self, client: AsyncClient, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await make("products", COLUMNS, key=["shop", "sku"])
        dataset = UUID((await client.get("/datasets/products")).json()["id"])
        images = [await add_image(dataset_id=dataset, filename=f"{number}.jpg") for number in range(10)]
        asked: list[str] = []
        fetch = asyncpg.Connection.fetch

        async def note(self: asyncpg.Connection, query: str, *values: Any, **options: Any) -> list[asyncpg.Record]:
            asked.append(query)
            return await fetch(self, query, *values, **options)

        monkeypatch.setattr(asyncpg.Connection, "fetch", note)
        body = [record(str(n), photo=images[n % 10].id, back=f"{n % 7}.jpg") for n in range(1000)]
        written = await client.post(RECORDS, json=body)
        assert written.status_code == 201, written.text
        # One finds them, and one writes the records.
        assert len([query for query in asked if "tolva" in query and "image" in query]) == 2

    async def test_allowed_images_are_compared_by_their_ids(self, client: AsyncClient, make: Make) -> None:
        lamp, chair = await add_image(), await add_image(filename="chair.jpg")
        columns = [{"name": "sku", "type": "text"}, {"name": "photo", "type": "image", "one_of": [lamp.id]}]
        await make("products", columns, key=["sku"])
        allowed = await client.post(RECORDS, json={"sku": "1", "photo": f"/images/{lamp.id}"})
        assert allowed.status_code == 201
        refused = await client.post(RECORDS, json={"sku": "2", "photo": chair.id})
        assert [(one["column"], one["code"]) for one in refused.json()["errors"]] == [("photo", "one_of")]


class TestDeletedImage:
    async def test_the_catalogue_keeps_one_that_a_table_names(
        self, client: AsyncClient, make: Make, connections: asyncpg.Connection
    ) -> None:
        await make("products", COLUMNS, key=["shop", "sku"])
        image = await add_image()
        assert (await client.post(RECORDS, json=record(photo=image.id))).status_code == 201
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await delete(connections, image)

    async def test_a_key_value_record_shows_null_for_one_that_is_gone(
        self, client: AsyncClient, make: Make, connections: asyncpg.Connection
    ) -> None:
        await make("products", COLUMNS, key=["shop", "sku"], store="keyvalue")
        image = await add_image()
        first = await client.post(RECORDS, json=record(photo=image.id))
        await delete(connections, image)
        read = await client.get(f"{RECORDS}/a,1")
        assert read.json()["photo"] is None
        assert read.headers["etag"] != first.headers["etag"]
        changed = await client.patch(f"{RECORDS}/a,1", json={"back": None}, headers={"If-Match": read.headers["etag"]})
        assert changed.json() == record(photo=None, back=None)

    async def test_one_that_is_deleted_while_a_record_is_written_is_a_mistake(
        self, client: AsyncClient, make: Make, connections: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from app.images import lookup  # noqa: PLC0415

        await make("products", COLUMNS, key=["shop", "sku"])
        image = await add_image()
        resolve = lookup.resolve

        async def resolve_and_lose(*given: Any) -> Any:
            found = await resolve(*given)
            await connections.execute("DELETE FROM tolva.image WHERE id = $1", image.id)
            return found

        monkeypatch.setattr(lookup, "resolve", resolve_and_lose)
        for write in (
            client.post(RECORDS, json=record(photo=image.id)),
            client.post(RECORDS, json=[record(photo=image.id)]),
            client.put(f"{RECORDS}/a,1", json={"photo": image.id}),
        ):
            refused = await write
            assert problem(refused) == (422, "/problems/record-invalid")
            assert refused.json()["errors"][0]["code"] == "image_missing"


class TestQuery:
    @pytest.fixture
    async def images(self, client: AsyncClient, make: Make) -> list[Image]:
        """Three images of a relational dataset: two are a record's, and one record has none."""
        await make("products", COLUMNS, key=["sku"])
        dataset = UUID((await client.get("/datasets/products")).json()["id"])
        images = [await add_image(dataset_id=dataset, filename=name) for name in ("a.jpg", "b.jpg", "=c.jpg")]
        body = [record(str(n), photo=one) for n, one in enumerate([images[0].id, images[1].id, images[0].id, None])]
        assert (await client.post(RECORDS, json=body)).status_code == 201
        return images

    @pytest.mark.parametrize(
        ("parameters", "expected"),
        [
            ({"photo": "{0}"}, "02"), ({"photo": "a.jpg"}, "02"), ({"photo": "/images/{1}/content?v=x"}, "1"),
            ({"photo": "none.jpg"}, ""), ({"photo__ne": "a.jpg"}, "13"), ({"photo__ne": "none.jpg"}, "0123"),
            ({"photo__in": "{0},b.jpg"}, "012"), ({"photo__in": "b.jpg,none.jpg"}, "1"),
            ({"photo__nin": "b.jpg"}, "023"), ({"photo__nin": "{0},{1}"}, "3"),
            ({"photo__isnull": "true"}, "3"), ({"photo__isnull": "false"}, "012"),
        ],
    )  # fmt: skip
    async def test_records_are_found_by_their_images(
        self, client: AsyncClient, images: list[Image], parameters: dict[str, str], expected: str
    ) -> None:
        asked = {name: value.format(*(image.id for image in images)) for name, value in parameters.items()}
        found = (await client.get(RECORDS, params=asked)).json()["data"]
        assert "".join(one["sku"] for one in found) == expected
        where = {name.partition("__")[0]: {name.partition("__")[2] or "eq": asked[name]} for name in asked}
        for conditions in where.values():
            for operator in ("in", "nin"):
                if operator in conditions:
                    conditions[operator] = conditions[operator].split(",")  # type: ignore[assignment]
            if "isnull" in conditions:
                conditions["isnull"] = conditions["isnull"] == "true"  # type: ignore[assignment]
        queried = await client.post(f"{RECORDS}/query", json={"where": where})
        assert queried.json()["data"] == found

    async def test_pages_follow_each_other(self, client: AsyncClient, images: list[Image]) -> None:
        first = (await client.get(RECORDS, params={"_limit": 1, "_sort": "-sku"})).json()
        second = (await client.get(RECORDS, params={"_limit": 2, "_sort": "-sku", "_cursor": first["next"]})).json()
        assert [one["sku"] for one in (*first["data"], *second["data"])] == ["3", "2", "1"]
        assert second["data"][0]["photo"] == shown(images[0])

    async def test_they_are_counted_and_grouped_by_their_ids(self, client: AsyncClient, images: list[Image]) -> None:
        asked = {"_group": "photo", "_aggregate": "count,photo__count", "_sort": "-count"}
        answer = await client.get("/datasets/products/aggregate", params=asked)
        assert {(one["photo"], one["count"], one["photo__count"]) for one in answer.json()["data"]} == {
            (images[0].id, 2, 2), (images[1].id, 1, 1), (None, 1, 0),
        }  # fmt: skip
        counted = await client.get("/datasets/products/aggregate", params={"_aggregate": "photo__count_distinct"})
        assert counted.json()["data"] == [{"photo__count_distinct": 2}]

    async def test_lines_of_json_show_objects(self, client: AsyncClient, images: list[Image]) -> None:
        lines = await client.get(RECORDS, headers={"Accept": "application/x-ndjson"}, params={"photo": "b.jpg"})
        assert lines.json()["photo"] == shown(images[1])

    async def test_cells_are_filenames(
        self, client: AsyncClient, images: list[Image], connections: asyncpg.Connection
    ) -> None:
        unnamed = await add_image()
        await client.patch(f"{RECORDS}/1", json={"photo": images[2].id, "back": unnamed.id})
        await connections.execute("UPDATE tolva.image SET is_current = false WHERE id = $1", images[0].id)
        asked = {"_select": "sku,photo,back"}
        plain = await client.get(RECORDS, headers={"Accept": "text/csv"}, params=asked)
        assert plain.text.splitlines() == [
            "sku,photo,back", f"0,{images[0].id},", f"1,=c.jpg,{unnamed.id}", f"2,{images[0].id},", "3,,",
        ]  # fmt: skip
        safe = await client.get(RECORDS, headers={"Accept": "text/csv"}, params={**asked, "_spreadsheet": "true"})
        assert f"1,'=c.jpg,{unnamed.id}" in safe.text.splitlines()

    async def test_embedded_records_show_theirs(self, client: AsyncClient, make: Make, images: list[Image]) -> None:
        columns = [{"name": "id", "type": "integer"}, {"name": "product", "type": "text", "references": "products"}]
        await make("orders", columns, key=["id"])
        await client.post("/datasets/orders/records", json={"id": 1, "product": "0"})
        asked = {"_embed": "product"}
        page = await client.get("/datasets/orders/records", params=asked)
        assert page.json()["data"][0]["_embedded"]["product"]["photo"] == shown(images[0])
        one = await client.get("/datasets/orders/records/1", params=asked)
        assert one.json()["_embedded"]["product"]["photo"] == shown(images[0])
        cells = await client.get("/datasets/orders/records", params=asked, headers={"Accept": "text/csv"})
        assert cells.text.splitlines()[1] == "1,0,a,0,a.jpg,"
