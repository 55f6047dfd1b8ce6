"""No answer without its guard: every route of records, after every change that another process has made.

A process that knows a dataset and a caller from before is asked each route once after the change, and answers as one
that knows nothing. Each route has a dataset and a key of its own: the first refusal would teach the process the rest.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from asyncpg.connection import LoggedQuery
from httpx import AsyncClient, Response

from app.access import deps
from app.access.keys import replica as keys_mirror
from app.core.database.pool import get_writer
from app.core.dynamo import table
from app.datasets import schema_cache
from app.datasets.keyvalue import metadata
from app.datasets.schema import is_current
from app.local.services.services import Services
from tests.api_process import ApiProcess, api_process
from tests.conftest import ADMIN_KEY, Drain
from tests.imports.conftest import Importer

Document = dict[str, Any]
COLUMNS: list[Document] = [{"name": "id", "type": "text"}, {"name": "name", "type": "text"}]
OTHER_COLUMNS: list[Document] = [{"name": "id", "type": "text"}, {"name": "size", "type": "integer"}]
RECORD: Document = {"id": "a", "name": "x"}
STORES = ["relational", "keyvalue"]


@dataclass(frozen=True)
class Route:
    """A request for records of a dataset; `path` is that after the dataset's name."""

    method: str
    path: str
    body: Any = None
    headers: Document = field(default_factory=dict)
    # What the key-value store never does, which is refused before anything is looked at.
    is_relational: bool = False

    def __str__(self) -> str:
        return " ".join([self.method, self.path, "" if self.body is None else str(self.body), *self.headers.values()])


ROUTES = [
    Route("GET", "/records"),
    Route("GET", "/records", headers={"Accept": "text/csv"}, is_relational=True),
    Route("GET", "/records", headers={"Accept": "application/x-ndjson"}, is_relational=True),
    Route("GET", "/records?_count=exact", is_relational=True),
    Route("GET", "/records?_count=estimated", is_relational=True),
    Route("GET", "/records?name=absent", is_relational=True),
    Route("POST", "/records/query", {}, is_relational=True),
    Route("POST", "/records/get", {"keys": ["a", "b"]}),
    Route("POST", "/records/get", {"keys": []}),
    Route("GET", "/records/a"),
    Route("GET", "/records/absent"),
    Route("GET", "/records/a?_select=id"),
    Route("GET", "/aggregate"),
    Route("GET", "/aggregate?_aggregate=count&_group=id", is_relational=True),
    Route("GET", "x/records"),
    Route("POST", "/records", {"id": "b"}),
    Route("POST", "/records", {"id": "b"}, {"Idempotency-Key": "one"}),
    Route("POST", "/records", [{"id": "b"}]),
    Route("POST", "/records", []),
    Route("PUT", "/records/a", {"name": "y"}),
    Route("PATCH", "/records/a", {}),
    Route("DELETE", "/records/a"),
]


@dataclass
class Case:
    """A dataset that one route is asked of, with the key of who asks."""

    client: AsyncClient
    store: str
    name: str
    key: Document = field(default_factory=dict)

    async def make(self, columns: Sequence[Document] = (), record: Document | None = None) -> None:
        members = {"columns": list(columns), "key": ["id"]} if columns else {}
        await self._done(self.client.post("/datasets", json={"name": self.name, "store": self.store, **members}))
        if record is not None:
            await self._done(self.client.post(f"/datasets/{self.name}/records", json=record))

    async def make_key(self) -> None:
        answer = await self._done(self.client.post("/keys", json={"name": self.name, "scopes": ["write"]}))
        self.key = answer.json()

    async def ask(self, asked: AsyncClient, route: Route) -> Response:
        headers = {**route.headers, "Authorization": f"Bearer {self.key['key']}"}
        return await asked.request(route.method, f"/datasets/{self.name}{route.path}", json=route.body, headers=headers)

    async def fill(self) -> None:
        change = {"add_columns": COLUMNS, "key": ["id"]}
        await self._done(self.client.patch(f"/datasets/{self.name}", json=change))
        await self._done(self.client.post(f"/datasets/{self.name}/records", json=RECORD))

    async def delete(self) -> None:
        await self._done(self.client.delete(f"/datasets/{self.name}", params={"confirm": self.name}))

    async def remake(self) -> None:
        await self.delete()
        await self.make(OTHER_COLUMNS, {"id": "a", "size": 1})

    async def reshape(self) -> None:
        change = {"columns": {"name": {"name": "title"}}} if self.store == "relational" else {"title": "Other things"}
        await self._done(self.client.patch(f"/datasets/{self.name}", json=change))

    async def revoke(self) -> None:
        await self._done(self.client.delete(f"/keys/{self.key['id']}"))

    @staticmethod
    async def _done(request: Awaitable[Response]) -> Response:
        response = await request
        assert response.is_success, response.text
        return response


async def expire(cases: Sequence[Case], connection: asyncpg.Connection) -> None:
    """Expire the keys of cases, as time would."""
    await connection.execute("UPDATE tolva.api_key SET expires_at = now() - interval '1 second'")
    for case in cases:
        address = (f"key#{case.key['id']}", keys_mirror.PLACE)
        if await table.find_item(*address) is not None:
            await table.update_item(*address, {"works_until": "2020-01-01T00:00:00+00:00"})


Change = Callable[[Sequence[Case], asyncpg.Connection], Awaitable[None]]


def each(change: Callable[[Case], Awaitable[None]]) -> Change:
    async def make(cases: Sequence[Case], _: asyncpg.Connection) -> None:
        await asyncio.gather(*map(change, cases))

    return make


CHANGES: dict[str, Change] = {
    "deleted": each(Case.delete),
    "remade": each(Case.remake),
    "revoked": each(Case.revoke),
    "expired": expire,
}


@pytest.fixture(scope="module")
def process(services: Services) -> Iterator[ApiProcess]:
    """Another process, which relies on nothing that it knows of the key-value store."""
    before = dict(os.environ)
    os.environ["TOLVA_KEYVALUE_CACHE_SECONDS"] = "0"
    try:
        with api_process() as started:
            yield started
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest_asyncio.fixture
async def other(process: ApiProcess) -> AsyncIterator[AsyncClient]:
    """A caller of the other process."""
    async with AsyncClient(base_url=process.url, trust_env=False, timeout=60) as asked:
        yield asked


@pytest.fixture
def importer(client: AsyncClient, worker: Drain) -> Importer:
    """Imports files into datasets that are there."""
    return Importer(client, worker)


def forget_everything() -> None:
    """Let this process know as much as a new one does."""
    for cache in (schema_cache._known, metadata._known, keys_mirror._known, deps._known):
        cache.clear()


async def answers(
    client: AsyncClient, other: AsyncClient, connection: asyncpg.Connection, store: str, *, filled: bool, change: Change
) -> list[tuple[str, Document, Document]]:
    """The answers of each route after a change: in a process with the old state, and in a new one."""
    routes = [route for route in ROUTES if store == "relational" or not route.is_relational]
    pairs = [tuple(Case(client, store, f"t{uuid4().hex[:8]}") for _ in range(2)) for _ in routes]
    cases = [case for pair in pairs for case in pair]
    await asyncio.gather(*(case.make(*((COLUMNS, RECORD) if filled else ())) for case in cases))
    await asyncio.gather(*(case.make_key() for case in cases))
    for route, pair in zip(routes, pairs, strict=True):
        for case in pair:
            # What writes would be in its own way afterwards, but for the one that is sent again on purpose.
            is_read = route.method == "GET" or "/records/" in route.path or route.headers
            await case.ask(other, route if is_read else Route("POST", "/records", []))
    await change(cases, connection)
    forget_everything()
    seen = []
    for route, (one, two) in zip(routes, pairs, strict=True):
        seen.append((str(route), shown(await one.ask(other, route), one), shown(await two.ask(client, route), two)))
    return seen


def shown(response: Response, case: Case) -> Document:
    """The comparable part of an answer: all but the names of its own dataset."""
    text = response.text.replace(case.name, "things")
    if response.status_code >= 400:
        document = response.json()
        return {"status": response.status_code, "type": document["type"]}
    return {"status": response.status_code, "text": text, "replayed": response.headers.get("idempotency-replayed")}


@pytest.mark.parametrize("store", STORES)
class TestAnotherProcess:
    @pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
    @pytest.mark.parametrize("change", CHANGES)
    async def test_it_answers_as_one_that_knows_nothing(
        self,
        client: AsyncClient,
        other: AsyncClient,
        connections: asyncpg.Connection,
        store: str,
        change: str,
        *,
        filled: bool,
    ) -> None:
        seen = await answers(client, other, connections, store, filled=filled, change=CHANGES[change])
        assert [(route, had) for route, had, new in seen if had != new] == []
        if change in ("revoked", "expired"):
            assert {new["status"] for _, _, new in seen} == {401}

    async def test_columns_that_came(
        self, client: AsyncClient, other: AsyncClient, connections: asyncpg.Connection, store: str
    ) -> None:
        seen = await answers(client, other, connections, store, filled=False, change=each(Case.fill))
        assert [(route, had) for route, had, new in seen if had != new] == []

    async def test_columns_that_are_called_otherwise(
        self, client: AsyncClient, other: AsyncClient, connections: asyncpg.Connection, store: str
    ) -> None:
        seen = await answers(client, other, connections, store, filled=True, change=each(Case.reshape))
        assert [(route, had) for route, had, new in seen if had != new] == []

    async def test_a_page_that_waits_for_the_first_import(
        self, client: AsyncClient, other: AsyncClient, importer: Importer, store: str
    ) -> None:
        await Case(client, store, "things").make()
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        path = "/datasets/things/records" + ("/get" if store == "keyvalue" else "")
        asked = ("POST", path, {"keys": ["a"]}) if store == "keyvalue" else ("GET", path, None)
        for reader in (client, other):
            await reader.request(asked[0], asked[1], json=asked[2], headers=headers)
        await importer("things", "id,name\na,x\nb,y\n")
        for reader in (client, other):
            found = (await reader.request(asked[0], asked[1], json=asked[2], headers=headers)).json()["data"]
            assert found[0] == RECORD


@asynccontextmanager
async def spied() -> AsyncIterator[list[str]]:
    """The statements that a request sends over the connection that rested least, which it takes first."""
    seen: list[str] = []

    def note(record: LoggedQuery) -> None:
        seen.append(record.query)

    pool = get_writer()
    connection = await pool.take()
    with connection.query_logger(note):
        pool.give_back(connection)
        yield seen


class TestEveryAnswer:
    @pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
    @pytest.mark.parametrize("route", ROUTES, ids=str)
    async def test_a_statement_says_that_the_dataset_and_the_key_are_as_they_are_known(
        self, client: AsyncClient, anonymous: AsyncClient, route: Route, *, filled: bool
    ) -> None:
        case = Case(client, "relational", "things")
        await case.make(*((COLUMNS, RECORD) if filled else ()))
        await case.make_key()
        await case.ask(anonymous, Route("POST", "/records", []))
        schema = await schema_cache.get_schema("things", None)
        async with spied() as statements:
            response = await case.ask(anonymous, route)
            # The driver calls its loggers a moment later.
            await asyncio.sleep(0.01)
        assert response.status_code < 500
        if route.path.startswith("x"):
            # The dataset does not exist: the caller is looked up, and then the names.
            assert any("api_key" in statement for statement in statements)
            return
        assert any(is_current(schema) in statement and "revoked_at IS NULL" in statement for statement in statements), (
            statements
        )
