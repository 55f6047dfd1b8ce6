"""Pictures over HTTP, as the application on a laptop answers."""

import asyncio
from urllib.parse import urlencode

import pytest
from httpx import AsyncClient

from app.images import mirror
from app.images.removal import begin_removal
from app.images.variants.ladder import all_shapes
from tests.images.api import problem
from tests.images.arriving import change, found, kept_of
from tests.images.variants.served import content_path, ready

HOSTILE = ["w=640junk7", "w=0640", "w=640&w=640", "w=640&x=7", "w=640&format=WEBP", "w=641", "w=640&h=0&fit=cover"]


class TestPinned:
    async def test_everyone_may_see_it_and_keep_it(self, anonymous: AsyncClient) -> None:
        row = await ready()
        answer = await anonymous.get(content_path(row))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        assert answer.content[:4] == b"RIFF"
        headers = answer.headers
        assert headers["cache-control"] == "public, max-age=31536000, immutable"
        assert headers["etag"] == f'"{row.version}-128.webp"'
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]
        assert headers["cross-origin-resource-policy"] == "cross-origin"
        # No other header of a request decides what is shown: one URL, one picture.
        assert headers["vary"] == "Origin"

    async def test_what_is_known_is_not_sent_again(self, anonymous: AsyncClient) -> None:
        row = await ready()
        for known in (f'"{row.version}-128.webp"', f'"other", W/"{row.version}-128.webp"', "*"):
            answer = await anonymous.get(content_path(row), headers={"If-None-Match": known})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == f'"{row.version}-128.webp"'
        assert (await anonymous.get(content_path(row), headers={"If-None-Match": '"other"'})).status_code == 200

    async def test_head(self, anonymous: AsyncClient) -> None:
        row = await ready()
        answer = await anonymous.head(content_path(row))
        assert (answer.status_code, answer.content) == (200, b"")
        assert int(answer.headers["content-length"]) > 100

    async def test_a_wrong_version_and_an_unknown_image_are_the_same(self, anonymous: AsyncClient) -> None:
        row = await ready()
        bodies = []
        for path in (
            f"/images/{row.id}/content?v=wrong&w=64",
            f"/images/{row.id}/content?v=&w=64",
            f"/images/img_{'0' * 20}/content?v={row.version}&w=64",
            f"/images/nothing/content?v={row.version}&w=64",
        ):
            answer = await anonymous.get(path)
            assert problem(answer) == (404, "image-not-found")
            bodies.append({**answer.json(), "request_id": ""})
        assert len({str(body) for body in bodies}) == 1

    async def test_an_old_version_leads_to_the_new_one(self, anonymous: AsyncClient) -> None:
        row = await ready()
        await change(row.id, version="new", old_versions=[row.version])
        await mirror.put_image(await found(row.id))
        answer = await anonymous.get(content_path(row, "w=128&format=avif"))
        assert answer.status_code == 302
        assert answer.headers["location"] == f"/images/{row.id}/content?v=new&w=128&format=avif"
        assert answer.headers["cache-control"] == "public, max-age=60"
        assert (await anonymous.get(answer.headers["location"])).status_code == 200

    async def test_a_deleted_one_is_gone_at_once(self, anonymous: AsyncClient) -> None:
        row = await ready()
        await begin_removal(row.id)
        assert problem(await anonymous.get(content_path(row, "w=256"))) == (404, "image-not-found")

    async def test_every_shape_at_once_is_one_object_each(self, anonymous: AsyncClient) -> None:
        row = await ready()
        shapes = [shape for shape in all_shapes() if shape.format != "avif" or shape.width == 64]
        answers = await asyncio.gather(*(anonymous.get(content_path(row, shape.query)) for shape in shapes * 2))
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert len(await kept_of(row.id)) <= 152


class TestHostile:
    @pytest.mark.parametrize("query", HOSTILE)
    async def test_others_are_refused_and_leave_nothing(self, anonymous: AsyncClient, query: str) -> None:
        row = await ready()
        answer = await anonymous.get(content_path(row, query))
        assert answer.status_code == 400
        assert len(await kept_of(row.id)) == 3

    async def test_many_aliases_make_no_object(self, anonymous: AsyncClient) -> None:
        row = await ready()
        for number in range(300):
            query = urlencode({"w": f"640{number}" if number % 2 else f"0{number}"})
            assert (await anonymous.get(content_path(row, query))).status_code == 400
        assert len(await kept_of(row.id)) == 3
