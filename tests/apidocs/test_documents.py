"""Documents: building, caching, limits and sending."""

import asyncio
import gzip
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.apidocs.documents import Documents
from app.core.settings import get_settings
from app.handlers.response_limit import ResponseLimit
from app.main import create_app
from app.records.openapi.assembly import INDEX
from tests.conftest import ADMIN_KEY, BASE_URL

Document = dict[str, Any]
HEADERS = {"Authorization": f"Bearer {ADMIN_KEY}"}
COLUMNS = [{"name": "code", "type": "text"}, {"name": "n", "type": "integer", "label": "Zahl “ü”"}]
Set = Callable[..., None]
Served = Callable[[], AbstractAsyncContextManager[AsyncClient]]


class InLambda:
    """Marks requests as Mangum does those that come through the gateway."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "aws.event": {}}, receive, send)


@pytest.fixture
def served_by_lambda(database_url: str) -> Served:
    """A caller of the application as the gateway runs it."""

    @asynccontextmanager
    async def open_client() -> AsyncIterator[AsyncClient]:
        app = create_app(within=[Middleware(InLambda), Middleware(ResponseLimit)])
        async with AsyncClient(transport=ASGITransport(app=app), base_url=BASE_URL, headers=HEADERS) as caller:
            yield caller

    return open_client


@pytest.fixture
def limits(database_url: str, setting: None, monkeypatch: pytest.MonkeyPatch) -> Set:
    """Sets limits of the settings."""

    def change(**values: int) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"TOLVA_{name.upper()}", str(value))
        get_settings.cache_clear()

    return change


async def _make(client: AsyncClient, *names: str, **members: Any) -> None:
    for name in names:
        made = await client.post("/datasets", json={"name": name, "columns": COLUMNS, "key": ["code"], **members})
        assert made.status_code == 201, made.text


async def _limited(client: AsyncClient, *names: str) -> dict[str, str]:
    made = await client.post("/keys", json={"name": "x", "scopes": ["read"], "datasets": names})
    return {"Authorization": f"Bearer {made.json()['key']}"}


async def _document(client: AsyncClient, path: str = "/openapi.json", **headers: str) -> Document:
    answer = await client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    document: Document = answer.json()
    OpenAPIV31SpecValidator(document).validate()
    return document


async def _raw(client: AsyncClient, path: str, **headers: str) -> tuple[Response, bytes]:
    """An answer with its body as it is sent."""
    async with client.stream("GET", path, headers=headers) as answer:
        return answer, b"".join([part async for part in answer.aiter_raw()])


PATHS = ("/openapi.json", "/datasets/things/openapi.json")


@pytest.mark.parametrize("path", PATHS)
class TestSending:
    async def test_it_is_compressed_for_who_takes_that(self, client: AsyncClient, path: str) -> None:
        await _make(client, "things")
        answer, body = await _raw(client, path, **{"Accept-Encoding": "br, gzip;q=0.5"})
        assert answer.headers["content-encoding"] == "gzip"
        plain_answer, plain = await _raw(client, path, **{"Accept-Encoding": "gzip;q=0"})
        assert "content-encoding" not in plain_answer.headers
        assert gzip.decompress(body) == plain
        assert len(body) * 4 < len(plain)
        for each, sent in ((answer, body), (plain_answer, plain)):
            assert "Accept-Encoding" in each.headers["vary"]
            assert each.headers["cache-control"] == "private, no-cache"
            assert each.headers["content-type"] == "application/json"
            assert each.headers["x-content-type-options"] == "nosniff"
            assert each.headers["content-length"] == str(len(sent))

    async def test_it_is_not_sent_again_as_long_as_it_is_the_same(self, client: AsyncClient, path: str) -> None:
        await _make(client, "things")
        etag = (await client.get(path)).headers["etag"]
        same = await client.get(path, headers={"If-None-Match": etag})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
        assert "Accept-Encoding" in same.headers["vary"]
        await client.patch("/datasets/things", json={"title": "Others"})
        changed = await client.get(path, headers={"If-None-Match": etag})
        assert changed.status_code == 200
        assert "Others" in changed.text

    async def test_head_answers_as_get_does(self, client: AsyncClient, path: str) -> None:
        await _make(client, "things")
        got, head = await client.get(path), await client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert {**head.headers, "x-request-id": ""} == {**got.headers, "x-request-id": ""}

    async def test_the_gateway_compresses_by_itself(
        self, client: AsyncClient, served_by_lambda: Served, path: str
    ) -> None:
        await _make(client, "things")
        async with served_by_lambda() as caller:
            answer, body = await _raw(caller, path, **{"Accept-Encoding": "gzip"})
        assert "content-encoding" not in answer.headers
        assert json.loads(body) == (await client.get(path)).json()


class TestAddress:
    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("host", ["api.example.org", "127.0.0.1:8000", "[::1]:8000", "my_host"])
    async def test_it_names_the_address_at_which_it_was_asked_for(
        self, client: AsyncClient, path: str, host: str
    ) -> None:
        await _make(client, "things")
        assert (await _document(client, path, host=host))["servers"] == [{"url": f"http://{host}"}]
        # What one caller says of the address is not shown to another.
        assert (await _document(client, path))["servers"] == [{"url": BASE_URL}]

    @pytest.mark.parametrize("host", ["", "a b", "x/y", 'x"y', "user@host", "host:port", "x?y", "x#y", "ü"])
    async def test_what_is_no_host_is_in_no_document(self, client: AsyncClient, host: str) -> None:
        await _make(client, "things")
        document = await client.get(PATHS[1], headers=[(b"host", host.encode())])
        assert document.json()["servers"] == [{"url": "/"}]

    async def test_it_has_the_path_that_a_gateway_strips(
        self, client: AsyncClient, setting: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await _make(client, "things")
        monkeypatch.setenv("TOLVA_ROOT_PATH", "/prod")
        get_settings.cache_clear()
        transport = ASGITransport(app=create_app())
        async with AsyncClient(transport=transport, base_url="https://api.test", headers=HEADERS) as caller:
            assert (await _document(caller, PATHS[1]))["servers"] == [{"url": "https://api.test/prod"}]
            answer = await caller.get(PATHS[1], headers=[(b"host", b"a b")])
            assert answer.json()["servers"] == [{"url": "/prod"}]

    async def test_each_address_has_its_own_entity_tag(self, client: AsyncClient) -> None:
        await _make(client, "things")
        tags = {(await client.get(PATHS[1], headers={"host": host})).headers["etag"] for host in ("a.test", "b.test")}
        assert len(tags) == 2


class TestFreshness:
    async def test_a_dataset_that_is_gone_is_no_longer_described(self, client: AsyncClient) -> None:
        await _make(client, "things", "others")
        assert "list_things_records" in json.dumps(await _document(client))
        assert (await client.delete("/datasets/things")).status_code == 204
        assert "things" not in json.dumps(await _document(client))
        assert (await client.get("/datasets/things/openapi.json")).status_code == 404

    async def test_a_revoked_key_is_not_shown_a_kept_one(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        await _make(client, "things")
        made = await client.post("/keys", json={"name": "x", "scopes": ["read"]})
        headers = {"Authorization": f"Bearer {made.json()['key']}"}
        for path in PATHS:
            assert (await anonymous.get(path, headers=headers)).status_code == 200
        await client.delete(f"/keys/{made.json()['id']}")
        for path in PATHS:
            assert (await anonymous.get(path, headers=headers)).status_code == 401

    async def test_nobody_sees_what_another_may_see(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        await _make(client, "makers")
        refers = [{"name": "maker", "type": "text", "references": "makers"}]
        await _make(client, "things", columns=[*COLUMNS, *refers])
        headers = await _limited(client, "things")
        for path in PATHS:
            assert "makers_record" in (await client.get(path)).text
            limited = (await anonymous.get(path, headers=headers)).text
            assert "list_things_records" in limited
            assert "makers" not in limited
            assert "makers_record" in (await client.get(path)).text


class TestIndex:
    async def test_beyond_the_limit_it_leads_to_their_own_documents(self, client: AsyncClient, limits: Set) -> None:
        limits(max_documented_datasets=2)
        await _make(client, "a", "b")
        assert INDEX not in await _document(client)
        await _make(client, "c", "keys")
        document = await _document(client)
        assert document[INDEX]["names"] == ["a", "b", "c", "keys"]
        assert "an index: there are 4 datasets" in document["info"]["description"]
        assert "/datasets/{dataset}/records" in document["paths"]
        assert "list_a_records" not in json.dumps(document)
        links = [tag["externalDocs"]["url"] for tag in document["tags"] if "externalDocs" in tag]
        assert len(links) == 3
        for link in links:
            assert "records" in json.dumps((await _document(client, link))["paths"])
        for name in document[INDEX]["names"]:
            alone = await _document(client, document[INDEX]["document"].replace("{dataset}", name))
            assert f"list_{name}_records" in json.dumps(alone)

    async def test_it_has_only_what_the_key_opens(
        self, client: AsyncClient, anonymous: AsyncClient, limits: Set
    ) -> None:
        limits(max_documented_datasets=1)
        await _make(client, "a", "b", "hidden")
        headers = await _limited(client, "a", "b", "absent")
        document = await _document(anonymous, **headers)
        assert document[INDEX]["names"] == ["a", "b"]
        assert document[INDEX]["total"] == 2
        assert "hidden" not in json.dumps(document)
        one = await _document(anonymous, **await _limited(client, "hidden"))
        assert "list_hidden_records" in json.dumps(one)
        assert INDEX not in await _document(anonymous)

    async def test_it_lists_so_many_and_says_how_many_there_are(self, client: AsyncClient, limits: Set) -> None:
        limits(max_documented_datasets=0, max_indexed_datasets=2)
        await _make(client, "c", "b", "a")
        document = await _document(client)
        assert (document[INDEX]["names"], document[INDEX]["total"]) == (["a", "b"], 3)
        assert "the first 2; `GET /datasets` lists all" in document["info"]["description"]

    async def test_a_document_that_would_be_too_large_is_one(self, client: AsyncClient, limits: Set) -> None:
        await _make(client, "a", "b")
        size = len((await _raw(client, "/openapi.json", **{"Accept-Encoding": "identity"}))[1])
        limits(max_openapi_bytes=size)
        assert INDEX not in await _document(client)
        limits(max_openapi_bytes=size - 1)
        await client.patch("/datasets/a", json={"title": "a"})
        assert (await _document(client))[INDEX]["names"] == ["a", "b"]

    async def test_a_new_dataset_is_in_it_at_once(self, client: AsyncClient, limits: Set) -> None:
        limits(max_documented_datasets=0)
        await _make(client, "a")
        etag = (await client.get("/openapi.json")).headers["etag"]
        assert (await client.get("/openapi.json", headers={"If-None-Match": etag})).status_code == 304
        await _make(client, "b")
        changed = await client.get("/openapi.json", headers={"If-None-Match": etag})
        assert changed.json()[INDEX]["names"] == ["a", "b"]

    async def test_lambda_is_never_given_more_than_it_takes(
        self, client: AsyncClient, served_by_lambda: Served, limits: Set
    ) -> None:
        await _make(client, "a", "b", "c")
        plain = (await _raw(client, "/openapi.json", **{"Accept-Encoding": "identity"}))[1].decode()
        encoded = len(json.dumps(plain)) - 2
        assert encoded > len(plain.encode())
        limits(max_response_bytes=encoded)
        async with served_by_lambda() as caller:
            response = await caller.get("/openapi.json")
        # The gateway compresses it.
        assert "content-encoding" not in response.headers
        whole = response.json()
        assert INDEX not in whole
        limits(max_response_bytes=encoded - 1)
        async with served_by_lambda() as caller:
            response = await caller.get("/openapi.json")
            assert response.headers["content-encoding"] == "gzip"
            assert response.json() == whole


class TestReferences:
    async def test_without_room_for_them_a_dataset_is_alone(self, client: AsyncClient, limits: Set) -> None:
        await _make(client, "makers")
        refers = [{"name": "maker", "type": "text", "references": "makers"}]
        await _make(client, "things", columns=[*COLUMNS, *refers])
        path = "/datasets/things/openapi.json"
        size = len((await _raw(client, path, **{"Accept-Encoding": "identity"}))[1])
        limits(max_openapi_bytes=size - 1)
        await client.patch("/datasets/things", json={"title": "things"})
        schemas = (await _document(client, path))["components"]["schemas"]
        assert "things_record" in schemas
        assert "makers_record" not in schemas


@pytest.fixture
def request_of_a_reader() -> Request:
    """A request for a document."""
    return Request({"type": "http", "method": "GET", "headers": [], "root_path": ""})


class TestBuilding:
    async def test_readers_at_once_get_what_was_built_once(self, request_of_a_reader: Request) -> None:
        documents, builds = Documents(FastAPI()), []

        def build(fixed: Document) -> bytes:
            builds.append(fixed)
            return b"{}"

        answers = await asyncio.gather(*(documents.describe(request_of_a_reader, "a", build) for _ in range(5)))
        assert {bytes(answer.body) for answer in answers} == {b"{}"}
        assert len(builds) == 1

    async def test_the_process_goes_on_meanwhile(self, request_of_a_reader: Request) -> None:
        documents, is_awaited = Documents(FastAPI()), threading.Event()
        # On the loop, it would wait for what only the loop can do.
        building = asyncio.create_task(
            documents.describe(request_of_a_reader, "a", lambda _: b"yes" if is_awaited.wait(10) else b"no")
        )
        await asyncio.sleep(0)
        is_awaited.set()
        assert (await building).body == b"yes"

    async def test_one_is_built_at_a_time(self, request_of_a_reader: Request) -> None:
        documents, alone = Documents(FastAPI()), threading.Lock()

        def build(_: Document) -> bytes:
            is_alone = alone.acquire(blocking=False)
            sum(range(100_000))
            alone.release()
            return b"alone" if is_alone else b"beside others"

        answers = await asyncio.gather(*(documents.describe(request_of_a_reader, n, build) for n in range(8)))
        assert {bytes(answer.body) for answer in answers} == {b"alone"}

    async def test_one_that_fails_is_built_again(self, request_of_a_reader: Request) -> None:
        documents = Documents(FastAPI())
        with pytest.raises(ZeroDivisionError):
            await documents.describe(request_of_a_reader, "a", lambda _: bytes(1 // 0))
        assert (await documents.describe(request_of_a_reader, "a", lambda _: b"{}")).body == b"{}"
