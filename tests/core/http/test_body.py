from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from fastapi import FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from httpx import ASGITransport, AsyncClient

from app.core.http.body import JsonRoute, read_json_body
from app.core.http.error_handlers import install_exception_handlers
from app.core.http.names import JSON, MERGE_PATCH
from app.local.services.services import Services
from app.main import create_app


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

    @pytest.mark.parametrize("said", ['application/json; charset="UTF-8"', "application/json;charset=utf8;x=y"])
    async def test_it_may_say_that_it_is_utf_8(self, reader: Reader, caller: AsyncClient, said: str) -> None:
        await caller.post("/", content=b"[1]", headers={"Content-Type": said, "Content-Encoding": "identity"})
        assert reader.read == [1]

    @pytest.mark.parametrize(
        "headers",
        [
            [("Content-Type", "application/json; charset=utf-16")],
            [("Content-Type", "application/json; Charset=latin-1")],
            [("Content-Type", "application/json"), ("Content-Type", "text/csv")],
            [("Content-Encoding", "gzip")],
            [("Content-Encoding", "identity, br")],
        ],
    )
    async def test_another_encoding_is_refused(self, caller: AsyncClient, headers: list[tuple[str, str]]) -> None:
        response = await caller.post("/", content=b"[1]", headers=headers)
        assert (response.status_code, response.json()["type"]) == (415, "/problems/media-type-unsupported")

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


# Of an import whose file is uploaded in parts.
PARTS = "/imports/00000000-0000-4000-8000-000000000000/parts"
# Every address that reads a body, with one that it takes.
IMAGE = "/images/img_0123456789abcdef0123"
BODIES = [
    ("POST", "/datasets", b'{"name": "other"}'),
    ("PATCH", "/datasets/things", b'{"title": "Things"}'),
    ("POST", "/datasets/things/imports", b'{"filename": "a.csv"}'),
    ("POST", PARTS, b'{"parts": [1]}'),
    ("POST", "/images", b'{"filename": "a.png", "size": 5}'),
    ("PATCH", IMAGE, b'{"alt": "A lamp"}'),
    ("POST", "/keys", b'{"name": "a", "scopes": ["read"]}'),
    ("POST", "/datasets/things/records", b'{"k": "a"}'),
    ("PUT", "/datasets/things/records/a", b"{}"),
    ("PATCH", "/datasets/things/records/b", b"{}"),
    ("POST", "/datasets/things/records/query", b"{}"),
    ("POST", "/datasets/things/records/get", b'{"keys": []}'),
]
MALFORMED = [
    (b"{", "Expecting"),
    (b"\xff", "UTF-8"),
    (b"\xff\xfe{\x00}\x00", "UTF-8"),
    (b'{"a": NaN}', "NaN"),
    (b'{"a": -Infinity}', "Infinity"),
    (b'{"a": 1, "a": 2}', "twice"),
    (b'{"a": {"b": [{"c": 1, "c": 1}]}}', "twice"),
    (b'{"a": 1e9999}', "500 digits"),
    (b'{"a": ' + b"9" * 5000 + b"}", "500 digits"),
    (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deep"),
    (b"{} {}", "Extra data"),
]


@pytest_asyncio.fixture
async def things(client: AsyncClient, connections: asyncpg.Connection) -> AsyncClient:
    """The administrator, with a dataset of one record and an import and an image that wait for a file."""
    body = {"name": "things", "columns": [{"name": "k", "type": "text"}], "key": ["k"]}
    assert (await client.post("/datasets", json=body)).status_code == 201
    await client.post("/datasets/things/records", json={"k": "b"})
    announced = {"filename": "a.csv", "size": 100_000_000, "in_parts": True}
    made = await client.post("/datasets/things/imports", json=announced)
    await connections.execute("UPDATE tolva.import SET id = $1 WHERE id = $2", PARTS.split("/")[2], made.json()["id"])
    made = await client.post("/images", json={"filename": "a.png", "size": 5})
    await connections.execute("UPDATE tolva.image SET id = $1 WHERE id = $2", IMAGE.split("/")[2], made.json()["id"])
    return client


class TestEveryBody:
    async def test_none_is_read_by_the_framework(self, database_url: str) -> None:  # for the settings
        read = 0
        for context in iter_route_contexts(create_app().routes):
            route = context.original_route
            if isinstance(route, APIRoute) and route.body_field is not None:
                assert isinstance(route, JsonRoute), route.path
                read += 1
        assert read == len([path for _, path, _ in BODIES if "/records" not in path])

    @pytest.mark.parametrize(("method", "path", "content"), BODIES)
    @pytest.mark.parametrize("headers", [{}, {"Content-Type": JSON}])
    async def test_it_is_taken(
        self, things: AsyncClient, method: str, path: str, content: bytes, headers: dict[str, str]
    ) -> None:
        response = await things.request(method, path, content=b"\xef\xbb\xbf" + content, headers=headers)
        assert response.status_code in (200, 201), response.text

    @pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in BODIES])
    async def test_what_is_not_json_with_one_meaning_is_refused(
        self, things: AsyncClient, method: str, path: str
    ) -> None:
        for content, reason in MALFORMED:
            response = await things.request(method, path, content=content, headers={"Content-Type": JSON})
            assert (response.status_code, response.json()["type"]) == (400, "/problems/malformed-json"), content[:50]
            assert reason in response.json()["detail"]

    @pytest.mark.parametrize(("method", "path", "content"), BODIES)
    async def test_another_kind_is_refused(self, things: AsyncClient, method: str, path: str, content: bytes) -> None:
        for headers in (
            {"Content-Type": "text/plain"},
            {"Content-Type": "application/problem+json"},
            {"Content-Type": "application/json; charset=utf-16"},
            {"Content-Type": JSON, "Content-Encoding": "gzip"},
        ):
            response = await things.request(method, path, content=content, headers=headers)
            assert (response.status_code, response.json()["type"]) == (415, "/problems/media-type-unsupported")

    async def test_a_key_has_the_scopes_that_were_asked_for_once(self, things: AsyncClient) -> None:
        content = b'{"name": "z", "scopes": ["read"], "scopes": ["admin"]}'
        response = await things.post("/keys", content=content, headers={"Content-Type": JSON})
        assert response.status_code == 400
        assert (await things.get("/keys")).json()["data"] == []


MISFITS: list[tuple[str, str, str, str]] = [
    ("POST", "/datasets", '{"name": "a", "title": "%s"}', "title"),
    ("POST", "/datasets", '{"name": "a", "description": "%s"}', "description"),
    ("POST", "/datasets", '{"name": "%s"}', "name"),
    ("POST", "/datasets", '{"name": "a", "%s": 1}', ""),
    (
        "POST",
        "/datasets",
        '{"name": "a", "columns": [{"name": "t", "type": "text", "label": "%s"}]}',
        "columns/0/label",
    ),
    ("POST", "/datasets", '{"name": "a", "columns": [{"name": "t", "type": "text", "min": "%s"}]}', "columns/0/min"),
    (
        "POST",
        "/datasets",
        '{"name": "a", "columns": [{"name": "t", "type": "text", "one_of": ["%s"]}]}',
        "columns/0/one_of/0",
    ),
    (
        "POST",
        "/datasets",
        '{"name": "a", "columns": [{"name": "t", "type": "text", "references": "%s"}]}',
        "columns/0/references",
    ),
    ("PATCH", "/datasets/things", '{"columns": {"%s": {"label": "a"}}}', "columns"),
    ("PATCH", "/datasets/things", '{"columns": {"k": {"label": "%s"}}}', "columns/k/label"),
    (
        "PATCH",
        "/datasets/things",
        '{"add_columns": [{"name": "j", "type": "json", "fill": {"a": ["%s"]}}]}',
        "add_columns/0/fill/a/0",
    ),
    ("POST", "/datasets/things/imports", '{"filename": "%s.csv"}', "filename"),
    ("POST", "/datasets/things/imports", '{"filename": "a", "options": {"nulls": ["%s"]}}', "options/nulls/0"),
    (
        "POST",
        "/datasets/things/imports",
        '{"filename": "a", "options": {"date_format": {"%s": "DD/MM/YYYY"}}}',
        "options/date_format",
    ),
    ("POST", "/datasets/things/imports", '{"filename": "a", "options": {"units": ["%s"]}}', "options/units/0"),
    ("POST", "/keys", '{"name": "%s", "scopes": ["read"]}', "name"),
    ("POST", "/keys", '{"name": "a", "scopes": ["read"], "datasets": ["%s"]}', "datasets/0"),
]
OUT_OF_RANGE = [
    ("POST", "/keys", '{"name": "a", "scopes": ["read"], "expires_at": "9999-12-31T23:59:59-14:00"}'),
    ("POST", "/keys", '{"name": "a", "scopes": ["read"], "expires_at": "0001-01-01T00:00:00+14:00"}'),
    ("POST", "/keys", '{"name": "a", "scopes": ["read"], "expires_at": 1e300}'),
    ("POST", "/datasets/things/imports", f'{{"filename": "a", "max_rejections": {10**30}}}'),
    ("POST", "/datasets/things/imports", f'{{"filename": "a", "max_rejections": {2**63}}}'),
    ("POST", "/datasets/things/imports", '{"filename": "a", "size": 1e300}'),
    ("POST", "/datasets/things/imports", '{"filename": "a", "options": {"header": 1e300}}'),
    ("POST", "/datasets", f'{{"name": "a", "columns": [{{"name": "t", "type": "text", "max_length": {10**30}}}]}}'),
    ("POST", "/datasets", '{"name": "a", "columns": [{"name": "t", "type": "text", "min": 1e400}]}'),
    ("POST", "/datasets", '{"name": "a", "columns": [{"name": "t", "type": "text", "one_of": [-1e400]}]}'),
    ("POST", "/datasets", '{"name": "a", "columns": [{"name": "t", "type": "number", "max": 1e400}]}'),
    ("PATCH", "/datasets/things", f'{{"columns": {{"k": {{"max_length": {2**63}}}}}}}'),
    ("PATCH", "/datasets/things", '{"add_columns": [{"name": "j", "type": "json", "fill": [1e400]}]}'),
]


class TestWhatCannotBeKept:
    @pytest.mark.parametrize(("method", "path", "content", "place"), MISFITS)
    @pytest.mark.parametrize("text", ["\\ud800", "\\u0000", "a\\udc00\\ud800"])
    async def test_a_text_is_named(
        self, things: AsyncClient, method: str, path: str, content: str, place: str, text: str
    ) -> None:
        response = await things.request(method, path, content=content % text, headers={"Content-Type": JSON})
        assert (response.status_code, response.json()["type"]) == (422, "/problems/request-invalid")
        assert response.json()["errors"][0]["path"] == place

    @pytest.mark.parametrize(("method", "path", "content"), OUT_OF_RANGE)
    async def test_a_number_or_a_time_is_refused(
        self, things: AsyncClient, method: str, path: str, content: str
    ) -> None:
        response = await things.request(method, path, content=content, headers={"Content-Type": JSON})
        assert (response.status_code, response.json()["type"]) == (422, "/problems/request-invalid")

    @pytest.mark.parametrize(
        ("path", "content"),
        [
            ("/keys", '{"name": "a", "scopes": ["read"], "expires_at": "9999-12-31T23:59:59Z"}'),
            ("/datasets/things/imports", f'{{"filename": "a", "max_rejections": {2**63 - 1}}}'),
            ("/datasets", f'{{"name": "a", "columns": [{{"name": "t", "type": "text", "max_length": {2**63 - 1}}}]}}'),
            ("/datasets", '{"name": "a", "columns": [{"name": "t", "type": "number", "max": 1.5e308}]}'),
        ],
    )
    async def test_the_last_ones_are_taken(self, things: AsyncClient, path: str, content: str) -> None:
        response = await things.post(path, content=content, headers={"Content-Type": JSON})
        assert response.status_code == 201, response.text
