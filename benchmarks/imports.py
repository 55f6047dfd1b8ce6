"""Imports compared with psql's \\copy: the same file, the same table, the same server, in turn, several times.

    uv run python -m benchmarks.imports                      every scenario over 2,000,000 rows
    uv run python -m benchmarks.imports clean gzip --rows 200000 --rounds 3
    uv run python -m benchmarks.imports memory --megabytes 300 3000

Each import runs in a new process, as a worker Lambda's does; its time is that from taking the message to the commit,
the start of the process left out. The emulator, which serves the file, runs on the same cores. The output has
medians, and ratios to \\copy of the clean file.
"""

import argparse
import asyncio
import gzip
import json
import logging
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from app.access.principal import EVERYTHING
from app.core.aws.clients import client, close_clients
from app.core.aws.storage import ObjectWriter
from app.core.database.pool import close_connections
from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.datasets.bodies import DatasetCreate
from app.datasets.repository import find_dataset
from app.datasets.service import create_dataset, delete_dataset
from app.handlers.worker import prepare
from app.imports.models import ImportCreate
from app.imports.repository import get_import
from app.imports.service import create_import
from app.imports.worker.intake import take_import
from app.local.services.postgres import find_binaries
from app.local.services.services import Services

COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": "bigint"},
    {"name": "name", "type": "text"},
    {"name": "price", "type": "decimal", "precision": 12, "scale": 2},
    {"name": "quantity", "type": "integer"},
    {"name": "active", "type": "boolean"},
    {"name": "released", "type": "date"},
    {"name": "updated_at", "type": "datetime"},
    {"name": "latitude", "type": "number"},
    {"name": "longitude", "type": "number"},
    {"name": "category", "type": "text"},
    {"name": "code", "type": "text"},
    {"name": "notes", "type": "text"},
]
HEADER = ",".join(column["name"] for column in COLUMNS) + "\n"
SEED = 20_260_101


def rows(count: int, *, bad_every: int = 0, newlines: bool = False) -> Iterator[str]:
    """Believable records; every `bad_every`-th one has an invalid price."""
    source = random.Random(SEED)
    day, moment = date(2015, 1, 1), datetime(2020, 1, 1, tzinfo=UTC)
    for number in range(1, count + 1):
        price = "n/a" if bad_every and number % bad_every == 0 else f"{source.randrange(100, 999_999) / 100:.2f}"
        lines = "\n" if newlines else " "
        yield (
            f"{number},Product {source.randrange(100_000)},{price},{source.randrange(10_000)},"
            f"{'true' if number % 3 else 'false'},{day + timedelta(days=number % 3650)},"
            f"{moment + timedelta(seconds=number * 37):%Y-%m-%dT%H:%M:%SZ},"
            f"{source.uniform(-90, 90):.6f},{source.uniform(-180, 180):.6f},category {number % 40},"
            f'{source.randrange(10**8):08d},"He said ""fine"",{lines}then left {number}"\n'
        )


def write_file(path: Path, count: int, **kind: Any) -> Path:
    """A file of `count` records under the header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        file.writelines(rows(count, **kind))
    return path


class Bench:
    """Runs \\copy and imports over one server."""

    def __init__(self, folder: Path, services: Services) -> None:
        self.folder = folder
        self.url = services.postgres.url

    def copy(self, path: Path, dataset: str) -> float:
        """Seconds that psql takes to copy a file into a dataset's table, emptied before."""
        self.run(f'TRUNCATE data."{dataset}"')
        names = ", ".join(column["name"] for column in COLUMNS)
        started = time.perf_counter()
        self.run(f"\\copy data.\"{dataset}\" ({names}) FROM '{path}' WITH (FORMAT csv, HEADER)")
        return time.perf_counter() - started

    def empty(self, dataset: str) -> None:
        """Leave a dataset's table without records."""
        self.run(f'TRUNCATE data."{dataset}"')

    def run(self, command: str) -> None:
        """Run a command in psql."""
        psql = find_binaries() / "psql"
        subprocess.run([psql, "-q", "-v", "ON_ERROR_STOP=1", self.url, "-c", command], check=True)

    def load(self, path: Path, dataset: str, **body: Any) -> dict[str, Any]:
        """Import a file in a process of its own: `seconds`, `peak` in bytes, `status`, `result` and `totals`."""
        import_id = announce(path, dataset, body)
        command = [sys.executable, "-m", "benchmarks.imports", "--child", str(import_id)]
        # As in the image, byte code is there: the first import leaves it for the others.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        answer = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        outcome: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
        asyncio.run(_forget(import_id))
        return outcome


def announce(path: Path, dataset: str, body: dict[str, Any]) -> UUID:
    """Put a file at the key of its upload; return the id of the import that waits for it."""
    return asyncio.run(_announce(path, dataset, body))


async def _announce(path: Path, name: str, body: dict[str, Any]) -> UUID:
    async with transaction() as session:
        dataset = await find_dataset(session, name)
        assert dataset is not None
        announced = ImportCreate(filename=path.name, **body)
        row, _ = await create_import(session, dataset, announced, EVERYTHING)
    writer = ObjectWriter(row.object_key, "text/csv")
    with path.open("rb") as file:
        while block := file.read(8 * 1024 * 1024):
            await writer.write(block)
    await writer.finish()
    await close_all()
    return row.id


async def _forget(import_id: UUID) -> None:
    """Take an import's file out of the bucket: the emulator holds it in memory, and each round would find less."""
    async with transaction() as session:
        row = await get_import(session, import_id)
    s3 = await client("s3")
    assert row.object_version is not None
    await s3.delete_object(Bucket=get_settings().bucket, Key=row.object_key, VersionId=row.object_version)
    await close_all()


async def close_all() -> None:
    await close_connections()
    await close_clients()


async def _make_dataset(name: str, *, pinned: bool) -> None:
    async with transaction() as session:
        dataset = await find_dataset(session, name)
        if dataset is not None:
            await delete_dataset(session, dataset, EVERYTHING)
    async with transaction() as session:
        members = {"columns": COLUMNS, "key": ["id"]} if pinned else {}
        await create_dataset(session, DatasetCreate.model_validate({"name": name, **members}), EVERYTHING)
    await close_all()


def make_dataset(name: str, *, pinned: bool = True) -> None:
    """A new dataset, with the benchmark's columns or none."""
    asyncio.run(_make_dataset(name, pinned=pinned))


class _CommitWatch(logging.Handler):
    """Notes when an import has committed: the planner's statistics, which come after it, are not part of it."""

    at: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() in ("import.finished", "import.failed"):
            self.at = time.perf_counter()


async def _work(import_id: UUID) -> None:
    """Run and measure one import, in a child process."""
    async with transaction() as session:
        await get_import(session, import_id)
    await prepare()
    logging.getLogger("tolva").setLevel("INFO")
    watch = _CommitWatch()
    logging.getLogger("tolva").addHandler(watch)
    started = time.perf_counter()
    await take_import(import_id, seconds=float("inf"))
    async with transaction() as session:
        row = await get_import(session, import_id)
    if watch.at is None:
        raise SystemExit(f"The import has {row.status}, and no event said so: there is no time to measure.")
    seconds = watch.at - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    outcome = {"seconds": seconds, "peak": peak, "status": row.status, "result": row.result, "totals": row.totals}
    print(json.dumps({**outcome, "problem": row.problem}))


Scenario = Callable[[Bench, int], dict[str, Any]]


def clean(bench: Bench, count: int) -> dict[str, Any]:
    """Append to pinned columns, the table empty."""
    bench.empty("pinned")
    return bench.load(bench.folder / "clean.csv", "pinned")


def inferred(bench: Bench, count: int) -> dict[str, Any]:
    """A new dataset: the whole file read for its types first."""
    make_dataset("inferred", pinned=False)
    return bench.load(bench.folder / "clean.csv", "inferred")


def skipped(bench: Bench, count: int) -> dict[str, Any]:
    """One row in a hundred bad, skipped and reported."""
    bench.empty("pinned")
    path = _cached(bench, "skipped.csv", count, bad_every=100)
    return bench.load(path, "pinned", on_reject="skip")


def all_bad(bench: Bench, count: int) -> dict[str, Any]:
    """Every row bad."""
    bench.empty("pinned")
    return bench.load(_cached(bench, "bad.csv", count, bad_every=1), "pinned", on_reject="skip")


def newlines(bench: Bench, count: int) -> dict[str, Any]:
    """A newline in a quoted field of every row."""
    bench.empty("pinned")
    return bench.load(_cached(bench, "newlines.csv", count, newlines=True), "pinned")


def gzipped(bench: Bench, count: int) -> dict[str, Any]:
    """The clean file, compressed."""
    path = bench.folder / "clean.csv.gz"
    if not path.exists():
        with (bench.folder / "clean.csv").open("rb") as file, gzip.open(path, "wb", compresslevel=6) as target:
            while block := file.read(1 << 20):
                target.write(block)
    bench.empty("pinned")
    return bench.load(path, "pinned")


def upserted(bench: Bench, count: int) -> dict[str, Any]:
    """Upsert of the clean file while every second record exists already."""
    bench.empty("pinned")
    half = bench.folder / "half.csv"
    if not half.exists():
        with half.open("w", encoding="utf-8", newline="") as file:
            file.write(HEADER)
            file.writelines(row for number, row in enumerate(rows(count)) if number % 2)
    bench.copy(half, "pinned")
    return bench.load(bench.folder / "clean.csv", "pinned", mode="upsert")


def replaced(bench: Bench, count: int) -> dict[str, Any]:
    """Replace a full table while a reader polls it; the reader's failures and empty reads are counted."""
    reader = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.imports", "--reader", bench.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    outcome = bench.load(bench.folder / "clean.csv", "pinned", mode="replace")
    seen = json.loads(reader.communicate(b"\n")[0])
    return outcome | {"reader": seen}


async def _read_until_told(url: str) -> None:
    import asyncpg  # noqa: PLC0415  # a child's only

    connection = await asyncpg.connect(url)
    told = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    seen = {"reads": 0, "failed": 0, "empty": 0}
    while not told.done():
        try:
            row = await connection.fetchrow("SELECT id FROM data.pinned LIMIT 1")
            seen["empty"] += row is None
        except asyncpg.PostgresError:
            seen["failed"] += 1
        seen["reads"] += 1
        await asyncio.sleep(0.005)
    print(json.dumps(seen))


def _cached(bench: Bench, name: str, count: int, **kind: Any) -> Path:
    path = bench.folder / name
    return path if path.exists() else write_file(path, count, **kind)


SCENARIOS: dict[str, Scenario] = {
    "clean": clean,
    "inferred": inferred,
    "skipped": skipped,
    "all_bad": all_bad,
    "newlines": newlines,
    "gzip": gzipped,
    "upsert": upserted,
    "replace": replaced,
}


def compare(bench: Bench, names: list[str], count: int, rounds: int) -> None:
    """Run \\copy and each scenario in turn, and print medians and ratios."""
    write_file(bench.folder / "clean.csv", count)
    make_dataset("pinned")
    baseline: list[float] = []
    measured: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(rounds):
        baseline.append(bench.copy(bench.folder / "clean.csv", "pinned"))
        for name in names:
            measured[name].append(SCENARIOS[name](bench, count))
    copied = statistics.median(baseline)
    size = (bench.folder / "clean.csv").stat().st_size
    print(f"{count:,} rows, {size / 1e6:,.0f} MB, {rounds} rounds")
    print(f"{'psql copy':12} {copied:7.2f} s  {count / copied / 1000:8,.0f} k rows/s")
    for name, outcomes in measured.items():
        seconds = statistics.median(outcome["seconds"] for outcome in outcomes)
        peak = max(outcome["peak"] for outcome in outcomes)
        last = outcomes[-1]
        print(
            f"{name:12} {seconds:7.2f} s  {count / seconds / 1000:8,.0f} k rows/s  {copied / seconds:5.2f} x  "
            f"peak {peak / 1e6:4.0f} MB  {last['status']} {last['result'] or last['totals']} {last.get('reader', '')}"
        )


def memory(bench: Bench, megabytes: list[int]) -> None:
    """Peak memory of the worker for files of several sizes, new datasets each."""
    per_row = len("".join(rows(1000))) / 1000
    for size in megabytes:
        path = write_file(bench.folder / "memory.csv", int(size * 1e6 / per_row))
        make_dataset("memory", pinned=False)
        outcome = bench.load(path, "memory")
        print(f"{size:6,} MB  peak {outcome['peak'] / 1e6:4.0f} MB  {outcome['seconds']:7.2f} s  {outcome['status']}")
        path.unlink()


@contextmanager
def running(folder: Path) -> Iterator[Bench]:
    """PostgreSQL, durable as at home, and the emulator."""
    services = Services(folder / "services")
    try:
        services.start()
        services.use()
        services.prepare()
        yield Bench(folder, services)
    finally:
        services.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", choices=[*SCENARIOS, "memory", []])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[300])
    parser.add_argument("--child", type=UUID, help=argparse.SUPPRESS)
    parser.add_argument("--reader", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        asyncio.run(_work(given.child))
    elif given.reader:
        asyncio.run(_read_until_told(given.reader))
    else:
        with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as bench:
            names = [name for name in given.scenarios or SCENARIOS if name != "memory"]
            if names:
                compare(bench, names, given.rows, given.rounds)
            if "memory" in given.scenarios:
                memory(bench, given.megabytes)


if __name__ == "__main__":
    main()
