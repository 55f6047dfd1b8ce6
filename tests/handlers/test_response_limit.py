"""Responses that Lambda would not take."""

import json
import os
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient
from httpx import Response as ClientResponse
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.core.aws.clients import client as aws_client
from app.core.aws.storage import list_pages
from app.core.settings import MIB, get_settings
from app.handlers.response_limit import ANSWERS, ResponseLimit
from app.main import create_app
from app.records.errors import ExportTooLarge
from tests.conftest import ADMIN_KEY, BASE_URL

LIMIT = 2000
RECORDS = "/datasets/notes/records"


@pytest_asyncio.fixture
async def caller(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncClient]:
    """A caller of the application as it is in Lambda, for responses of LIMIT bytes; there are forty notes."""
    await client.post("/datasets", json={"name": "notes", "columns": [{"name": "note", "type": "text"}]})
    assert (await client.post(RECORDS, json=[{"note": "“so”" * 5}] * 40)).status_code == 201
    monkeypatch.setenv("TOLVA_MAX_RESPONSE_BYTES", str(LIMIT))
    monkeypatch.setenv("TOLVA_CORS_ORIGINS", "https://a.example")
    get_settings.cache_clear()
    transport = ASGITransport(app=create_app(within=[Middleware(ResponseLimit)]))
    headers = {"Authorization": f"Bearer {ADMIN_KEY}", "Origin": "https://a.example"}
    async with AsyncClient(transport=transport, base_url=BASE_URL, headers=headers) as caller:
        yield caller
    monkeypatch.undo()
    get_settings.cache_clear()


class TestLimit:
    async def test_what_fits_is_answered(self, caller: AsyncClient) -> None:
        response = await caller.get(RECORDS, params={"_limit": 5})
        assert (response.status_code, len(response.json()["data"])) == (200, 5)

    @pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson", "text/csv"])
    async def test_what_does_not_is_in_the_bucket(self, caller: AsyncClient, client: AsyncClient, accept: str) -> None:
        response = await caller.get(RECORDS, headers={"Accept": accept})
        assert (response.status_code, response.content) == (303, b"")
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-request-id"]
        assert response.headers["access-control-allow-origin"] == "https://a.example"
        address = response.headers["location"]
        assert parse_qs(urlsplit(address).query)["X-Amz-Expires"] == ["300"]
        # It is what is sent elsewhere, whole, and of the same type.
        expected = await client.get(RECORDS, headers={"Accept": accept})
        async with AsyncClient(trust_env=False) as anyone:
            stored = await anyone.get(address)
        assert stored.status_code == 200
        if accept == "application/json":
            assert stored.json()["data"] == expected.json()["data"]
        else:
            assert stored.content == expected.content
        assert stored.headers["content-type"] == expected.headers["content-type"]
        assert stored.headers.get("content-disposition") == expected.headers.get("content-disposition")

    async def test_a_query_in_a_body_is_answered_so_too(self, caller: AsyncClient) -> None:
        response = await caller.post(f"{RECORDS}/query", json={"limit": 40})
        assert response.status_code == 303
        async with AsyncClient(trust_env=False) as anyone:
            assert len((await anyone.get(response.headers["location"])).json()["data"]) == 40

    async def test_a_caller_who_may_not_read_stores_nothing(self, caller: AsyncClient) -> None:
        response = await caller.get(RECORDS, headers={"Authorization": "Bearer nobody"})
        assert response.status_code == 401
        assert await stored_answers() == []

    async def test_its_address_opens_no_other_file(self, caller: AsyncClient) -> None:
        address = (await caller.get(RECORDS)).headers["location"]
        place, _, query = address.partition("?")
        async with AsyncClient(trust_env=False) as anyone:
            other = await anyone.get(f"{place[:-1]}?{query}")
        assert other.status_code in (403, 404)

    async def test_head_is_as_elsewhere_and_stores_nothing(self, caller: AsyncClient) -> None:
        response = await caller.head(RECORDS)
        assert (response.status_code, response.content) == (200, b"")
        assert await stored_answers() == []

    async def test_a_write_is_never_stored(self, caller: AsyncClient) -> None:
        response = await caller.post(RECORDS, json=[{"note": "“so”" * 5}] * 40)
        problem = response.json()
        assert (response.status_code, problem["type"]) == (422, "/problems/response-too-large")
        assert f"{LIMIT:,} bytes" in problem["detail"]
        assert "_limit" in problem["hint"]
        assert await stored_answers() == []

    async def test_a_bucket_that_is_away_is_a_503(self, caller: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLVA_BUCKET", "absent")
        get_settings.cache_clear()
        response = await caller.get(RECORDS)
        assert (response.status_code, response.json()["type"]) == (503, "/problems/service-unavailable")
        assert response.headers["retry-after"]

    async def test_an_export_that_breaks_off_is_a_problem_and_nothing_is_kept(
        self, caller: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOLVA_MAX_EXPORT_RECORDS", "39")
        get_settings.cache_clear()
        response = await caller.get(RECORDS, headers={"Accept": "text/csv"})
        assert (response.status_code, response.json()["type"]) == (422, "/problems/export-too-large")
        assert await stored_answers() == []


async def stored_answers() -> list[str]:
    return [key async for keys in list_pages(ANSWERS) for key in keys]


class Breaks:
    """An application whose response breaks off with a problem in the middle, as the framework passes that on."""

    def __init__(self, before: bytes) -> None:
        self._before = before

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": self._before, "more_body": True})
        try:
            raise ExportTooLarge("The export has more than 5 bytes.")
        except ExportTooLarge as problem:
            raise RuntimeError("Caught handled exception, but response already started.") from problem


async def _answer(body: bytes) -> ClientResponse:
    """Limit a response with a body."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(body)(scope, receive, send)

    async with AsyncClient(transport=ASGITransport(app=ResponseLimit(app)), base_url=BASE_URL) as client:
        return await client.get("/")


async def _status(body: bytes) -> int:
    return (await _answer(body)).status_code


@pytest.mark.usefixtures("database_url")
class TestStored:
    async def test_one_of_many_parts_is_stored_whole(self) -> None:
        body = os.urandom(13 * MIB)
        response = await _answer(body)
        assert response.status_code == 303
        async with AsyncClient(trust_env=False) as anyone:
            assert (await anyone.get(response.headers["location"])).content == body

    @pytest.mark.parametrize("size", [10, 13 * MIB])
    async def test_one_that_breaks_off_is_its_problem_and_leaves_nothing(self, size: int) -> None:
        transport = ASGITransport(app=ResponseLimit(Breaks(b"a" * size)))
        async with AsyncClient(transport=transport, base_url=BASE_URL) as client:
            response = await client.get("/")
        assert (response.status_code, response.json()["type"]) == (422, "/problems/export-too-large")
        assert await stored_answers() == []
        s3 = await aws_client("s3")
        found = await s3.list_multipart_uploads(Bucket=get_settings().bucket, Prefix=ANSWERS)
        assert not [one for one in found.get("Uploads", []) if one["Key"].startswith(ANSWERS)]


@pytest.fixture
def limited(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A response may have LIMIT bytes, as in the settings of a process."""
    monkeypatch.setenv("TOLVA_MAX_RESPONSE_BYTES", str(LIMIT))


@pytest.mark.usefixtures("limited", "setting")
class TestSize:
    async def test_a_text_counts_as_json_writes_it(self) -> None:
        get_settings.cache_clear()
        quotes = b'"' * (LIMIT // 2)
        assert len(json.dumps(quotes.decode())) == LIMIT + 2
        assert await _status(quotes) == 200
        assert await _status(quotes + b'"') == 303

    async def test_anything_else_counts_as_base64(self) -> None:
        get_settings.cache_clear()
        assert await _status(b"\xff" * (LIMIT * 3 // 4)) == 200
        assert await _status(b"\xff" * (LIMIT * 3 // 4 + 1)) == 303

    async def test_a_part_that_ends_within_a_character_is_text_like_the_others(self) -> None:
        get_settings.cache_clear()
        # In JSON each of these letters takes six bytes, in base64 it would be under three.
        body = "ж".encode() * (LIMIT // 5)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body[:101], "more_body": True})
            await send({"type": "http.response.body", "body": body[101:]})

        async with AsyncClient(transport=ASGITransport(app=ResponseLimit(app)), base_url=BASE_URL) as client:
            assert (await client.get("/")).status_code == 303
