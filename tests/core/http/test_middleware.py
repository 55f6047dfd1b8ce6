"""The middleware around an application that does what a route of ours never should."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fastapi import FastAPI, Request
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel
from sqlalchemy import text
from starlette.middleware import Middleware
from starlette.types import Message, Scope

from app.core.database.sessions import Session
from app.core.http.error_handlers import install_exception_handlers
from app.core.http.middleware import BodyLimit, HeadRequests, InternalErrors, RequestContext
from app.core.settings import get_settings

MIDDLEWARE = [
    Middleware(RequestContext),
    Middleware(InternalErrors),
    Middleware(HeadRequests),
    Middleware(BodyLimit),
]


class Body(BaseModel):
    text: str


def _app() -> FastAPI:
    app = FastAPI(middleware=MIDDLEWARE)
    install_exception_handlers(app)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret detail")

    @app.post("/echo")
    async def echo(body: Body) -> Body:
        return body

    @app.post("/read")
    async def read(request: Request) -> None:
        await request.body()

    @app.get("/sql")
    async def sql(request: Request, session: Session) -> None:
        await session.execute(text(request.headers["x-statement"]))

    return app


@pytest_asyncio.fixture
async def caller(database_url: str) -> AsyncIterator[AsyncClient]:
    """A caller of the broken application."""
    transport = ASGITransport(app=_app(), raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://broken.test") as client:
        yield client


class TestRequestContext:
    async def test_an_error_nobody_expected_tells_nothing_but_the_request(self, caller: AsyncClient) -> None:
        response = await caller.get("/broken", headers={"X-Request-Id": "r-17"})
        assert response.status_code == 500
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["type"] == "/problems/internal-error"
        assert response.json()["request_id"] == response.headers["x-request-id"] == "r-17"
        assert "secret detail" not in response.text

    async def test_an_unfit_request_id_is_replaced(self, caller: AsyncClient) -> None:
        response = await caller.get("/broken", headers={"X-Request-Id": "a b\tc"})
        assert response.headers["x-request-id"].isalnum()

    async def test_a_caller_who_goes_away_is_no_failure(self, caplog: pytest.LogCaptureFixture) -> None:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        with caplog.at_level("INFO", "tolva"):
            await _app()(_post("/read"), receive, send)
        assert sent == []
        assert [record.getMessage() for record in caplog.records] == ["request.finished"]
        assert caplog.records[0].__dict__["fields"]["status"] == 499


def _post(path: str) -> Scope:
    return {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": [], "root_path": ""}


class TestHeadRequests:
    async def test_the_headers_of_get_come_without_its_body(self, caller: AsyncClient) -> None:
        got = await caller.get("/nothing")
        response = await caller.head("/nothing")
        assert response.status_code == got.status_code
        assert int(response.headers["content-length"]) > 0
        assert response.content == b""


class TestBodyLimit:
    async def test_a_body_at_the_limit_passes(self, caller: AsyncClient) -> None:
        padding = get_settings().max_body_bytes - len('{"text":""}')
        response = await caller.post("/echo", content=b'{"text":"' + b"x" * padding + b'"}', headers=_JSON)
        assert response.status_code == 200

    async def test_an_announced_length_over_it_is_refused(self, caller: AsyncClient) -> None:
        response = await caller.post("/echo", content=b"x" * (get_settings().max_body_bytes + 1), headers=_JSON)
        assert (response.status_code, response.json()["type"]) == (413, "/problems/body-too-large")

    async def test_an_unannounced_body_is_refused_as_it_arrives(self, caller: AsyncClient) -> None:
        async def blocks() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"x" * (get_settings().max_body_bytes // 2)

        response = await caller.post("/echo", content=blocks(), headers=_JSON)
        assert (response.status_code, response.json()["type"]) == (413, "/problems/body-too-large")


class TestDatabaseErrors:
    async def test_a_slow_query_is_stopped(self, caller: AsyncClient) -> None:
        response = await _run(caller, "SELECT set_config('statement_timeout', '50', true), pg_sleep(0.2)")
        assert response == (200, None)
        response = await _run(caller, "DO $$ BEGIN RAISE query_canceled; END $$")
        assert response == (503, "/problems/statement-timed-out")

    async def test_a_nul_is_the_callers_mistake(self, caller: AsyncClient) -> None:
        assert await _run(caller, r"""SELECT '"\u0000"'::jsonb ->> 0""") == (422, "/problems/request-invalid")

    @pytest.mark.parametrize("state", ["57P01", "57P03", "25006", "53300", "08006"])
    async def test_a_database_that_cannot_be_reached_is_to_be_tried_again(
        self, caller: AsyncClient, state: str
    ) -> None:
        statement = f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$"
        assert await _run(caller, statement) == (503, "/problems/service-unavailable")

    async def test_our_own_mistake_is_a_500_without_the_statement(self, caller: AsyncClient) -> None:
        response = await caller.get("/sql", headers={"X-Statement": "SELECT secret_column"})
        assert response.status_code == 500
        assert "secret_column" not in response.text

    async def test_many_at_once_share_the_pool(self, caller: AsyncClient) -> None:
        answers = await asyncio.gather(*(_run(caller, "SELECT pg_sleep(0.01)") for _ in range(30)))
        assert set(answers) == {(200, None)}


_JSON = {"Content-Type": "application/json"}


async def _run(caller: AsyncClient, statement: str) -> tuple[int, str | None]:
    response = await caller.get("/sql", headers={"X-Statement": statement})
    return response.status_code, (response.json() or {}).get("type")
