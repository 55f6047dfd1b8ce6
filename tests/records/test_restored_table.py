"""An old table of key-value records with the current catalogue: a revoked key stays revoked."""

import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient

from app.access.keys import replica as keys_mirror
from app.access.keys.lookup import find_key
from app.core.aws.clients import client as aws_client
from app.core.database.pool import close_connections
from app.core.dynamo import mirrors, table
from app.core.settings import get_settings
from app.datasets.keyvalue import metadata
from tests.records.conftest import Make, problem

COLUMNS: list[dict[str, Any]] = [{"name": "code", "type": "text"}, {"name": "n", "type": "integer"}]
ONE = "/datasets/things/records/a"
MEMBERS: dict[str, Any] = {"key": ["code"], "store": "keyvalue"}


@pytest.fixture(autouse=True)
async def things(setting: None, client: AsyncClient, make: Make) -> AsyncIterator[None]:
    """A dataset with one record, in a process that knows nothing for longer than a request."""
    os.environ["TOLVA_KEYVALUE_CACHE_SECONDS"] = "0"
    await make("things", COLUMNS, **MEMBERS)
    assert (await client.put(ONE, json={"n": 1})).status_code == 201
    forget()
    yield
    forget()


def forget() -> None:
    """Know nothing, as a new process does."""
    metadata._known.clear()
    keys_mirror._known.clear()
    mirrors._away_until = 0.0


async def new_key(client: AsyncClient) -> tuple[str, dict[str, str]]:
    created = (await client.post("/keys", json={"name": "x", "scopes": ["write"]})).json()
    return created["id"], {"Authorization": f"Bearer {created['key']}"}


Restore = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture
async def back_up() -> Callable[[], Coroutine[Any, Any, Restore]]:
    """Takes a copy of the table, and answers what puts it in the table's place as a copy of an hour ago."""

    async def take() -> Restore:
        dynamodb = await aws_client("dynamodb")
        copy = (await dynamodb.scan(TableName=get_settings().table))["Items"]

        async def restore() -> None:
            for item in (await dynamodb.scan(TableName=get_settings().table))["Items"]:
                await dynamodb.delete_item(
                    TableName=get_settings().table, Key={name: item[name] for name in ("pk", "sk")}
                )
            for item in copy:
                if "asked" in item:
                    item["asked"] = {"N": str(int(time.time()) - 3600)}
                await dynamodb.put_item(TableName=get_settings().table, Item=item)
            forget()

        return restore

    return take


class TestKey:
    async def test_that_was_revoked_since(self, client: AsyncClient, anonymous: AsyncClient, back_up: Any) -> None:
        key, headers = await new_key(client)
        assert (await anonymous.get(ONE, headers=headers)).status_code == 200
        restore = await back_up()
        assert (await client.delete(f"/keys/{key}")).status_code == 204
        await restore()
        for _ in range(2):
            assert problem(await anonymous.get(ONE, headers=headers)) == (401, "/problems/key-revoked")
            assert problem(await anonymous.put(ONE, json={}, headers=headers)) == (401, "/problems/key-revoked")

    async def test_that_works_goes_on_working(self, client: AsyncClient, anonymous: AsyncClient, back_up: Any) -> None:
        _, headers = await new_key(client)
        assert (await anonymous.get(ONE, headers=headers)).status_code == 200
        restore = await back_up()
        await restore()
        assert (await anonymous.put(ONE, json={"n": 3}, headers=headers)).status_code == 200
        assert (await anonymous.get(ONE, headers=headers)).json()["n"] == 3

    async def test_an_item_of_an_earlier_version(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        key, headers = await new_key(client)
        assert (await anonymous.get(ONE, headers=headers)).status_code == 200
        await table.update_item(f"key#{key}", "current", {"asked": None, "stamp": None})
        assert (await client.delete(f"/keys/{key}")).status_code == 204
        await table.update_item(f"key#{key}", "current", {"asked": None, "stamp": None, "revoked_at": None})
        forget()
        assert problem(await anonymous.get(ONE, headers=headers)) == (401, "/problems/key-revoked")

    async def test_that_is_revoked_while_it_is_compared(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        """The comparison has the catalogue's word from before, and must not undo what the table says since."""
        key, headers = await new_key(client)
        assert (await anonymous.get(ONE, headers=headers)).status_code == 200
        item = await table.find_item(f"key#{key}", "current")
        assert item is not None
        row = await find_key(UUID(key))
        assert row is not None
        await keys_mirror.mark_revoked(row)
        found = await keys_mirror._compare(UUID(key), item | {"asked": 0})
        assert found is not None
        assert found.revoked_at is not None


class TestDataset:
    async def test_that_was_deleted_since(self, client: AsyncClient, back_up: Any) -> None:
        restore = await back_up()
        assert (await client.delete("/datasets/things?confirm=things")).status_code == 204
        await restore()
        for _ in range(2):
            assert problem(await client.get(ONE)) == (404, "/problems/dataset-not-found")
            assert problem(await client.put(ONE, json={"n": 2})) == (404, "/problems/dataset-not-found")

    async def test_that_was_made_again_since(self, client: AsyncClient, make: Make, back_up: Any) -> None:
        restore = await back_up()
        assert (await client.delete("/datasets/things?confirm=things")).status_code == 204
        await make("things", [*COLUMNS, {"name": "more", "type": "text"}], **MEMBERS)
        assert (await client.put("/datasets/things/records/b", json={"more": "x"})).status_code == 201
        await restore()
        assert problem(await client.get(ONE)) == (404, "/problems/record-not-found")
        assert (await client.put(ONE, json={"more": "y"})).status_code == 201
        assert (await client.get(ONE)).json() == {"code": "a", "n": None, "more": "y"}

    async def test_that_was_made_again_in_the_other_store(self, client: AsyncClient, make: Make, back_up: Any) -> None:
        restore = await back_up()
        assert (await client.delete("/datasets/things?confirm=things")).status_code == 204
        await make("things", COLUMNS, key=["code"])
        assert (await client.put("/datasets/things/records/b", json={"n": 2})).status_code == 201
        await restore()
        assert problem(await client.get(ONE)) == (404, "/problems/record-not-found")
        assert (await client.get("/datasets/things/records/b")).json() == {"code": "b", "n": 2}

    async def test_that_was_changed_since(self, client: AsyncClient, back_up: Any) -> None:
        restore = await back_up()
        change = {"add_columns": [{"name": "more", "type": "text"}]}
        assert (await client.patch("/datasets/things", json=change)).status_code == 200
        await restore()
        assert (await client.get(ONE)).json() == {"code": "a", "n": 1, "more": None}
        assert (await client.put(ONE, json={"more": "x"})).status_code == 200
        assert (await client.get(ONE)).json() == {"code": "a", "n": None, "more": "x"}

    async def test_that_is_as_it_was(self, client: AsyncClient, back_up: Any) -> None:
        restore = await back_up()
        assert (await client.put(ONE, json={"n": 2})).status_code == 200
        await restore()
        assert (await client.get(ONE)).json()["n"] == 1
        assert (await client.put(ONE, json={"n": 3})).status_code == 200
        item = await table.find_item(*metadata.address_of("things"))
        assert item is not None
        assert mirrors.is_fresh(item)


class TestTrust:
    """The time for which the table is trusted, and the behaviour while the catalogue is down."""

    @pytest.fixture
    async def no_database(self) -> AsyncIterator[Any]:
        async def take_away() -> None:
            await close_connections()
            os.environ["TOLVA_DATABASE_URL"] = "postgresql://nobody:none@127.0.0.1:9/none"
            get_settings.cache_clear()

        yield take_away
        await close_connections()

    async def test_what_is_young_asks_nothing(
        self, client: AsyncClient, anonymous: AsyncClient, no_database: Any
    ) -> None:
        _, headers = await new_key(client)
        assert (await anonymous.get(ONE, headers=headers)).status_code == 200
        await no_database()
        forget()
        assert (await anonymous.get(ONE, headers=headers)).status_code == 200
        assert mirrors._away_until == 0

    async def test_what_is_old_holds_while_the_catalogue_is_away(
        self, client: AsyncClient, anonymous: AsyncClient, no_database: Any, back_up: Any
    ) -> None:
        _, headers = await new_key(client)
        assert (await anonymous.get(ONE, headers=headers)).status_code == 200
        await (await back_up())()
        await no_database()
        assert (await anonymous.get(ONE, headers=headers)).status_code == 200
        assert (await anonymous.put(ONE, json={"n": 4}, headers=headers)).status_code == 200

    async def test_what_is_from_before_a_restore_does_not(
        self, client: AsyncClient, anonymous: AsyncClient, no_database: Any
    ) -> None:
        _, headers = await new_key(client)
        assert (await anonymous.get(ONE, headers=headers)).status_code == 200
        os.environ["TOLVA_KEYVALUE_TRUST_FROM"] = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
        await no_database()
        forget()
        assert (await anonymous.get(ONE, headers=headers)).status_code == 503
        assert (await client.get(ONE)).status_code == 503

    async def test_it_may_be_none(self, client: AsyncClient, anonymous: AsyncClient, back_up: Any) -> None:
        os.environ["TOLVA_KEYVALUE_TRUST_SECONDS"] = "0"
        get_settings.cache_clear()
        _, headers = await new_key(client)
        for n in range(2, 5):
            assert (await anonymous.put(ONE, json={"n": n}, headers=headers)).status_code == 200
            assert (await anonymous.get(ONE, headers=headers)).json()["n"] == n
