"""URLs of records: no client changes one, and a value that a URL cannot carry is not a key."""

import json
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
from httpx import ASGITransport, AsyncClient, Response

from app.core.database.sessions import transaction
from app.core.dynamo import table
from app.core.dynamo.table import Put
from app.datasets import repository
from app.datasets.keyvalue import metadata
from app.records.keyvalue.item import item_of
from tests.conftest import ADMIN_KEY
from tests.raw_requests import send_raw
from tests.records.conftest import Make, problem

COLUMNS: list[dict[str, Any]] = [{"name": "code", "type": "text"}, {"name": "n", "type": "integer"}]
STORES = ["relational", "keyvalue"]
DOTS = [".", ".."]
# Each is another record; clients keep all of them as they are.
KEYS = [
    *("...", "%2e", "%2e%2e", "%2E.", "/", "//", "/a", "a/", "/..", "../", "./..", "a/../b", "a/.", "\\", "..\\"),
    *("a\n", "a\nb", "\n", "\r\n", "a\u2028", ";", ".;a", "?", "#", "a?b=c", " ", ". ", "+", "%", "query", "get", "~"),
]


class Raw:
    """A caller who leaves dots in an address, as some clients can be asked to."""

    def __init__(self, transport: ASGITransport) -> None:
        self._app = transport.app

    async def __call__(self, method: str, path: str, body: Any = None) -> Response:
        headers = [(b"authorization", f"Bearer {ADMIN_KEY}".encode()), (b"content-type", b"application/json")]
        content = b"" if body is None else json.dumps(body).encode()
        return await send_raw(self._app, method, path.encode(), headers, content)


@pytest.fixture
def raw(transport: ASGITransport) -> Raw:
    """Such a caller, with the administrator's key."""
    return Raw(transport)


@pytest.mark.parametrize("store", STORES)
class TestDots:
    @pytest.fixture(autouse=True)
    async def _dataset(self, make: Make, store: str) -> None:
        await make(store, COLUMNS, key=["code"], store=store)

    @pytest.mark.parametrize("key", DOTS)
    async def test_they_are_no_keys_of_what_is_written(
        self, client: AsyncClient, raw: Raw, store: str, key: str
    ) -> None:
        records = f"/datasets/{store}/records"
        many = await client.post(records, json=[{"code": "a"}, {"code": key}])
        put = await raw("PUT", f"{records}/{key}", {})
        for response in (await client.post(records, json={"code": key}), many, put):
            assert problem(response) == (422, "/problems/record-invalid")
            assert [error["code"] for error in response.json()["errors"]] == ["key_not_addressable"]
            assert "location" not in response.headers
        found = await client.post(f"{records}/get", json={"keys": [key, "a"]})
        assert found.json()["data"] == [None, None]

    @pytest.mark.parametrize("key", DOTS)
    async def test_a_record_from_before_can_be_read_changed_and_removed(
        self, client: AsyncClient, raw: Raw, connections: asyncpg.Connection, store: str, key: str
    ) -> None:
        await _store_before(store, connections, key)
        records = f"/datasets/{store}/records"
        found = await client.post(f"{records}/get", json={"keys": [key]})
        assert found.json()["data"] == [{"code": key, "n": 1}]
        changed = await raw("PATCH", f"{records}/{key}", {"n": 2})
        assert changed.json() == {"code": key, "n": 2}
        assert (await raw("GET", f"{records}/{key}")).json() == {"code": key, "n": 2}
        assert (await raw("DELETE", f"{records}/{key}")).status_code == 204
        assert (await client.post(f"{records}/get", json={"keys": [key]})).json()["data"] == [None]

    @pytest.mark.parametrize("key", KEYS)
    async def test_every_other_text_is_a_key_with_an_address(self, client: AsyncClient, store: str, key: str) -> None:
        records = f"/datasets/{store}/records"
        made = await client.post(records, json={"code": key})
        assert made.status_code == 201, made.text
        assert made.headers["location"] == f"http://tolva.test{records}/{quote(key, safe='')}"
        assert (await client.get(made.headers["location"])).json() == {"code": key, "n": None}
        assert (await client.patch(made.headers["location"], json={"n": 1})).json() == {"code": key, "n": 1}
        assert (await client.put(made.headers["location"], json={"n": 2})).status_code == 200
        assert (await client.delete(made.headers["location"])).status_code == 204
        assert (await client.put(made.headers["location"], json={"n": 3})).headers["location"] == made.headers[
            "location"
        ]


async def _store_before(store: str, connection: asyncpg.Connection, key: str) -> None:
    """Put a record in the place of an earlier version."""
    if store == "relational":
        await connection.execute("INSERT INTO data.relational VALUES ($1, 1)", key)
        return
    async with transaction() as session:
        schema = await metadata.publish(await repository.get_dataset(session, store))
    item, _ = item_of(schema, {"code": key, "n": 1})
    await table.write_together([Put(item)])


@pytest.mark.parametrize("store", STORES)
class TestDotsAmongOthers:
    async def test_they_are_values_of_a_key_of_two_columns(self, client: AsyncClient, make: Make, store: str) -> None:
        columns = [{"name": "a", "type": "text"}, {"name": "b", "type": "text"}]
        await make(store, columns, key=["a", "b"], store=store)
        for a, b in ((".", "."), ("..", ".."), ("", "."), ("..", "")):
            made = await client.post(f"/datasets/{store}/records", json={"a": a, "b": b})
            assert made.status_code == 201, made.text
            assert (await client.get(made.headers["location"])).json() == {"a": a, "b": b}
            assert (await client.delete(made.headers["location"])).status_code == 204


class TestDotsInOtherColumns:
    async def test_they_are_texts(self, client: AsyncClient, make: Make) -> None:
        await make("things", [{"name": "id", "type": "integer"}, {"name": "t", "type": "text"}], key=["id"])
        made = await client.post("/datasets/things/records", json=[{"id": 1, "t": "."}, {"id": 2, "t": ".."}])
        assert made.status_code == 201

    async def test_such_a_column_does_not_become_the_key(self, client: AsyncClient, make: Make) -> None:
        await make("things", COLUMNS)
        await client.post("/datasets/things/records", json=[{"code": ".."}, {"code": "a"}])
        response = await client.patch("/datasets/things", json={"key": ["code"]})
        assert problem(response) == (409, "/problems/records-incompatible")
        assert [(error["code"], error["value"]) for error in response.json()["errors"]] == [
            ("key_not_addressable", "..")
        ]
        await client.patch("/datasets/things/records/1", json={"code": "b"})
        assert (await client.patch("/datasets/things", json={"key": ["code"]})).status_code == 200

    async def test_nor_does_one_that_is_filled_with_them(self, client: AsyncClient, make: Make) -> None:
        await make("things", COLUMNS)
        await client.post("/datasets/things/records", json={"code": "a"})
        body = {"add_columns": [{"name": "k", "type": "text", "fill": "."}], "key": ["k"]}
        response = await client.patch("/datasets/things", json=body)
        assert problem(response) == (409, "/problems/records-incompatible")
