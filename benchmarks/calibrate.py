"""The processor time, log and write-ahead log of requests and of a GB of CSV: the measurements of `tolva cost`.

    uv run python -m benchmarks.calibrate                       print them
    uv run python -m benchmarks.calibrate --write               write app/cost/calibration.json
    uv run python -m benchmarks.calibrate --calls 200 --rows 20000

The functions run under Lambda's emulator from the folder that the image has. Processor time is that of the function's
process, of its backend in PostgreSQL, and of a server under uvicorn; none of it is time on a clock, so that what else
the machine does matters little. An import is measured with two files, so that the start of its process is not part of
what a GB takes. PostgreSQL logs as Aurora does: everything, but no images of whole pages.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil

from app.access.principal import EVERYTHING
from app.core.aws.clients import client
from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.cost.calibration import Import, Request
from app.datasets.bodies import DatasetCreate
from app.datasets.service import create_dataset
from app.local.services import postgres
from benchmarks.emulated import API, KEY, Emulated, function_pid, load_average, processor_seconds, succeed
from benchmarks.imports import COLUMNS, Bench, close_all, make_dataset, running, write_file
from benchmarks.records import Server
from tests.handlers.emulator import ROOT, LambdaFunction
from tests.handlers.events import rest_event

TARGET = ROOT / "app" / "cost" / "calibration.json"
WARM_UP = 30
STARTS = 5
PORT = 18804
DATASETS = {"relational": "pinned", "keyvalue": "items"}
# The load of the key-value store goes through the emulator of DynamoDB, which is slow.
KEYVALUE_ROWS = (10_000, 30_000)
Events = Callable[[int], dict[str, Any]]


def requests_of(store: str, rows: int) -> dict[str, Events]:
    """The kinds of requests of a store, each as the event of its n-th call."""
    path = f"/datasets/{DATASETS[store]}/records"
    group = {} if store == "relational" else {"category": "category 7"}

    def get(number: int) -> dict[str, Any]:
        place = number * 7919 % rows + 1
        key = f"{place}" if store == "relational" else f"category {place % 40},{place}"
        return rest_event("GET", f"{path}/{key}", KEY)

    def post(number: int) -> dict[str, Any]:
        body = {"id": 10**9 + number, "name": "New", "price": "12.50", "quantity": 4, "active": True}
        body |= {"released": "2026-01-31", "updated_at": "2026-01-31T12:00:00Z", "latitude": 1.5, "longitude": 2.5}
        body |= {"category": "category 1", "code": "00000001", "notes": 'He said "fine", then left'}
        return rest_event("POST", path, KEY, body)

    def listed(limit: int, **query: str) -> Events:
        return lambda _: rest_event("GET", path, KEY, None, _limit=str(limit), **group, **query)

    kinds: dict[str, Events] = {"get": get, "list": listed(50), "page": listed(1000), "post": post}
    if store == "relational":
        kinds["query"] = listed(50, category="category 7", _sort="-price")
    return kinds


class Database:
    """The work that PostgreSQL has done so far."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, query: str) -> list[Any]:
        """The values of a query's first column."""
        return asyncio.run(self._ask(query))

    async def _ask(self, query: str) -> list[Any]:
        connection = await asyncpg.connect(self._url)
        try:
            return [row[0] for row in await connection.fetch(query)]
        finally:
            await connection.close()

    def wal(self) -> int:
        """Bytes of its log."""
        return int(self.ask("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")[0])

    def callers_seconds(self) -> float:
        """Processor time of the backends of Tolva's processes."""
        return processor_seconds(*self.ask("SELECT pid FROM pg_stat_activity WHERE application_name = 'tolva'"))

    def all_seconds(self) -> float:
        """Processor time of the whole server, backends that have ended included."""
        (checkpointer,) = self.ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
        server = psutil.Process(psutil.Process(checkpointer).ppid())
        spent = server.cpu_times()
        ended = spent.children_user + spent.children_system
        return ended + processor_seconds(server.pid, *(child.pid for child in server.children()))


class Calibration:
    """Measures the requests and the imports of both stores."""

    def __init__(self, bench: Bench, emulated: Emulated, calls: int, rows: int) -> None:
        self.bench, self.emulated, self.calls, self.rows = bench, emulated, calls, rows
        self.database = Database(bench.url)
        self.item_bytes = 0.0

    # ---- Imports

    def import_both(self) -> dict[str, Any]:
        """Imports of both stores; their records stay, for the requests."""
        make_dataset("pinned")
        self._load("pinned", "append", 1000)  # leaves byte code for the others
        relational = self._slope("pinned", "append", (self.rows, self.rows * 3), self._table_bytes)
        asyncio.run(_make_keyvalue())
        keyvalue = self._slope("items", "replace", KEYVALUE_ROWS, lambda: 0.0)
        self.item_bytes = asyncio.run(_mean_item())
        for statement in (
            "CREATE INDEX ON data.pinned (category, price, id)",
            "VACUUM ANALYZE data.pinned",
        ):
            self.bench.run(statement)
        return {"relational": relational, "keyvalue": keyvalue | {"item_bytes": self.item_bytes}}

    def _slope(
        self, dataset: str, mode: str, sizes: tuple[int, int], table_bytes: Callable[[], float]
    ) -> dict[str, Any]:
        small, large = (self._load(dataset, mode, rows) for rows in sizes)
        size = large["bytes"] - small["bytes"]
        rate = {name: (large[name] - small[name]) / size for name in ("worker", "database", "wal", "rows")}
        measured = Import(
            worker_seconds=rate["worker"] * 1e9,
            start_seconds=max(0.0, small["worker"] - rate["worker"] * small["bytes"]),
            database_seconds=rate["database"] * 1e9,
            wal_bytes=rate["wal"],
            table_bytes=table_bytes() / large["bytes"],
            rows=rate["rows"] * 1e9,
            item_bytes=0.0,
        )
        return asdict(measured)

    def _load(self, dataset: str, mode: str, rows: int) -> dict[str, float]:
        path = write_file(self.bench.folder / "calibrate.csv", rows)
        if dataset == "pinned":
            self.bench.empty(dataset)
        self.bench.run("CHECKPOINT")
        before = self.database.all_seconds(), self.database.wal(), _children_seconds()
        outcome = self.bench.load(path, dataset, mode=mode)
        if outcome["status"] != "succeeded":
            raise SystemExit(f"the import of {rows} rows: {outcome}")
        self.bench.run("CHECKPOINT")
        after = self.database.all_seconds(), self.database.wal(), _children_seconds()
        database, wal, worker = (late - early for early, late in zip(before, after, strict=True))
        size = path.stat().st_size
        path.unlink()
        return {"bytes": size, "rows": rows, "database": database, "wal": wal, "worker": worker}

    def _table_bytes(self) -> float:
        return float(self.database.ask("SELECT pg_total_relation_size('data.pinned')")[0])

    # ---- Requests

    def ask_both(self) -> dict[str, Any]:
        """Requests of both stores."""
        return {store: self._ask_store(store) for store in DATASETS}

    def _ask_store(self, store: str) -> dict[str, Any]:
        rows = self.rows * 3 if store == "relational" else KEYVALUE_ROWS[1]
        return {kind: self._ask(store, kind, event) for kind, event in requests_of(store, rows).items()}

    def _ask(self, store: str, kind: str, event: Events) -> dict[str, Any]:
        first = statistics.median(self._first(event(10_000 + number)) for number in range(STARTS))
        log = self.emulated.folder / "log"
        with self.emulated.start(API) as function:
            for number in range(WARM_UP):
                succeed(function, event(20_000 + number))
            measured = self._many(function, event, log)
        server = self._ask_server(event)
        found = Request(
            **measured, server_ms=server, first_ms=first, item_bytes=self.item_bytes * (store == "keyvalue")
        )
        print(f"{store:11} {kind:6} {found}", flush=True)
        return asdict(found)

    def _first(self, event: Any) -> float:
        """Milliseconds of processor time from a function's start to its first answer."""
        with self.emulated.start(API) as function:
            succeed(function, event)
            return processor_seconds(function_pid(function)) * 1000

    def _many(self, function: LambdaFunction, event: Events, log: Path) -> dict[str, float]:
        pid = function_pid(function)
        before = processor_seconds(pid), self.database.callers_seconds(), self.database.wal(), _own_bytes(log)
        sent = sum(len(succeed(function, event(30_000 + number))["body"]) for number in range(self.calls))
        after = processor_seconds(pid), self.database.callers_seconds(), self.database.wal(), _own_bytes(log)
        each = [(late - early) / self.calls for early, late in zip(before, after, strict=True)]
        names = ("function_ms", "database_ms", "wal_bytes", "log_bytes")
        scaled = {name: value * (1000 if name.endswith("ms") else 1) for name, value in zip(names, each, strict=True)}
        return scaled | {"response_bytes": sent / self.calls}

    def _ask_server(self, event: Events) -> float:
        """Milliseconds of processor time of uvicorn for a request."""
        server = Server("app.main:create_app", PORT, factory=True)
        try:
            with httpx.Client(base_url=server.url, trust_env=False) as caller:
                for number in range(WARM_UP):
                    _send(caller, event(40_000 + number))
                before = processor_seconds(server.pid)
                for number in range(self.calls):
                    _send(caller, event(50_000 + number))
                return (processor_seconds(server.pid) - before) / self.calls * 1000
        finally:
            server.stop()


def _send(caller: httpx.Client, event: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    query = event["queryStringParameters"]
    caller.request(
        event["httpMethod"], event["path"], params=query, content=event["body"], headers=headers
    ).raise_for_status()


def _own_bytes(log: Path) -> int:
    """Bytes of the lines that the application logged, metrics included: not those of the platform."""
    return sum(len(line) for line in log.read_bytes().splitlines() if line.startswith(b"{"))


def _children_seconds() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


async def _make_keyvalue() -> None:
    async with transaction() as session:
        body = {"name": "items", "store": "keyvalue", "columns": COLUMNS, "key": ["category", "id"]}
        await create_dataset(session, DatasetCreate.model_validate(body), EVERYTHING)
    await close_all()


async def _mean_item() -> float:
    """The mean size of some records' items as DynamoDB counts it."""
    dynamodb = await client("dynamodb")
    found = await dynamodb.scan(TableName=get_settings().table, Limit=2000)
    items = [item for item in found["Items"] if item["pk"]["S"].startswith("records#")]
    await close_all()
    return statistics.mean(sum(len(name) + _value_bytes(value) for name, value in item.items()) for item in items)


def _value_bytes(value: dict[str, Any]) -> float:
    ((kind, content),) = value.items()
    if kind == "N":
        return len(content.strip("-").replace(".", "")) / 2 + 1
    return len(str(content).encode()) if kind in ("S", "B") else 1


def _machine(emulated: Emulated, before: float, calls: int) -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    processor = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return {
        "processor": f"{processor}, {platform.machine()}",
        "cores": os.cpu_count(),
        "python": emulated.version(),
        "postgresql": "16",
        "load_before": round(before, 1),
        "load_after": round(load_average(), 1),
        "calls": calls,
    }


def measure(folder: Path, calls: int, rows: int) -> dict[str, Any]:
    """The document of the measurements."""
    before = load_average()
    os.environ["TOLVA_ADMIN_KEY"] = KEY
    postgres.SETTINGS.update(wal_level="replica", full_page_writes="off")
    with running(folder) as bench:
        os.environ["TOLVA_ADMIN_KEY"] = KEY
        emulated = Emulated(folder)
        calibration = Calibration(bench, emulated, calls, rows)
        imports = calibration.import_both()
        requests = calibration.ask_both()
        document = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": _machine(emulated, before, calls)}
        return document | {"requests": requests, "imports": imports}


def _rounded(value: Any) -> Any:
    """Three significant digits of a measurement: the others are noise."""
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return float(f"{value:.3g}") if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(_rounded(measure(Path(folder), given.calls, given.rows)), indent=2)
    print(text)
    if given.write:
        TARGET.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
