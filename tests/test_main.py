import re
from collections.abc import Iterator
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from httpx import ASGITransport, AsyncClient

from app import main
from app.core.settings import get_settings
from app.main import create_app
from tests.conftest import ADMIN_KEY

OPEN = {"/", "/health", "/ready", "/docs", "/openapi.json", "/datasets/{dataset}/docs", "/docs/assets"}
OPEN |= {"/problems", "/problems/{slug}"}


class TestCreateApp:
    @pytest.mark.usefixtures("database_url")
    def test_it_reads_neither_database_nor_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLVA_DATABASE_URL", "postgresql://absent.invalid/none")
        create_app()

    async def test_every_route_but_the_open_ones_needs_a_key(self, anonymous: AsyncClient) -> None:
        asked = 0
        for route in iter_route_contexts(create_app().routes):
            if route.path in OPEN or not route.path:
                continue
            for method in route.methods or ():
                path = route.path.replace("{key:path}", "1").replace("{", "").replace("}", "")
                response = await anonymous.request(method, path)
                assert (response.status_code, response.json()["type"]) == (401, "/problems/key-missing"), (method, path)
                asked += 1
        assert asked >= 10


class TestHeaders:
    async def test_every_answer_is_safe_from_caches_frames_and_guessing(
        self, client: AsyncClient, anonymous: AsyncClient
    ) -> None:
        await client.post("/datasets", json={"name": "dataset", "columns": [{"name": "a", "type": "text"}]})
        paths = {route.path for route in iter_route_contexts(create_app().routes) if route.path}
        for path in [*paths, "/nothing", "/docs/assets/nothing.js"]:
            asked = path.replace("{key:path}", "1").replace("{", "").replace("}", "")
            for response in (
                await client.get(asked),
                await anonymous.get(asked),
                await client.patch(asked),
                await client.head(asked),
            ):
                headers = response.headers
                assert headers["x-content-type-options"] == "nosniff", asked
                assert "frame-ancestors 'none'" in headers["content-security-policy"], asked
                assert "no-" in headers["cache-control"], asked


@pytest.fixture
def two_origins(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings that let two origins call from a browser."""
    monkeypatch.setenv("TOLVA_CORS_ORIGINS", "https://a.example, https://b.example")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


class TestCors:
    @pytest.mark.usefixtures("two_origins")
    async def test_a_browser_may_ask_from_the_origins_of_the_settings(self) -> None:
        headers = {"Origin": "https://b.example", "Access-Control-Request-Method": "GET"}
        async with AsyncClient(transport=ASGITransport(app=create_app()), base_url="http://tolva.test") as caller:
            allowed = await caller.options("/datasets", headers=headers)
            other = await caller.options("/datasets", headers={**headers, "Origin": "https://c.example"})
            answered = await caller.get("/datasets", headers=headers)
        assert allowed.headers["access-control-allow-origin"] == "https://b.example"
        assert "access-control-allow-origin" not in other.headers
        assert (answered.status_code, answered.headers["access-control-allow-origin"]) == (401, "https://b.example")

    @pytest.mark.usefixtures("two_origins")
    async def test_a_browser_can_read_what_went_wrong(self, connections: asyncpg.Connection) -> None:
        headers = {"Origin": "https://a.example", "Authorization": f"Bearer {ADMIN_KEY}"}
        transport = ASGITransport(app=create_app(), raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://tolva.test", headers=headers) as caller:
            await caller.post("/datasets", json={"name": "t", "columns": [{"name": "a", "type": "text"}]})
            await connections.execute("ALTER TABLE data.t RENAME TO elsewhere")
            failed = await caller.get("/datasets/t/records")
        assert (failed.status_code, failed.headers["access-control-allow-origin"]) == (500, "https://a.example")
        assert failed.json()["request_id"] == failed.headers["x-request-id"]

    async def test_without_origins_none_may(self, anonymous: AsyncClient) -> None:
        response = await anonymous.get("/health", headers={"Origin": "https://a.example"})
        assert "access-control-allow-origin" not in response.headers


def _addresses(app: FastAPI) -> list[tuple[str, str]]:
    """A method and an address of every route but the start, with a dataset, and an id that nothing has, in it."""
    found = []
    for route in iter_route_contexts(app.routes):
        if route.path == "/":
            continue
        path = (route.path or "").replace("{dataset}", "things").replace("{key:path}", "a")
        found += [(method, re.sub(r"\{\w+\}", str(UUID(int=1)), path)) for method in route.methods or ("GET",)]
    return sorted(found)


class TestSlashes:
    async def test_an_address_with_one_too_many_is_none(self, client: AsyncClient) -> None:
        body = {"name": "things", "columns": [{"name": "k", "type": "text"}], "key": ["k"]}
        assert (await client.post("/datasets", json=body)).status_code == 201
        for method, path in _addresses(create_app()):
            response = await client.request(method, f"{path}/", headers={"Accept": "application/json"})
            # A key may end with a slash, of a record that is not there; and an empty body cannot be read.
            assert response.status_code in (400, 404, 405), (method, path, response.status_code)
            assert method == "HEAD" or response.headers["content-type"] == "application/problem+json"
        assert (await client.get("/datasets/things")).status_code == 200


class TestBehindAGateway:
    async def test_a_path_with_the_servers_prefix_finds_its_route(self, database_url: str) -> None:
        transport = ASGITransport(app=create_app(), root_path="/prod")
        async with AsyncClient(transport=transport, base_url="http://tolva.test") as caller:
            assert (await caller.get("/prod/health")).status_code == 200
            assert (await caller.get("/health")).status_code == 200


@pytest.mark.usefixtures("database_url")
class TestLate:
    async def test_the_first_request_for_the_others_has_them_included(self) -> None:
        app = create_app(late=True)
        whole = {route.path for route in iter_route_contexts(create_app().routes)}
        assert {route.path for route in iter_route_contexts(app.routes)} < whole
        async with AsyncClient(transport=ASGITransport(app=app), base_url="http://tolva.test") as caller:
            for _ in range(2):
                assert (await caller.get("/docs")).status_code == 200
                assert (await caller.get("/datasets")).status_code == 401
                unknown = await caller.get("/dataset")
                assert (unknown.status_code, "datasets" in unknown.json()["detail"]) == (404, True)
                assert (await caller.delete("/health")).headers["allow"] == "GET, HEAD"
        assert {route.path for route in iter_route_contexts(app.routes)} == whole

    async def test_one_that_cannot_be_served_does_not_take_them_from_the_next(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app = create_app(late=True)
        transport = ASGITransport(app=app, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://tolva.test") as caller:
            with monkeypatch.context() as patched:
                patched.setattr(main, "_include_catalogue", _fail)
                assert (await caller.get("/datasets")).status_code >= 500
            assert (await caller.get("/datasets")).status_code == 401


def _fail(_: FastAPI) -> None:
    raise OSError("no more files can be opened")
