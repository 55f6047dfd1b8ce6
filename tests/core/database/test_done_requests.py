"""Requests whose process ends between their commit and keeping the answer: sent again, they are not done again."""

import asyncio
import time
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient, Response

from app.core.aws.clients import client as aws_client
from app.core.aws.dynamo_json import from_attributes
from app.core.database import statements
from app.core.database.done_requests import FORGOTTEN_AT_ONCE, forget_done
from app.core.dynamo import table
from app.core.settings import get_settings
from app.handlers.worker import recover

KEY = {"Idempotency-Key": "one"}
COLUMNS = [{"name": "n", "type": "integer"}]
REQUESTS: list[tuple[str, Any, str]] = [
    ("/datasets/things/records", {"n": 1}, "SELECT count(*) FROM data.things"),
    ("/datasets/things/records", [{"n": 1}, {"n": 2}], "SELECT count(*) / 2 FROM data.things"),
    ("/datasets/things/imports", {"filename": "a.csv"}, "SELECT count(*) FROM tolva.import"),
    ("/keys", {"name": "x", "scopes": ["read"]}, "SELECT count(*) FROM tolva.api_key"),
]


@pytest.fixture(autouse=True)
async def things(client: AsyncClient) -> None:
    """A dataset whose records the database numbers: nothing in a record says that it is there already."""
    assert (await client.post("/datasets", json={"name": "things", "columns": COLUMNS})).status_code == 201


async def leave_claims() -> None:
    """Turn the existing claims into those of a process that ended before it stored an answer, a while ago."""
    dynamodb = await aws_client("dynamodb")
    found = await dynamodb.scan(TableName=get_settings().table)
    for item in map(from_attributes, found["Items"]):
        if item["pk"].startswith("idempotency#"):
            await table.delete_item(item["pk"], item["sk"])
        if item["sk"] == "claim":
            left = {name: value for name, value in item.items() if name != "answer"}
            await table.put_item(left | {"lease_until": int(time.time()) - 1})


def problem(response: Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"]


class TestSentAgain:
    @pytest.mark.parametrize(("path", "body", "count"), REQUESTS)
    async def test_it_is_done_once(
        self, client: AsyncClient, connections: asyncpg.Connection, path: str, body: Any, count: str
    ) -> None:
        assert (await client.post(path, json=body, headers=KEY)).status_code == 201
        for _ in range(2):
            await leave_claims()
            assert problem(await client.post(path, json=body, headers=KEY)) == (409, "/problems/response-not-stored")
        assert await connections.fetchval(count) == 1

    async def test_many_at_once_do_it_once(self, client: AsyncClient, connections: asyncpg.Connection) -> None:
        path, body, count = REQUESTS[0]
        assert (await client.post(path, json=body, headers=KEY)).status_code == 201
        await leave_claims()
        answers = await asyncio.gather(*(client.post(path, json=body, headers=KEY) for _ in range(8)))
        assert {response.status_code for response in answers} == {409}
        assert await connections.fetchval(count) == 1

    async def test_one_that_was_refused_is_done_when_it_is_right(
        self, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        path, _, count = REQUESTS[0]
        assert (await client.post(path, json={"n": "x"}, headers=KEY)).status_code == 422
        assert (await client.post(path, json={"n": 1}, headers=KEY)).status_code == 201
        assert await connections.fetchval(count) == 1

    async def test_one_without_a_key_leaves_no_note(self, client: AsyncClient, connections: asyncpg.Connection) -> None:
        assert (await client.post("/datasets/things/records", json={"n": 1})).status_code == 201
        assert await connections.fetchval("SELECT count(*) FROM tolva.done_request") == 0


class TestForgotten:
    async def test_notes_go_with_the_claims_that_they_are_of(
        self, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        path, body, _ = REQUESTS[0]
        for key in ("old", "new"):
            await client.post(path, json=body, headers={"Idempotency-Key": key})
        await connections.execute(
            "UPDATE tolva.done_request SET done_at = now() - interval '2 days' "
            "WHERE done_at = (SELECT min(done_at) FROM tolva.done_request)"
        )
        await recover()
        assert await connections.fetchval("SELECT count(*) FROM tolva.done_request") == 1
        await forget_done(statements.fetch)
        assert await connections.fetchval("SELECT count(*) FROM tolva.done_request") == 1

    async def test_all_of_them_go_however_many_there_are(self, connections: asyncpg.Connection) -> None:
        await connections.execute(
            "INSERT INTO tolva.done_request SELECT number::text, now() - interval '2 days' "
            "FROM generate_series(1, $1::int) AS number",
            2 * FORGOTTEN_AT_ONCE + 1,
        )
        await forget_done(statements.fetch)
        assert await connections.fetchval("SELECT count(*) FROM tolva.done_request") == 0

    async def test_an_old_one_that_is_still_there_keeps_nothing_from_being_done(
        self, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        path, body, count = REQUESTS[0]
        assert (await client.post(path, json=body, headers=KEY)).status_code == 201
        await connections.execute("UPDATE tolva.done_request SET done_at = now() - interval '2 days'")
        await leave_claims()
        assert (await client.post(path, json=body, headers=KEY)).status_code == 201
        assert await connections.fetchval(count) == 2
