"""JSON documents: nothing is taken that could not be read again, and what was stored before that is still served."""

import json
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient, Response

from app.core.database.sessions import transaction
from app.core.dynamo import table
from app.core.dynamo.table import Put
from app.core.settings import get_settings
from app.core.strict_json import MAX_DIGITS
from app.datasets import repository
from app.datasets.keyvalue import metadata
from app.records.keyvalue.item import item_of
from tests.records.conftest import Make, problem

COLUMNS: list[dict[str, Any]] = [{"name": "code", "type": "text"}, {"name": "more", "type": "json"}]
JSON = {"Content-Type": "application/json"}
STORES = ["relational", "keyvalue"]
# As PostgreSQL shows 1e9999: more digits than Python reads.
HUGE = "1" + "0" * 9999
NUMBERS = ["1e9999", "1e500", "-1e500", "1e-501", "0e9999", "9" * 501, "0." + "1" * 501, "1e99999999999999999999"]


def records(store: str) -> str:
    """The path of a dataset that is named like its store: the caches of the two are separate."""
    return f"/datasets/{store}/records"


def body(document: str) -> str:
    return f'{{"code":"a","more":{document}}}'


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("number", NUMBERS)
class TestNumbersThatNoOneReads:
    async def test_no_write_takes_them(self, client: AsyncClient, make: Make, store: str, number: str) -> None:
        await make(store, COLUMNS, key=["code"], store=store)
        await client.post(records(store), content=body('{"x": 1}').replace('"a"', '"b"'), headers=JSON)
        document = f'{{"x":[{number}]}}'
        for method, path, content in (
            ("POST", "", body(document)),
            ("POST", "", f"[{body(document)}]"),
            ("PUT", "/a", body(document)),
            ("PATCH", "/b", f'{{"more":{document}}}'),
            ("POST", "/query", f'{{"where":{{"more":{{"contains":{document}}}}}}}'),
        ):
            response = await client.request(method, records(store) + path, content=content, headers=JSON)
            assert problem(response) == (400, "/problems/malformed-json"), (method, path)
            assert f"{MAX_DIGITS} digits" in response.json()["detail"]
        found = await client.post(f"{records(store)}/get", json={"keys": ["a", "b"]})
        assert found.json()["data"] == [None, {"code": "b", "more": {"x": 1}}]


class TestSizes:
    @pytest.mark.parametrize("store", STORES)
    @pytest.mark.parametrize("count", [1, 90])
    async def test_a_body_is_as_large_as_what_becomes_of_it(
        self, client: AsyncClient, make: Make, store: str, count: int
    ) -> None:
        await make(store, COLUMNS, key=["code"], store=store)
        numbers = ",".join(["1e499"] * (9_000 // count))
        content = ",".join(f'{{"code":"{place}","more":[{numbers}]}}' for place in range(count))
        response = await client.post(records(store), content=f"[{content}]", headers=JSON)
        assert problem(response) == (413, "/problems/body-too-large")
        assert "TOLVA_MAX_DOCUMENT_BYTES" in response.json()["hint"]

    @pytest.mark.parametrize("store", STORES)
    @pytest.mark.usefixtures("small_documents")
    async def test_a_patch_does_not_make_it_larger(self, client: AsyncClient, make: Make, store: str) -> None:
        await make(store, COLUMNS, key=["code"], store=store)
        await client.post(records(store), json={"code": "a", "more": {"x": "x" * 900}})
        response = await client.patch(f"{records(store)}/a", json={"more": {"y": "y" * 900}})
        assert problem(response) == (422, "/problems/record-invalid")
        assert response.json()["errors"][0]["code"] == "document_too_large"
        assert "TOLVA_MAX_DOCUMENT_BYTES" in response.json()["hint"]
        response = await client.patch(f"{records(store)}/a", json={"more": {"x": None, "y": "y" * 900}})
        assert response.json() == {"code": "a", "more": {"y": "y" * 900}}


@pytest.fixture
def small_documents(setting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents of a kilobyte at most."""
    monkeypatch.setenv("TOLVA_MAX_DOCUMENT_BYTES", "1024")
    get_settings.cache_clear()


async def store_before(store: str, connection: asyncpg.Connection) -> None:
    """Put three records of large numbers in the place of an earlier version."""
    document = f'{{"x": {HUGE}, "y": 1}}'
    if store == "relational":
        statement = "INSERT INTO data.relational SELECT code, $1::text::jsonb FROM unnest($2::text[]) AS code"
        await connection.execute(statement, document, ["a", "b", "c"])
        return
    async with transaction() as session:
        schema = await metadata.publish(await repository.get_dataset(session, store))
    for code in ("a", "b", "c"):
        item, _ = item_of(schema, {"code": code, "more": document})
        await table.write_together([Put(item)])


def shown_of(code: str) -> str:
    return f'{{"code":"{code}","more":{{"x": {HUGE}, "y": 1}}}}'


@pytest.mark.parametrize("store", STORES)
class TestWhatWasStoredBefore:
    @pytest.fixture(autouse=True)
    async def _stored(self, make: Make, connections: asyncpg.Connection, store: str) -> None:
        await make(store, COLUMNS, key=["code"], store=store)
        await store_before(store, connections)

    async def test_it_is_read(self, client: AsyncClient, store: str) -> None:
        assert (await client.get(f"{records(store)}/a")).text == shown_of("a")
        found = await client.post(f"{records(store)}/get", json={"keys": ["b", "a"]})
        assert found.text == f'{{"data":[{shown_of("b")},{shown_of("a")}]}}'
        if store == "keyvalue":
            return
        first = await client.get(f"{records(store)}?_limit=2")
        assert first.text.startswith(f'{{"data":[{shown_of("a")},{shown_of("b")}],"next":"')
        following = json.loads(first.text.partition('"next":')[2][:-1])
        assert (await client.get(f"{records(store)}?_limit=2&_cursor={following}")).text.startswith(
            f'{{"data":[{shown_of("c")}]'
        )
        assert (await client.get(f"/datasets/{store}/aggregate?_aggregate=more__count")).json()["data"] == [
            {"more__count": 3}
        ]
        for accept in ("text/csv", "application/x-ndjson"):
            exported = await client.get(records(store), headers={"Accept": accept})
            assert (exported.status_code, exported.text.count(HUGE)) == (200, 3)
        assert (await client.get(f"/datasets/{store}/openapi.json")).status_code == 200

    async def test_it_is_repaired_or_removed(self, client: AsyncClient, store: str) -> None:
        kept = await client.patch(f"{records(store)}/a", json={"more": {"y": 2}})
        assert problem(kept) == (422, "/problems/record-invalid")
        repaired: Response = await client.patch(f"{records(store)}/a", json={"more": {"x": None}})
        assert repaired.json() == {"code": "a", "more": {"y": 1}}
        assert (await client.patch(f"{records(store)}/b", json={"code": "b"})).text == shown_of("b")
        assert (await client.put(f"{records(store)}/b", json={"more": 1})).json() == {"code": "b", "more": 1}
        assert (await client.delete(f"{records(store)}/c")).status_code == 204
