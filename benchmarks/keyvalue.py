"""Key-value datasets compared with bare calls to the same emulator: by key, an import, and reading an answer.

    uv run python -m benchmarks.keyvalue                     every scenario
    uv run python -m benchmarks.keyvalue reads --requests 2000
    uv run python -m benchmarks.keyvalue import --rows 50000 --rounds 3

The bare calls are those of aioboto3 as it comes. The API runs in a process of its own, the emulator in another, on the
same cores. The output has medians of several rounds, in which both sides take turns.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aioboto3
import aiohttp
import orjson
from aiobotocore.parsers import create_parser
from botocore.session import get_session

from app.access.principal import EVERYTHING
from app.core.aws.clients import client, close_clients
from app.core.database.pool import close_connections
from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.datasets.bodies import DatasetCreate
from app.datasets.keyvalue.metadata import find_schema
from app.datasets.schema import DatasetSchema
from app.datasets.service import create_dataset
from app.records.keyvalue.item import record_of
from app.records.keyvalue.sort_key import item_key
from benchmarks.imports import COLUMNS, Bench, running, write_file
from benchmarks.records import KEY, Server

Item = dict[str, Any]
Call = Callable[[int], Awaitable[None]]
DATASET = "bench"
BATCH = 25


@asynccontextmanager
async def bare_client() -> AsyncIterator[Any]:
    """A client of DynamoDB as aioboto3 gives it."""
    async with aioboto3.Session().client("dynamodb") as bare:
        yield bare


class Keyvalue:
    """The scenarios, over one server."""

    def __init__(self, bench: Bench, given: argparse.Namespace) -> None:
        self.bench = bench
        self.rows: int = given.rows
        self.rounds: int = given.rounds
        self.requests: int = given.requests
        self.file = write_file(bench.folder / "bench.csv", self.rows)

    def reads(self) -> None:
        """A record by its key: the API, and a bare GetItem of the same item."""
        self.bench.load(self.file, DATASET, mode="replace")
        asyncio.run(self._compare("GET by key", "GET", "get_item"))

    def writes(self) -> None:
        """A record replaced: the API, and a bare PutItem of the same item."""
        self.bench.load(self.file, DATASET, mode="replace")
        asyncio.run(self._compare("PUT by key", "PUT", "put_item"))

    async def _compare(self, name: str, method: str, operation: str) -> None:
        schema = await get_schema()
        server = Server("app.main:create_app", 18803, factory=True)
        try:
            async with bare_client() as bare, aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as http:
                item = await find_item(schema, 1)
                document = json.loads(json.dumps({"name": "other", "price": "1.50"}))

                async def ask_api(number: int) -> None:
                    body = document if method == "PUT" else None
                    url = f"{server.url}/datasets/{DATASET}/records/{number}"
                    async with http.request(method, url, json=body) as response:
                        assert response.status in (200, 201), await response.text()
                        await response.read()

                async def ask_bare(number: int) -> None:
                    pk, sk = item_key(schema.generation or "", schema.key, [number])
                    key = {"pk": {"S": pk}, "sk": {"S": sk}}
                    given = {"Key": key, "ConsistentRead": True} if operation == "get_item" else {"Item": item | key}
                    await getattr(bare, operation)(TableName=get_settings().table, **given)

                api, plain = await self._take_turns(ask_api, ask_bare)
        finally:
            server.stop()
            await close_all()
        print(
            f"{name:12} API {api * 1000:6.2f} ms   bare {operation} {plain * 1000:6.2f} ms   "
            f"added {(api - plain) * 1000:6.2f} ms",
            flush=True,
        )

    async def _take_turns(self, *calls: Call) -> list[float]:
        """The median seconds of each of some calls, one after the other, in turns."""
        times: list[list[float]] = [[] for _ in calls]
        for turn in range(self.rounds + 1):
            for call, found in zip(calls, times, strict=True):
                for number in range(1, self.requests // self.rounds + 1):
                    started = time.perf_counter()
                    await call(number)
                    if turn:  # the first turn warms both up
                        found.append(time.perf_counter() - started)
        return [statistics.median(found) for found in times]

    def load(self) -> None:
        """An import, and a loop of bare BatchWriteItem calls, as many at a time, that writes the same items."""
        rates: dict[str, list[float]] = {"import": [], "bare": []}
        for turn in range(self.rounds + 1):
            outcome = self.bench.load(self.file, DATASET, mode="replace")
            assert outcome["status"] == "succeeded", outcome
            seconds = asyncio.run(self._write_bare(turn))
            if turn:
                rates["import"].append(self.rows / outcome["seconds"])
                rates["bare"].append(self.rows / seconds)
        mine, bare = statistics.median(rates["import"]), statistics.median(rates["bare"])
        print(f"import       {mine:8,.0f} rows/s   bare {bare:8,.0f} items/s   {mine / bare:5.2f} x", flush=True)

    async def _write_bare(self, turn: int) -> float:
        """Seconds that a bare loop takes to write the items of the import before, under other keys."""
        schema = await get_schema()
        items = await list_items(schema.generation or "")
        assert len(items) == self.rows
        for item in items:
            item["pk"]["S"] = item["pk"]["S"].replace("records#", f"bare{turn}#")
        limit = asyncio.Semaphore(get_settings().keyvalue_concurrency)
        table = get_settings().table
        async with bare_client() as bare:

            async def write(part: list[Item]) -> None:
                async with limit:
                    requests = [{"PutRequest": {"Item": item}} for item in part]
                    answer = await bare.batch_write_item(RequestItems={table: requests})
                    assert not answer["UnprocessedItems"]

            started = time.perf_counter()
            await asyncio.gather(*(write(items[start : start + BATCH]) for start in range(0, len(items), BATCH)))
            seconds = time.perf_counter() - started
        await close_all()
        return seconds

    def decode(self) -> None:
        """An answer of 1,000 items as records' values, and as what the stock parser makes of it."""
        self.bench.load(self.file, DATASET, mode="replace")
        asyncio.run(self._decode())

    async def _decode(self) -> None:
        schema = await get_schema()
        items = (await list_items(schema.generation or ""))[:1000]
        body = orjson.dumps({"Items": items, "Count": len(items), "ScannedCount": len(items)})
        output = get_session().get_service_model("dynamodb").operation_model("Query").output_schema
        parser = create_parser("json")
        response = {"status_code": 200, "headers": {}, "body": body, "context": {"operation_name": "Query"}}

        async def stock(_: int) -> None:
            await parser.parse(response, output)

        async def own(_: int) -> None:
            assert [record_of(schema, item).values for item in orjson.loads(body)["Items"]]

        self.requests = 20 * self.rounds
        mine, other = await self._take_turns(own, stock)
        print(
            f"decode       values {mine * 1000:6.2f} ms   stock parser {other * 1000:6.2f} ms   {other / mine:5.2f} x",
            flush=True,
        )
        await close_all()


async def get_schema() -> DatasetSchema:
    schema = await find_schema(DATASET, fresh=True)
    assert schema is not None
    return schema


async def find_item(schema: DatasetSchema, number: int) -> Item:
    pk, sk = item_key(schema.generation or "", schema.key, [number])
    dynamodb = await client("dynamodb")
    found = await dynamodb.get_item(TableName=get_settings().table, Key={"pk": {"S": pk}, "sk": {"S": sk}})
    return dict(found["Item"])


async def list_items(generation: str) -> list[Item]:
    """The items of a generation, as they come."""
    dynamodb = await client("dynamodb")
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=get_settings().table,
        FilterExpression="begins_with(pk, :pk)",
        ExpressionAttributeValues={":pk": {"S": f"records#{generation}#"}},
    )
    return [dict(item) async for page in pages for item in page["Items"]]


async def close_all() -> None:
    await close_connections()
    await close_clients()


async def make_dataset() -> None:
    """The benchmark's dataset, in the key-value store."""
    async with transaction() as session:
        body = {"name": DATASET, "store": "keyvalue", "columns": COLUMNS, "key": ["id"]}
        await create_dataset(session, DatasetCreate.model_validate(body), EVERYTHING)
    await close_all()


SCENARIOS: dict[str, Callable[[Keyvalue], None]] = {
    "reads": Keyvalue.reads,
    "writes": Keyvalue.writes,
    "import": Keyvalue.load,
    "decode": Keyvalue.decode,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", choices=[*SCENARIOS, []])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=2000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as bench:
        os.environ["TOLVA_ADMIN_KEY"] = KEY
        asyncio.run(make_dataset())
        scenarios = Keyvalue(bench, given)
        for name in given.scenarios or SCENARIOS:
            SCENARIOS[name](scenarios)


if __name__ == "__main__":
    main()
