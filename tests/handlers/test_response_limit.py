"""Responses that Lambda would not take."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.core.settings import get_settings
from app.handlers.response_limit import ResponseLimit
from app.main import create_app
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
    async def test_what_does_not_is_a_problem_that_says_what_to_do(self, caller: AsyncClient, accept: str) -> None:
        response = await caller.get(RECORDS, headers={"Accept": accept})
        problem = response.json()
        assert (response.status_code, problem["type"]) == (422, "/problems/response-too-large")
        assert f"{LIMIT:,} bytes" in problem["detail"]
        assert "_limit" in problem["hint"]
        assert problem["request_id"] == response.headers["x-request-id"]
        assert response.headers["access-control-allow-origin"] == "https://a.example"

    async def test_head_says_so_too(self, caller: AsyncClient) -> None:
        response = await caller.head(RECORDS)
        assert (response.status_code, response.content) == (422, b"")


async def _status(body: bytes) -> int:
    """Limit a response with a body."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(body)(scope, receive, send)

    async with AsyncClient(transport=ASGITransport(app=ResponseLimit(app)), base_url=BASE_URL) as client:
        return (await client.get("/")).status_code


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
        assert await _status(quotes + b'"') == 422

    async def test_anything_else_counts_as_base64(self) -> None:
        get_settings.cache_clear()
        assert await _status(b"\xff" * (LIMIT * 3 // 4)) == 200
        assert await _status(b"\xff" * (LIMIT * 3 // 4 + 1)) == 422

    async def test_a_part_that_ends_within_a_character_is_text_like_the_others(self) -> None:
        get_settings.cache_clear()
        # In JSON each of these letters takes six bytes, in base64 it would be under three.
        body = "ж".encode() * (LIMIT // 5)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body[:101], "more_body": True})
            await send({"type": "http.response.body", "body": body[101:]})

        async with AsyncClient(transport=ASGITransport(app=ResponseLimit(app)), base_url=BASE_URL) as client:
            assert (await client.get("/")).status_code == 422
