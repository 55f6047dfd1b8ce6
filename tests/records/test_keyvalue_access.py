"""Requests for key-value records need no relational database, and say so quickly when the table is away."""

import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient

from app.access.keys import replica as keys_mirror
from app.core.aws.clients import close_clients
from app.core.database.pool import close_connections
from app.core.settings import get_settings
from app.datasets.keyvalue import metadata
from tests.records.conftest import Make, problem

COLUMNS: list[dict[str, Any]] = [{"name": "code", "type": "text"}, {"name": "n", "type": "integer"}]
ONE = "/datasets/things/records/a"


@pytest.fixture(autouse=True)
async def things(client: AsyncClient, make: Make) -> None:
    """A dataset with one record."""
    await make("things", COLUMNS, key=["code"], store="keyvalue")
    assert (await client.put(ONE, json={"n": 1})).status_code == 201


@pytest.fixture
async def no_database(setting: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """Takes the relational database away until the test ends."""

    async def take_away() -> None:
        await close_connections()
        monkeypatch.setenv("TOLVA_DATABASE_URL", "postgresql://nobody:none@127.0.0.1:9/none")
        get_settings.cache_clear()

    yield take_away
    await close_connections()


async def new_key(client: AsyncClient, **members: Any) -> tuple[str, dict[str, str]]:
    """A key's id, and the headers of who has it."""
    created = (await client.post("/keys", json={"name": "x", "scopes": ["read"], **members})).json()
    return created["id"], {"Authorization": f"Bearer {created['key']}"}


def as_a_new_process() -> None:
    """Forget what this process knows of datasets and keys."""
    metadata._known.clear()  # what a process starts with
    keys_mirror._known.clear()


class TestWithoutDatabase:
    async def test_a_record_is_read_and_written(
        self, client: AsyncClient, anonymous: AsyncClient, no_database: Any
    ) -> None:
        _, headers = await new_key(client, scopes=["write"])
        assert (await anonymous.get(ONE, headers=headers)).status_code == 200
        await no_database()
        as_a_new_process()
        assert (await anonymous.get(ONE, headers=headers)).json() == {"code": "a", "n": 1}
        assert (await anonymous.patch(ONE, json={"n": 2}, headers=headers)).status_code == 200
        assert (await anonymous.get(f"{ONE}b", headers=headers)).status_code == 404
        assert (await anonymous.post("/datasets/things/records/get", json={"keys": ["a"]}, headers=headers)).json() == {
            "data": [{"code": "a", "n": 2}]
        }
        assert (await client.get("/datasets/things")).status_code == 503


class TestKeys:
    async def test_what_a_key_does_not_open_is_refused(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        _, limited = await new_key(client, datasets=["others"])
        _, reading = await new_key(client)
        assert problem(await anonymous.get(ONE)) == (401, "/problems/key-missing")
        assert problem(await anonymous.get(ONE, headers=limited)) == (403, "/problems/scope-missing")
        assert problem(await anonymous.put(ONE, json={}, headers=reading)) == (403, "/problems/scope-missing")
        unknown = {"Authorization": f"Bearer tolva_{uuid4().hex}_{'x' * 43}"}
        assert problem(await anonymous.get(ONE, headers=unknown)) == (401, "/problems/key-unknown")
        wrong = {"Authorization": reading["Authorization"][:-1] + ("A" if reading["Authorization"][-1] != "A" else "B")}
        assert problem(await anonymous.get(ONE, headers=wrong)) == (401, "/problems/key-unknown")

    async def test_one_that_is_revoked_works_nowhere(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        used_before, headers = await new_key(client)
        never_used, others = await new_key(client)
        assert (await anonymous.get(ONE, headers=headers)).status_code == 200
        for key_id in (used_before, never_used):
            assert (await client.delete(f"/keys/{key_id}")).status_code == 204
        for given in (headers, others):
            assert problem(await anonymous.get(ONE, headers=given)) == (401, "/problems/key-revoked")
            as_a_new_process()
            assert problem(await anonymous.get(ONE, headers=given)) == (401, "/problems/key-revoked")

    async def test_its_secret_is_not_in_the_table(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        key_id, headers = await new_key(client)
        await anonymous.get(ONE, headers=headers)
        key = await keys_mirror.find_mirrored_key(UUID(key_id))
        assert key is not None
        assert headers["Authorization"].split("_", 2)[2] not in str(key)


@pytest.fixture
async def no_table(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """Takes the table away until the test ends."""

    async def take_away() -> None:
        await close_clients()
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")

    yield take_away
    await close_clients()
    as_a_new_process()


class TestWithoutTable:
    async def test_it_is_said_at_once_when_to_try_again(self, client: AsyncClient, no_table: Any) -> None:
        await no_table()
        for known in (True, False):
            if not known:
                as_a_new_process()
            started = time.monotonic()
            for response in (await client.get(ONE), await client.put(ONE, json={}), await client.delete(ONE)):
                assert problem(response) == (503, "/problems/service-unavailable")
                assert response.headers["retry-after"]
            assert time.monotonic() - started < 10

    async def test_relational_records_are_served_all_the_same(
        self, client: AsyncClient, make: Make, no_table: Any
    ) -> None:
        await make("rows", COLUMNS, key=["code"])
        await no_table()
        as_a_new_process()
        assert (await client.put("/datasets/rows/records/a", json={})).status_code == 201
        assert (await client.get("/datasets/rows/records/a")).status_code == 200

    async def test_no_key_is_revoked_by_halves(
        self, client: AsyncClient, anonymous: AsyncClient, make: Make, no_table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await make("rows", COLUMNS, key=["code"])
        key_id, headers = await new_key(client)
        await no_table()
        assert problem(await client.delete(f"/keys/{key_id}")) == (503, "/problems/service-unavailable")
        assert (await anonymous.get("/datasets/rows/records", headers=headers)).status_code == 200


class TestNameThatChangesItsStore:
    @pytest.mark.parametrize(("first", "then"), [("relational", "keyvalue"), ("keyvalue", "relational")])
    async def test_it_is_served_from_where_it_is_now(
        self, client: AsyncClient, make: Make, first: str, then: str
    ) -> None:
        path = "/datasets/moving/records/a"
        for store, n in ((first, 1), (then, 2)):
            await make("moving", COLUMNS, key=["code"], store=store)
            assert (await client.put(path, json={"n": n})).status_code == 201
            for _ in range(2):
                assert (await client.get(path)).json() == {"code": "a", "n": n}
            assert (await client.delete("/datasets/moving?confirm=moving")).status_code == 204
            assert problem(await client.get(path)) == (404, "/problems/dataset-not-found")
