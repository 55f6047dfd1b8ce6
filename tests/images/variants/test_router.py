"""Pictures for holders of a key, and the routes in the document."""

import re

import pytest
from httpx import AsyncClient

from app.core.settings import get_settings
from app.images.models import Image
from tests.images.api import key_for, problem
from tests.images.arriving import uploaded
from tests.images.variants.served import ready


class TestWithKey:
    async def test_a_url_without_a_version_leads_to_one_that_opens(self, client: AsyncClient) -> None:
        row = await ready()
        for path in ("content", "link"):
            answer = await client.get(f"/images/{row.id}/{path}?w=128&h=128&fit=cover")
            assert answer.status_code == 302
            assert answer.headers["location"] == f"/images/{row.id}/content?v={row.version}&w=128&h=128&fit=cover"
            assert answer.headers["cache-control"] == "private, no-store"

    async def test_it_needs_a_key(self, anonymous: AsyncClient) -> None:
        row = await ready()
        assert problem(await anonymous.get(f"/images/{row.id}/content?w=128")) == (401, "key-missing")

    async def test_one_that_may_read_the_image(self, client: AsyncClient) -> None:
        row = await ready()
        await client.post("/datasets", json={"name": "things", "columns": [{"name": "a", "type": "text"}]})
        headers = await key_for(client, "read", "things")
        answer = await client.get(f"/images/{row.id}/content?w=128", headers=headers)
        assert problem(answer) == (404, "image-not-found")

    @pytest.mark.parametrize(("status", "expected"), [("awaiting_upload", 409), ("checking", 409), ("rejected", 410)])
    async def test_an_image_that_is_not_ready(self, client: AsyncClient, status: str, expected: int) -> None:
        row: Image = await uploaded(status=status)
        assert (await client.get(f"/images/{row.id}/content?w=128")).status_code == expected

    async def test_the_document_has_the_rungs(self, client: AsyncClient) -> None:
        document = (await client.get("/openapi.json")).json()
        (path,) = [path for path in document["paths"] if re.fullmatch(r"/images/\{\w+\}/content", path)]
        (width,) = [one for one in document["paths"][path]["get"]["parameters"] if one["name"] == "w"]
        assert width["schema"]["enum"][0] == 64


class TestSettings:
    @pytest.mark.usefixtures("setting")
    async def test_urls_begin_with_the_public_address(
        self, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOLVA_PUBLIC_URL", "https://api.example.com")
        get_settings.cache_clear()
        row = await ready()
        answer = await client.get(f"/images/{row.id}/content?w=128", headers={"Host": "evil.example"})
        assert answer.headers["location"].startswith("https://api.example.com/images/")
