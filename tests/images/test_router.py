"""Images over HTTP: announced, shown, listed, described, deleted."""

import base64
import hashlib
import unicodedata
from typing import Any

import pytest
from httpx import AsyncClient

from app.core.settings import get_settings
from tests.images.api import PICTURE, Document, announce, dataset_id, problem, send, store


class TestCreate:
    async def test_it_says_where_to_send_the_file(self, client: AsyncClient) -> None:
        response = await announce(client, alt="A lamp", focal_point={"x": 0.25, "y": 0.5})
        shown = response.json()
        assert response.status_code == 201
        assert response.headers["location"] == f"http://tolva.test/images/{shown['id']}"
        assert response.headers["cache-control"] == "no-store"
        assert (shown["status"], shown["filename"], shown["dataset"]) == ("awaiting_upload", "a1.png", None)
        assert (shown["alt"], shown["focal_point"]) == ("A lamp", {"x": 0.25, "y": 0.5})
        assert (shown["url"], shown["variants"], shown["width"]) == (None, None, None)
        assert shown["upload"]["headers"]["Content-Type"] == "image/png"
        assert (await client.get(f"/images/{shown['id']}")).json() == {
            name: value for name, value in shown.items() if name != "upload"
        }

    async def test_the_file_goes_to_the_bucket_once(self, client: AsyncClient) -> None:
        upload = (await announce(client)).json()["upload"]
        assert (await send(upload, PICTURE)).status_code == 200
        assert (await send(upload, PICTURE)).status_code == 412

    async def test_a_file_of_another_size_is_refused_by_the_storage(self, client: AsyncClient) -> None:
        upload = (await announce(client)).json()["upload"]
        assert (await send(upload, PICTURE + b"x", **{"Content-Length": str(len(PICTURE) + 1)})).status_code == 403

    async def test_the_digest_is_signed(self, client: AsyncClient) -> None:
        digest = hashlib.sha256(PICTURE)
        shown = (await announce(client, sha256=digest.hexdigest().upper())).json()
        assert shown["sha256"] == digest.hexdigest()
        sent = shown["upload"]["headers"]["x-amz-checksum-sha256"]
        assert base64.b64decode(sent) == digest.digest()
        assert (await send(shown["upload"], PICTURE[:-1] + b"X")).status_code == 400
        assert (await send(shown["upload"], PICTURE)).status_code == 200

    async def test_of_a_dataset(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "products"})
        assert (await announce(client, dataset="products")).json()["dataset"] == "products"

    async def test_of_a_dataset_that_is_not_there(self, client: AsyncClient) -> None:
        assert problem(await announce(client, dataset="products")) == (404, "dataset-not-found")

    async def test_a_filename_is_kept_in_one_form(self, client: AsyncClient) -> None:
        name = unicodedata.normalize("NFD", "größe.png")
        assert (await announce(client, filename=name)).json()["filename"] == unicodedata.normalize("NFC", name)

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"filename": "a1.svg"}, (415, "image-type-not-accepted")),
            ({"filename": "a1.PDF"}, (415, "image-type-not-accepted")),
            ({"filename": "folder/a1.png"}, (422, "request-invalid")),
            ({"filename": "a\u0007.png"}, (422, "request-invalid")),
            ({"filename": ".."}, (422, "request-invalid")),
            ({"filename": "x" * 300 + ".png"}, (422, "request-invalid")),
            ({"size": 0}, (422, "request-invalid")),
            ({"size": 50 * 1024 * 1024 + 1}, (413, "image-too-large")),
            ({"sha256": "abc"}, (422, "request-invalid")),
            ({"focal_point": {"x": 1.01, "y": 0}}, (422, "request-invalid")),
            ({"focal_point": {"x": -0.01, "y": 0}}, (422, "request-invalid")),
            ({"focal_point": {"x": 0}}, (422, "request-invalid")),
            ({"visibility": "private"}, (422, "request-invalid")),
        ],
    )
    async def test_what_is_refused(self, client: AsyncClient, body: Document, expected: tuple[int, str]) -> None:
        assert problem(await announce(client, **body)) == expected
        assert (await client.get("/images")).json()["data"] == []

    @pytest.mark.usefixtures("setting")
    async def test_the_limit_is_a_setting(self, client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLVA_MAX_IMAGE_BYTES", "10")
        get_settings.cache_clear()
        refused = await announce(client)
        assert problem(refused) == (413, "image-too-large")
        assert "TOLVA_MAX_IMAGE_BYTES" in refused.json()["detail"]

    async def test_a_repeated_request_announces_one_image(self, client: AsyncClient) -> None:
        headers = {"Idempotency-Key": "0b5e7c1e-5f0e-4a43-9b43-0d4d7c4f5f0a"}
        body = {"filename": "a1.png", "size": 5}
        first = await client.post("/images", json=body, headers=headers)
        again = await client.post("/images", json=body, headers=headers)
        assert first.json() == again.json()
        assert len((await client.get("/images")).json()["data"]) == 1


class TestShow:
    async def test_one_that_is_ready_has_urls(self, client: AsyncClient) -> None:
        image = await store(version="v1")
        shown = (await client.get(f"/images/{image}")).json()
        assert shown["url"] == f"/images/{image}/content?v=v1&w=1280"
        assert shown["variants"] == {
            width: f"/images/{image}/content?v=v1&w={width}" for width in ("256", "640", "1280")
        }
        assert (shown["size"], shown["width"], shown["height"]) == (5000, 1600, 1200)

    async def test_one_that_was_rejected_says_why(self, client: AsyncClient) -> None:
        why = {"code": "truncated", "message": "the file ends too early"}
        image = await store(status="rejected", is_current=False, problem=why)
        shown = (await client.get(f"/images/{image}")).json()
        assert (shown["problem"], shown["url"]) == (why, None)

    async def test_one_that_is_not_there(self, client: AsyncClient) -> None:
        assert problem(await client.get("/images/img_0")) == (404, "image-not-found")


class TestDelete:
    async def test_it_is_gone(self, client: AsyncClient) -> None:
        image = await store()
        assert (await client.delete(f"/images/{image}")).status_code == 204
        assert problem(await client.get(f"/images/{image}")) == (404, "image-not-found")
        assert problem(await client.delete(f"/images/{image}")) == (404, "image-not-found")

    async def test_its_objects_are_noted_to_be_removed(self, client: AsyncClient, connections: Any) -> None:
        image = await store()
        await client.delete(f"/images/{image}")
        assert await connections.fetchval("SELECT id FROM tolva.image_removal") == image

    async def test_with_its_dataset_too(self, client: AsyncClient, connections: Any) -> None:
        await client.post("/datasets", json={"name": "products"})
        image = await store(dataset_id=await dataset_id("products"))
        assert (await client.delete("/datasets/products")).status_code == 204
        assert await connections.fetchval("SELECT id FROM tolva.image_removal") == image
