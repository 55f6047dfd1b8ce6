"""Idempotency-Key at every POST: done once, answered alike, safe for secrets, and free again after a failure."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from fastapi import FastAPI, Request, Response
from httpx import ASGITransport, AsyncClient
from httpx import Response as Answered
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.aws.clients import client as aws_client
from app.core.aws.dynamo_json import from_attributes
from app.core.database.commits import note_claim, note_commit, watch_commits
from app.core.dynamo import requests
from app.core.dynamo import table as dynamo
from app.core.http import idempotency
from app.core.http.error_handlers import install_exception_handlers
from app.core.http.idempotency import PART_BYTES, IdempotentRequests, claim_request
from app.core.settings import get_settings
from app.main import create_app
from tests.faulty_table import FaultyTable, faulty_table


def _problem(response: Answered) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"]


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


class Shop:
    """An application of one route that counts what it does and answers as configured."""

    def __init__(self) -> None:
        self.done = 0
        self.status = 201
        self.body = b"{}"
        self.fails = False
        self.commits = False
        self.waits = asyncio.Event()
        self.waits.set()
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.app = FastAPI(middleware=[Middleware(IdempotentRequests)])
        install_exception_handlers(self.app)
        self.app.post("/orders")(self._order)
        self.app.post("/others")(self._order)

    async def _order(self, request: Request) -> Response:
        await claim_request(request, request.headers.get("x-caller", "a"))
        self.begun.set()
        await self.go_on.wait()
        self.done += 1
        if self.commits:
            note_commit()
        await self.waits.wait()
        if self.fails:
            raise RuntimeError("broken")
        headers = {"Location": "/orders/1", "ETag": '"1"', "X-Other": "1", "Cache-Control": "private"}
        return Response(self.body, self.status, headers, media_type="application/json")


@pytest.fixture
def shop(database_url: str) -> Shop:
    """The application."""
    return Shop()


@pytest_asyncio.fixture
async def buyer(shop: Shop) -> AsyncIterator[AsyncClient]:
    """A caller of it."""
    transport = ASGITransport(app=shop.app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://shop.test") as caller:
        yield caller


async def _items() -> list[dict[str, Any]]:
    """All items of the table."""
    dynamodb = await aws_client("dynamodb")
    found = await dynamodb.scan(TableName=get_settings().table)
    return [from_attributes(item) for item in found["Items"]]


class TestReplay:
    async def test_the_same_request_is_done_once_and_answered_alike(self, shop: Shop, buyer: AsyncClient) -> None:
        shop.body = '{"name": "Zoë"}'.encode()
        key = _key()
        first = await buyer.post("/orders", json={"n": 1}, headers=key)
        again = await buyer.post("/orders", json={"n": 1}, headers=key)
        assert shop.done == 1
        assert (again.status_code, again.content) == (first.status_code, first.content) == (201, shop.body)
        for name in ("location", "etag", "content-type"):
            assert again.headers[name] == first.headers[name]
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"

    async def test_without_a_key_nothing_is_kept(self, shop: Shop, buyer: AsyncClient) -> None:
        await buyer.post("/orders", json={})
        await buyer.post("/orders", json={})
        assert shop.done == 2

    async def test_another_caller_or_route_is_another_request(self, shop: Shop, buyer: AsyncClient) -> None:
        key = _key()
        await buyer.post("/orders", headers=key)
        await buyer.post("/orders", headers={**key, "X-Caller": "b"})
        await buyer.post("/others", headers=key)
        assert shop.done == 3

    async def test_an_answer_of_more_than_an_item_holds(self, shop: Shop, buyer: AsyncClient) -> None:
        shop.body = os.urandom(3 * PART_BYTES)
        key = _key()
        await buyer.post("/orders", headers=key)
        assert (await buyer.post("/orders", headers=key)).content == shop.body
        assert shop.done == 1


class TestLostAnswers:
    async def test_a_claim_that_is_sent_again_finds_itself(
        self, shop: Shop, buyer: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        request = requests._send_once

        async def sent_twice(operation: str, arguments: dict[str, Any]) -> Any:
            await request(operation, arguments)
            return await request(operation, arguments)

        monkeypatch.setattr(requests, "_send_once", sent_twice)
        assert (await buyer.post("/orders", headers=_key())).status_code == 201
        assert shop.done == 1


class TestTableAway:
    """The table goes away while a request is being done."""

    @pytest.fixture
    async def table(self, setting: None, database_url: str) -> AsyncIterator[FaultyTable]:
        async with faulty_table() as table:
            yield table

    async def _begin(self, shop: Shop, buyer: AsyncClient, table: FaultyTable) -> "asyncio.Task[Answered]":
        """Order, and have the table go away once the order is claimed."""
        shop.go_on.clear()
        ordering = asyncio.create_task(buyer.post("/orders", headers={"Idempotency-Key": "one"}))
        await shop.begun.wait()
        table.fault = "down"
        shop.go_on.set()
        await table.was_down.wait()
        return ordering

    async def test_the_answer_is_sent_once_it_is_kept(self, shop: Shop, buyer: AsyncClient, table: FaultyTable) -> None:
        os.environ["TOLVA_IDEMPOTENCY_PATIENCE_SECONDS"] = "25"
        get_settings.cache_clear()
        ordering = await self._begin(shop, buyer, table)
        table.fault = "none"
        assert (await ordering).status_code == 201
        again = await buyer.post("/orders", headers={"Idempotency-Key": "one"})
        assert again.headers["idempotency-replayed"] == "true"
        assert shop.done == 1

    async def test_it_is_sent_all_the_same_when_that_takes_too_long(
        self, shop: Shop, buyer: AsyncClient, table: FaultyTable
    ) -> None:
        os.environ["TOLVA_IDEMPOTENCY_PATIENCE_SECONDS"] = "0"
        get_settings.cache_clear()
        ordering = await self._begin(shop, buyer, table)
        assert (await ordering).status_code == 201
        table.fault = "none"
        again = await buyer.post("/orders", headers={"Idempotency-Key": "one"})
        assert _problem(again) == (409, "/problems/idempotency-key-in-use")


class TestReuse:
    async def test_another_body_is_refused(self, shop: Shop, buyer: AsyncClient) -> None:
        key = _key()
        await buyer.post("/orders", json={"n": 1}, headers=key)
        response = await buyer.post("/orders", json={"n": 2}, headers=key)
        assert _problem(response) == (422, "/problems/idempotency-key-reused")
        assert shop.done == 1

    async def test_while_it_runs_it_is_to_be_sent_later(self, shop: Shop, buyer: AsyncClient) -> None:
        key = _key()
        shop.go_on.clear()
        running = asyncio.create_task(buyer.post("/orders", headers=key))
        await shop.begun.wait()
        response = await buyer.post("/orders", headers=key)
        assert _problem(response) == (409, "/problems/idempotency-key-in-use")
        assert int(response.headers["retry-after"]) > 0
        other = await buyer.post("/orders", json={"n": 2}, headers=key)
        assert _problem(other) == (422, "/problems/idempotency-key-reused")
        shop.go_on.set()
        assert (await running).status_code == 201
        assert (await buyer.post("/orders", headers=key)).headers["idempotency-replayed"] == "true"
        assert shop.done == 1

    async def test_of_many_at_once_one_is_done(self, shop: Shop, buyer: AsyncClient) -> None:
        key = _key()
        answers = await asyncio.gather(*(buyer.post("/orders", headers=key) for _ in range(20)))
        assert shop.done == 1
        assert {answer.status_code for answer in answers} <= {201, 409}

    @pytest.mark.parametrize("key", [b"", b"x" * 256, b"a\tb", "ключ".encode()])
    async def test_an_unfit_key_is_refused(self, shop: Shop, buyer: AsyncClient, key: bytes) -> None:
        response = await buyer.post("/orders", headers={b"Idempotency-Key": key})
        assert _problem(response) == (400, "/problems/parameter-invalid")
        assert shop.done == 0

    async def test_two_keys_are_refused(self, shop: Shop, buyer: AsyncClient) -> None:
        response = await buyer.post("/orders", headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")])
        assert _problem(response) == (400, "/problems/parameter-invalid")


class TestFailure:
    @pytest.mark.parametrize("status", [409, 422, 503])
    async def test_the_key_is_free_after_it(self, shop: Shop, buyer: AsyncClient, status: int) -> None:
        key = _key()
        shop.status = status
        assert (await buyer.post("/orders", json={"n": 1}, headers=key)).status_code == status
        shop.status = 201
        assert (await buyer.post("/orders", json={"n": 2}, headers=key)).status_code == 201
        assert shop.done == 2

    async def test_so_it_is_after_an_error_nobody_expected(self, shop: Shop, buyer: AsyncClient) -> None:
        key = _key()
        shop.fails = True
        assert (await buyer.post("/orders", headers=key)).status_code == 500
        shop.fails = False
        assert (await buyer.post("/orders", headers=key)).status_code == 201


class TestCallerWhoIsGone:
    async def test_the_answer_is_kept_that_nobody_took(self, shop: Shop, buyer: AsyncClient) -> None:
        key = _key()
        sent = buyer.build_request("POST", "/orders", json={"n": 1}, headers=key)
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/orders",
            "query_string": b"",
            "headers": [(name.lower(), value) for name, value in sent.headers.raw],
        }

        async def receive() -> Message:
            return {"type": "http.request", "body": sent.content, "more_body": False}

        async def send(_: Message) -> None:
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await shop.app(scope, receive, send)
        again = await buyer.post("/orders", json={"n": 1}, headers=key)
        assert (again.status_code, again.headers["idempotency-replayed"], shop.done) == (201, "true", 1)


class TestFailureBehindTheCommit:
    async def _check(self, shop: Shop, buyer: AsyncClient, key: dict[str, str]) -> None:
        """The same request is not done again, and says so; another one may come under another key."""
        shop.fails, shop.status = False, 201
        for _ in range(2):
            response = await buyer.post("/orders", json={"n": 1}, headers=key)
            assert _problem(response) == (409, "/problems/response-not-stored")
        response = await buyer.post("/orders", json={"n": 2}, headers=key)
        assert _problem(response) == (422, "/problems/idempotency-key-reused")
        assert shop.done == 1
        assert (await buyer.post("/orders", json={"n": 1}, headers=_key())).status_code == 201

    @pytest.mark.parametrize("status", [302, 409, 422, 500, 503])
    async def test_an_answer_that_is_no_success(self, shop: Shop, buyer: AsyncClient, status: int) -> None:
        key = _key()
        shop.commits, shop.status = True, status
        assert (await buyer.post("/orders", json={"n": 1}, headers=key)).status_code == status
        await self._check(shop, buyer, key)

    async def test_an_error_nobody_expected(self, shop: Shop, buyer: AsyncClient) -> None:
        key = _key()
        shop.commits = shop.fails = True
        assert (await buyer.post("/orders", json={"n": 1}, headers=key)).status_code == 500
        await self._check(shop, buyer, key)

    async def test_a_process_that_is_stopped(self, shop: Shop, buyer: AsyncClient) -> None:
        key = _key()
        shop.commits = True
        shop.waits.clear()
        running = asyncio.create_task(buyer.post("/orders", json={"n": 1}, headers=key))
        await shop.begun.wait()
        assert shop.done == 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        shop.waits.set()
        await self._check(shop, buyer, key)

    async def test_an_answer_that_cannot_be_kept(
        self, shop: Shop, buyer: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = _key()
        # DynamoDB refuses an item of so many bytes.
        monkeypatch.setattr(idempotency, "PART_BYTES", 500_000)
        shop.body = os.urandom(500_000)
        response = await buyer.post("/orders", json={"n": 1}, headers=key)
        assert (response.status_code, response.content) == (201, shop.body)
        shop.body = b"{}"
        await self._check(shop, buyer, key)


class TestLease:
    async def _die(self, shop: Shop, buyer: AsyncClient, key: dict[str, str]) -> None:
        """Send a request whose process ends in the middle of it."""
        shop.go_on.clear()
        running = asyncio.create_task(buyer.post("/orders", headers=key))
        await shop.begun.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        shop.go_on.set()

    async def test_a_claim_of_the_dead_ends_with_it(self, shop: Shop, buyer: AsyncClient) -> None:
        key = _key()
        await self._die(shop, buyer, key)
        assert _problem(await buyer.post("/orders", headers=key)) == (409, "/problems/idempotency-key-in-use")
        for item in await _items():
            await dynamo.put_item({**item, "lease_until": int(time.time()) - 1})
        other = await buyer.post("/orders", json={"n": 2}, headers=key)
        assert _problem(other) == (422, "/problems/idempotency-key-reused")
        assert (await buyer.post("/orders", headers=key)).status_code == 201
        assert shop.done == 1


class TestExpiry:
    async def test_what_dynamodb_has_not_deleted_yet_is_gone_all_the_same(self, shop: Shop, buyer: AsyncClient) -> None:
        key = _key()
        await buyer.post("/orders", json={"n": 1}, headers=key)
        for item in await _items():
            await dynamo.put_item({**item, "expires_at": int(time.time()) - 1})
        shop.body = b'{"new": true}'
        response = await buyer.post("/orders", json={"n": 2}, headers=key)
        assert (response.status_code, response.content, shop.done) == (201, shop.body, 2)
        assert (await buyer.post("/orders", json={"n": 2}, headers=key)).content == shop.body

    async def test_dynamodb_deletes_them(self, shop: Shop, buyer: AsyncClient) -> None:
        dynamodb = await aws_client("dynamodb")
        told = await dynamodb.describe_time_to_live(TableName=get_settings().table)
        assert told["TimeToLiveDescription"]["AttributeName"] == "expires_at"
        key = _key()
        await buyer.post("/orders", headers=key)
        lives = {item["expires_at"] - int(time.time()) for item in await _items()}
        assert all(life <= get_settings().idempotency_ttl_seconds for life in lives)


BODIES = {
    "/datasets": {"name": "stock"},
    "/keys": {"name": "website", "scopes": ["read"]},
    "/datasets/goods/imports": {"filename": "a.csv"},
}


class TestEveryPost:
    @pytest.mark.parametrize("path", ["/datasets", "/datasets/goods/imports"])
    async def test_it_makes_one_thing_however_often_it_is_sent(self, client: AsyncClient, path: str) -> None:
        await client.post("/datasets", json={"name": "goods"})
        key = _key()
        first = await client.post(path, json=BODIES[path], headers=key)
        again = await client.post(path, json=BODIES[path], headers=key)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again.headers["location"] == first.headers["location"]

    async def test_a_cancelled_import_is_cancelled_once(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "goods"})
        made = (await client.post("/datasets/goods/imports", json={"filename": "a.csv"})).json()
        key = _key()
        first = await client.post(f"/imports/{made['id']}/cancel", headers=key)
        assert (await client.post(f"/imports/{made['id']}/cancel", headers=key)).json() == first.json()
        assert (await client.post(f"/imports/{made['id']}/cancel", headers=_key())).status_code == 409

    async def test_a_caller_who_is_not_known_claims_nothing(self, anonymous: AsyncClient, client: AsyncClient) -> None:
        key = _key()
        assert (await anonymous.post("/datasets", json={"name": "a"}, headers=key)).status_code == 401
        assert (await client.post("/datasets", json={"name": "b"}, headers=key)).status_code == 201

    async def test_one_caller_does_not_see_what_another_was_answered(
        self, client: AsyncClient, anonymous: AsyncClient
    ) -> None:
        made = await client.post("/keys", json={"name": "x", "scopes": ["write"]})
        key = _key()
        await client.post("/datasets", json={"name": "a"}, headers=key)
        other = {"Authorization": f"Bearer {made.json()['key']}", **key}
        response = await anonymous.post("/datasets", json={"name": "a"}, headers=other)
        assert _problem(response) == (409, "/problems/dataset-name-taken")


class Broken:
    """Lets an application do its work, and fails before it answers, as long as it `breaks`."""

    breaks = True

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if scope["type"] == "http" and scope["method"] == "POST" and Broken.breaks:
                raise RuntimeError("broken")
            await send(message)

        await self._app(scope, receive, tell)


@pytest_asyncio.fixture
async def broken(transport: ASGITransport, client: AsyncClient) -> AsyncIterator[AsyncClient]:
    """A caller of the application, whose every POST fails after its work."""
    for store in ("relational", "keyvalue"):
        body = {"name": store, "store": store, "columns": [{"name": "k", "type": "text"}], "key": ["k"]}
        assert (await client.post("/datasets", json=body)).status_code == 201
    app = create_app()
    app.user_middleware.append(Middleware(Broken))
    Broken.breaks = True
    inner = ASGITransport(app=app, raise_app_exceptions=False)
    async with AsyncClient(transport=inner, base_url="http://tolva.test", headers=client.headers) as caller:
        yield caller


WRITES = [
    ("/datasets", {"name": "stock"}, "/datasets"),
    ("/keys", {"name": "website", "scopes": ["read"]}, "/keys"),
    ("/datasets/relational/imports", {"filename": "a.csv"}, "/datasets/relational/imports"),
    ("/datasets/relational/records", {"k": "a"}, "/datasets/relational/records"),
    ("/datasets/relational/records", [{"k": "a"}, {"k": "b"}], "/datasets/relational/records"),
    ("/datasets/keyvalue/records", {"k": "a"}, None),
    ("/datasets/keyvalue/records", [{"k": "a"}, {"k": "b"}], None),
]


class TestEveryPostThatFailsBehindItsCommit:
    @pytest.mark.parametrize(("path", "body", "listed"), WRITES)
    async def test_it_is_not_done_again(
        self, client: AsyncClient, broken: AsyncClient, path: str, body: Any, listed: str | None
    ) -> None:
        key = _key()
        assert (await broken.post(path, json=body, headers=key)).status_code == 500
        Broken.breaks = False
        made = (await client.get(listed)).json() if listed else None
        for caller in (broken, client):
            response = await caller.post(path, json=body, headers=key)
            assert _problem(response) == (409, "/problems/response-not-stored")
        assert made is None or ((await client.get(listed or "")).json() == made and made["data"])

    @pytest.mark.parametrize(("path", "body"), [("/datasets", {"name": "keyvalue"}), ("/keys", {"name": "x"})])
    async def test_a_refusal_leaves_the_key_free(
        self, client: AsyncClient, broken: AsyncClient, path: str, body: Any
    ) -> None:
        key = _key()
        assert (await broken.post(path, json=body, headers=key)).status_code == 500
        good = {"name": "other", **({"scopes": ["read"]} if path == "/keys" else {})}
        assert (await client.post(path, json=good, headers=key)).status_code == 201


class TestContext:
    async def test_a_request_claims_nothing_that_another_one_did(self, client: AsyncClient) -> None:
        """A server that pauses reading continues in the context of that request, as does its connection."""
        await client.post("/datasets", json={"name": "shop"})
        with watch_commits():
            note_claim("idempotency#of-the-request-before")
            made = await client.patch("/datasets/shop", json={"title": "Shop"})
        with watch_commits():
            note_claim("idempotency#of-the-request-before")
            again = await client.patch("/datasets/shop", json={"title": "Market"})
        assert (made.status_code, again.status_code) == (200, 200)


class TestSecrets:
    async def test_a_keys_text_is_kept_nowhere_and_no_second_key_is_made(self, client: AsyncClient) -> None:
        key = _key()
        made = await client.post("/keys", json=BODIES["/keys"], headers=key)
        assert made.headers["cache-control"] == "no-store"
        secret = made.json()["key"].split("_", 2)[2]
        assert secret not in json.dumps(await _items(), default=lambda value: value.hex())
        response = await client.post("/keys", json=BODIES["/keys"], headers=key)
        assert _problem(response) == (409, "/problems/response-not-stored")
        assert len((await client.get("/keys")).json()["data"]) == 1
