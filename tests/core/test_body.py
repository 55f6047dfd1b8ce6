from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI, Request
from httpx import ASGITransport, AsyncClient

from app.core.body import JSON, MERGE_PATCH, read_json_body
from app.core.exceptions import install_exception_handlers
from app.local.services import Services


class Reader:
    """An application that keeps what it reads."""

    def __init__(self) -> None:
        self.read: Any = None
        self.app = FastAPI()
        install_exception_handlers(self.app)
        self.app.post("/")(self._keep)
        self.app.patch("/")(self._keep_patch)

    async def _keep(self, request: Request) -> None:
        self.read = await read_json_body(request, JSON)

    async def _keep_patch(self, request: Request) -> None:
        self.read = await read_json_body(request, JSON, MERGE_PATCH)


@pytest.fixture
def reader(services: Services) -> Reader:  # they bring the settings
    """The application."""
    return Reader()


@pytest_asyncio.fixture
async def caller(reader: Reader) -> AsyncIterator[AsyncClient]:
    """A caller of it."""
    async with AsyncClient(transport=ASGITransport(app=reader.app), base_url="http://reader.test") as client:
        yield client


class TestReadJsonBody:
    @pytest.mark.parametrize("said", [None, "application/json", "Application/JSON; charset=utf-8"])
    async def test_json_is_read_exactly(self, reader: Reader, caller: AsyncClient, said: str | None) -> None:
        headers = {"Content-Type": said} if said else {}
        assert (await caller.post("/", content=b'{"a": 0.10}', headers=headers)).status_code == 200
        assert str(reader.read) == str({"a": Decimal("0.10")})

    async def test_a_byte_order_mark_is_passed_over(self, reader: Reader, caller: AsyncClient) -> None:
        await caller.post("/", content=b"\xef\xbb\xbf[1]")
        assert reader.read == [1]

    @pytest.mark.parametrize("said", ["text/plain", "application/x-www-form-urlencoded", MERGE_PATCH, "", "json"])
    async def test_what_says_to_be_something_else_is_refused(self, caller: AsyncClient, said: str) -> None:
        response = await caller.post("/", content=b"{}", headers={"Content-Type": said})
        assert (response.status_code, response.json()["type"]) == (415, "/problems/media-type-unsupported")
        assert JSON in response.json()["hint"]

    async def test_a_change_may_be_a_merge_patch(self, reader: Reader, caller: AsyncClient) -> None:
        await caller.patch("/", content=b'{"a": null}', headers={"Content-Type": MERGE_PATCH})
        assert reader.read == {"a": None}

    @pytest.mark.parametrize(
        ("content", "reason"),
        [(b"", "no body"), (b"{", "Expecting"), (b'{"a":1,"a":1}', "twice"), (b"[NaN]", "NaN"), (b"\xff", "UTF-8")],
    )
    async def test_what_is_not_json_is_refused(self, caller: AsyncClient, content: bytes, reason: str) -> None:
        response = await caller.post("/", content=content)
        assert (response.status_code, response.json()["type"]) == (400, "/problems/malformed-json")
        assert reason in response.json()["detail"]
