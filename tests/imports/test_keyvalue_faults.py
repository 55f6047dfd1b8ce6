"""A table that is away, slow, throttles or loses its answers: no record is lost, and none is there twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient, Response

from tests.faulty_table import Fault, FaultyTable, faulty_table
from tests.imports.conftest import Importer
from tests.records.conftest import problem

THINGS = {
    "name": "things",
    "store": "keyvalue",
    "key": ["kind", "n"],
    "columns": [{"name": "kind", "type": "text"}, {"name": "n", "type": "integer"}, {"name": "v", "type": "integer"}],
}
RECORDS = "/datasets/things/records"
# A batch has 25: of so few a table with faults has something to do, and takes seconds all the same.
ROWS = 500
# Enough for a table to go away and come back meanwhile.
MANY_ROWS = 1500
FAULTS: list[Fault] = ["slow", "throttles", "loses answers"]
# Tries of a caller who does what Retry-After says.
TRIES = 20


@pytest.fixture
async def table(client: AsyncClient) -> AsyncIterator[FaultyTable]:
    """A key-value dataset in a table with faults."""
    assert (await client.post("/datasets", json=THINGS)).status_code == 201
    async with faulty_table() as table:
        yield table


async def patiently(client: AsyncClient, method: str, path: str, body: object) -> Response:
    """The answer to a request that is sent again while the service is unavailable."""
    response = await client.request(method, path, json=body)
    for _ in range(TRIES):
        if response.status_code != 503:
            break
        assert response.headers["retry-after"]
        response = await client.request(method, path, json=body)
    return response


async def numbers(client: AsyncClient, kind: str) -> list[int]:
    """The second values of the keys of all records of a kind."""
    found: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        parameters = {"kind": kind, "_limit": "1000", **({"_cursor": cursor} if cursor else {})}
        page = (await client.get(RECORDS, params=parameters)).json()
        found += [record["n"] for record in page["data"]]
        cursor = page["next"]
    return found


class TestWrites:
    @pytest.mark.parametrize("fault", FAULTS)
    async def test_every_record_that_was_added_is_there_once(
        self, client: AsyncClient, table: FaultyTable, fault: Fault
    ) -> None:
        table.fault = fault
        bodies = [{"kind": "a", "n": number, "v": 0} for number in range(30)]
        answers = await asyncio.gather(*(patiently(client, "POST", RECORDS, body) for body in bodies))
        # A record added again after a 503 may exist already: this is the answer then.
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert all(answer.json()["type"] == "/problems/value-taken" for answer in answers if answer.is_error)
        puts = await asyncio.gather(
            *(patiently(client, "PUT", f"{RECORDS}/a,{number}", {"v": 1}) for number in range(30))
        )
        assert {answer.status_code for answer in puts} == {200}
        table.fault = "none"
        assert await numbers(client, "a") == list(range(30))

    async def test_while_it_is_down_a_caller_is_told_when_to_try_again(
        self, client: AsyncClient, table: FaultyTable
    ) -> None:
        assert (await client.put(f"{RECORDS}/a,1", json={"v": 1})).status_code == 201
        table.fault = "down"
        for response in (await client.get(f"{RECORDS}/a,1"), await client.put(f"{RECORDS}/a,1", json={"v": 2})):
            assert problem(response) == (503, "/problems/service-unavailable")
            assert response.headers["retry-after"]
        table.fault = "none"
        assert (await patiently(client, "PUT", f"{RECORDS}/a,1", {"v": 3})).json()["v"] == 3


class TestImports:
    @pytest.mark.parametrize("fault", FAULTS)
    async def test_every_row_is_there_once(
        self, client: AsyncClient, importer: Importer, table: FaultyTable, fault: Fault
    ) -> None:
        table.fault = fault
        first = "kind,n,v\n" + "".join(f"a,{number},1\n" for number in range(ROWS))
        shown = await importer("things", first)
        assert shown["result"] == {"added": ROWS, "changed": 0, "unchanged": 0}, shown
        shown = await importer("things", first.replace(",1\n", ",2\n") + f"a,{ROWS},2\n", mode="upsert")
        assert (shown["result"]["added"], shown["result"]["unchanged"]) == (1, 0), shown
        table.fault = "none"
        assert await numbers(client, "a") == list(range(ROWS + 1))

    async def test_a_table_that_comes_back_has_all_of_it(
        self, client: AsyncClient, importer: Importer, table: FaultyTable
    ) -> None:
        rows = "".join(f"a,{number},1\n" for number in range(MANY_ROWS))
        announced = await importer.announce("things", f"kind,n,v\n{rows}".encode())
        work = asyncio.create_task(importer.drain())
        for fault in ("none", "down", "none"):
            table.fault = fault
            await asyncio.sleep(0.5)
        await work
        assert (await importer.show(announced["id"]))["result"]["added"] == MANY_ROWS
        assert await numbers(client, "a") == list(range(MANY_ROWS))
