"""Requests of a process that knows a dataset, or a key, as it was before others changed it."""

import asyncio
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient, Response

from tests.records.conftest import Fill, problem

RENAME = 'ALTER TABLE data.things RENAME COLUMN "count" TO b'
# What another process commits: this one learns nothing of it.
RENAMED = (
    """UPDATE tolva.dataset SET updated_at = now(), columns = '[{"name": "b", "type": "text"}]' WHERE name = 'things'"""
)
RECORDS = "/datasets/things/records"
FIRST = f"{RECORDS}/1"


@pytest.fixture
async def things(client: AsyncClient, fill: Fill) -> None:
    """A dataset that this process has read from; a column that is gone would be a function of its name."""
    await fill("things", {"count": "text"}, [("x",)])
    assert (await client.get(FIRST)).json() == {"_id": 1, "count": "x"}


async def _during(connection: asyncpg.Connection, request: Any, *statements: str) -> Response:
    """Send a request, and have statements committed once it waits for the table."""
    async with connection.transaction():
        await connection.execute("LOCK TABLE data.things IN ACCESS EXCLUSIVE MODE")
        waiting: asyncio.Task[Response] = asyncio.create_task(request)
        waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
        while not await connection.fetchval(waits):  # noqa: ASYNC110  # it happens in another process
            await asyncio.sleep(0.02)
        for statement in statements:
            await connection.execute(statement)
    return await waiting


@pytest.mark.usefixtures("things")
class TestChangedDataset:
    @pytest.mark.parametrize(
        ("path", "shown"),
        [
            ("/1", {"_id": 1, "b": "x"}),
            ("/1?_select=b", {"b": "x"}),
            ("", {"data": [{"_id": 1, "b": "x"}], "next": None}),
            ("?b=x&_select=b", {"data": [{"b": "x"}], "next": None}),
            ("?b=y", {"data": [], "next": None}),
            ("?b=x&_count=exact&_select=_id", {"data": [{"_id": 1}], "next": None, "count": 1}),
        ],
    )
    async def test_it_is_read_as_it_is_now(
        self, client: AsyncClient, connections: asyncpg.Connection, path: str, shown: dict[str, Any]
    ) -> None:
        await connections.execute(f"{RENAME}; {RENAMED}")
        assert (await client.get(RECORDS + path)).json() == shown

    async def test_so_are_aggregates_exports_and_many_records(
        self, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        await connections.execute(f"{RENAME}; {RENAMED}")
        assert (await client.get("/datasets/things/aggregate?_group=b")).json()["data"] == [{"b": "x", "count": 1}]
        await connections.execute("UPDATE tolva.dataset SET updated_at = now()")
        assert (await client.get(RECORDS, headers={"Accept": "text/csv"})).text == "_id,b\n1,x\n"
        await connections.execute("UPDATE tolva.dataset SET updated_at = now()")
        many = await client.post(f"{RECORDS}/get", json={"keys": [1, 2]})
        assert many.json() == {"data": [{"_id": 1, "b": "x"}, None]}

    async def test_what_is_gone_is_refused(self, client: AsyncClient, connections: asyncpg.Connection) -> None:
        await connections.execute(f"{RENAME}; {RENAMED}")
        assert problem(await client.get(f"{RECORDS}?count=x")) == (400, "/problems/unknown-parameter")

    async def test_a_request_that_waited_for_the_change(
        self, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        response = await _during(connections, client.get(FIRST), RENAME, RENAMED)
        assert response.json() == {"_id": 1, "b": "x"}

    async def test_a_request_that_waited_for_the_deletion(
        self, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        gone = ["DROP TABLE data.things", "DELETE FROM tolva.dataset"]
        assert problem(await _during(connections, client.get(FIRST), *gone)) == (404, "/problems/dataset-not-found")

    async def test_what_should_be_there_is_a_mistake_of_ours(
        self, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        await connections.execute(RENAME)
        assert problem(await client.get(FIRST)) == (500, "/problems/internal-error")

    async def test_one_that_is_changed_all_the_time(self, client: AsyncClient, connections: asyncpg.Connection) -> None:
        # The state that is read is never that of the statement's time.
        await connections.execute(
            "ALTER TABLE tolva.dataset RENAME TO dataset_table; CREATE VIEW tolva.dataset AS SELECT id, name, title, "
            "description, store, key, columns, indexes, created_at, clock_timestamp() AS updated_at "
            "FROM tolva.dataset_table"
        )
        try:
            response = await client.get(FIRST)
        finally:
            await connections.execute("DROP VIEW tolva.dataset; ALTER TABLE tolva.dataset_table RENAME TO dataset")
        assert problem(response) == (503, "/problems/dataset-schema-changed")
        assert response.headers["retry-after"] == "1"


class TestEmbedded:
    async def test_a_changed_dataset_is_embedded_as_it_is_now(
        self, client: AsyncClient, fill: Fill, connections: asyncpg.Connection
    ) -> None:
        await fill("makers", {"code": "text", "count": "text"}, [("m", "x")], key=["code"])
        await fill("things", {"maker": {"type": "text", "references": "makers"}}, [("m",)])
        embedded = f"{RECORDS}?_embed=maker"
        assert (await client.get(embedded)).json()["data"][0]["_embedded"] == {"maker": {"code": "m", "count": "x"}}
        columns = '[{"name": "code", "type": "text", "required": true}, {"name": "b", "type": "text"}]'
        await connections.execute(
            f'ALTER TABLE data.makers RENAME COLUMN "count" TO b; '
            f"UPDATE tolva.dataset SET updated_at = now(), columns = '{columns}' WHERE name = 'makers'"
        )
        assert (await client.get(embedded)).json()["data"][0]["_embedded"] == {"maker": {"code": "m", "b": "x"}}


@pytest.mark.usefixtures("things")
class TestCaller:
    async def test_a_key_that_others_have_revoked(self, client: AsyncClient, connections: asyncpg.Connection) -> None:
        headers = await _key(client)
        assert (await client.get(FIRST, headers=headers)).status_code == 200
        await connections.execute("UPDATE tolva.api_key SET revoked_at = now()")
        for path in (FIRST, RECORDS, "/datasets/things/aggregate", f"{RECORDS}/2"):
            assert problem(await client.get(path, headers=headers)) == (401, "/problems/key-revoked")

    @pytest.mark.parametrize(("method", "path"), [("POST", ""), ("PUT", "/1"), ("PATCH", "/1"), ("DELETE", "/1")])
    async def test_it_writes_nothing_any_more(
        self, client: AsyncClient, connections: asyncpg.Connection, method: str, path: str
    ) -> None:
        headers = await _key(client, scopes=["write"])
        body = {"count": "y"} if method != "DELETE" else None
        assert (await client.patch(FIRST, json={}, headers=headers)).status_code == 200
        await connections.execute("UPDATE tolva.api_key SET revoked_at = now()")
        response = await client.request(method, RECORDS + path, json=body, headers=headers)
        assert problem(response) == (401, "/problems/key-revoked")
        assert (await client.get(RECORDS)).json()["data"] == [{"_id": 1, "count": "x"}]

    async def test_a_key_that_has_expired(self, client: AsyncClient, connections: asyncpg.Connection) -> None:
        headers = await _key(client)
        assert (await client.get(FIRST, headers=headers)).status_code == 200
        await connections.execute("UPDATE tolva.api_key SET expires_at = now() - interval '1 second'")
        assert problem(await client.get(FIRST, headers=headers)) == (401, "/problems/key-expired")

    async def test_a_key_without_the_scope(self, client: AsyncClient) -> None:
        headers = await _key(client, datasets=["others"])
        for _ in range(2):
            assert problem(await client.get(FIRST, headers=headers)) == (403, "/problems/scope-missing")

    async def test_a_near_name_is_one_that_there_is(self, client: AsyncClient) -> None:
        headers = await _key(client, datasets=["things", "thing", "thinks"])
        for path in ("/datasets/thing/records", "/datasets/thing"):
            response = await client.get(path, headers=headers)
            assert response.json()["detail"] == "There is no dataset 'thing'. Did you mean 'things'?"
        alone = await client.get("/datasets/thinks/records", headers=await _key(client, datasets=["thinks", "other"]))
        assert alone.json()["detail"] == "There is no dataset 'thinks'."

    async def test_no_key_and_a_wrong_one(self, client: AsyncClient) -> None:
        assert problem(await client.get(FIRST, headers={"Authorization": ""})) == (401, "/problems/key-missing")
        wrong = {"Authorization": "Bearer tolva_nothing"}
        assert problem(await client.get(FIRST, headers=wrong)) == (401, "/problems/key-unknown")


async def _key(client: AsyncClient, **members: Any) -> dict[str, str]:
    """The headers of a caller with a key that can read."""
    response = await client.post("/keys", json={"name": "reader", "scopes": ["read"], **members})
    return {"Authorization": f"Bearer {response.json()['key']}"}
