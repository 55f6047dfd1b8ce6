"""The records API compared with an application written by hand over the same table, on the same server, in turn.

    uv run python -m benchmarks.records                      every scenario over 2,000,000 records
    uv run python -m benchmarks.records key list --rows 200000 --rounds 5 --seconds 3

Needs wrk. Both applications run under uvicorn with one process and the same settings; wrk asks over 16 connections. The
output has medians of requests a second, and ratios.
"""

import argparse
import asyncio
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from app.access.principal import EVERYTHING
from app.core.database.sessions import transaction
from app.datasets.bodies import DatasetCreate
from app.datasets.service import create_dataset
from app.local.services.postgres import find_binaries
from benchmarks.imports import Bench, close_all, make_dataset, running, write_file

KEY = "tolva_admin_of_the_benchmark_0123456789"
CONNECTIONS = 16
HEADERS = {"Authorization": f"Bearer {KEY}"}
WIDE_DATASETS, WIDE_COLUMNS = 100, 20

# Each request another record: what is asked again and again would be measured from a cache line.
BY_KEY = """
local seed = tonumber(os.getenv("SEED")); math.randomseed(seed)
request = function() return wrk.format("GET", os.getenv("TARGET") .. math.random(1, tonumber(os.getenv("ROWS")))) end
"""
INSERT = """
local id = tonumber(os.getenv("FIRST")); wrk.headers["Content-Type"] = "application/json"
request = function()
  id = id + 1
  local body = string.format('{"id":%d,"name":"New","price":"12.50","quantity":4,"active":true,"released":"2026-01-31",'
    .. '"updated_at":"2026-01-31T12:00:00Z","latitude":1.5,"longitude":2.5,"category":"category 1","code":"00000001",'
    .. '"notes":"new"}', id)
  return wrk.format("POST", os.getenv("TARGET"), nil, body)
end
"""


class Server:
    """One application under uvicorn, in a process of its own."""

    def __init__(self, application: str, port: int, *, factory: bool) -> None:
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "uvicorn", application, "--port", str(port), "--no-access-log"]
        command += ["--log-level", "warning", *(["--factory"] if factory else [])]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["TOLVA_LOG_LEVEL"] = "WARNING"
        self._process = subprocess.Popen(command, env=environment)
        self._wait()

    def _wait(self) -> None:
        for _ in range(200):
            try:
                httpx.get(self.url)
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return
        raise SystemExit(f"nothing answers at {self.url}")

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def memory(self) -> int:
        """Resident bytes."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


class Records:
    """Both applications over one table."""

    def __init__(self, bench: Bench, count: int, rounds: int, seconds: int) -> None:
        self.bench, self.count, self.rounds, self.seconds = bench, count, rounds, seconds
        self.tolva = Server("app.main:create_app", 18801, factory=True)
        self.hand = Server("benchmarks.handwritten:app", 18802, factory=False)
        # Tolva is asked with a key out of its catalogue, as callers have one; the other knows but its own.
        self.keys = {"tolva": self._make_key(), "hand": KEY}
        self._next_id = count + 1_000_000_000

    def _make_key(self) -> str:
        body = {"name": "benchmark", "scopes": ["write"]}
        answer = httpx.post(f"{self.tolva.url}/keys", headers=HEADERS, json=body)
        return str(answer.raise_for_status().json()["key"])

    def stop(self) -> None:
        self.tolva.stop()
        self.hand.stop()

    def compare(self, name: str, tolva: str, hand: str, script: str | None = None) -> None:
        """Ask both in turn and print the medians."""
        rates: dict[str, list[float]] = {"tolva": [], "hand": []}
        for turn in range(self.rounds + 1):
            for who, server, path in (("tolva", self.tolva, tolva), ("hand", self.hand, hand)):
                rate = self._ask(server.url, path, script, self.keys[who])
                if turn:  # the first turn warms both up
                    rates[who].append(rate)
        mine, other = statistics.median(rates["tolva"]), statistics.median(rates["hand"])
        print(f"{name:8} tolva {mine:8,.0f}/s   by hand {other:8,.0f}/s   {mine / other:5.2f} x", flush=True)

    def _ask(self, url: str, path: str, script: str | None, key: str) -> float:
        self._next_id += 10_000_000
        environment = os.environ | {
            "TARGET": path,
            "ROWS": str(self.count),
            "SEED": "7",
            "FIRST": str(self._next_id),
        }
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{self.seconds}s", "-H", f"Authorization: Bearer {key}"]
        if script:
            file = self.bench.folder / "ask.lua"
            file.write_text(script)
            command += ["-s", str(file)]
        target = url + ("" if script else path)
        answer = subprocess.run([*command, target], check=True, capture_output=True, text=True, env=environment)
        if "Non-2xx" in answer.stdout:
            raise SystemExit(f"{target}: {answer.stdout}")
        found = re.search(r"Requests/sec:\s+([\d.]+)", answer.stdout)
        assert found is not None
        return float(found[1])

    def get(self, path: str, **options: Any) -> httpx.Response:
        response = httpx.get(self.tolva.url + path, headers=HEADERS, timeout=120, **options)
        response.raise_for_status()
        return response


def key(records: Records) -> None:
    """One record by its key."""
    records.compare("key", "/datasets/pinned/records/", "/products/", BY_KEY)


def listed(records: Records) -> None:
    """Two filters, a sort, 100 records; an index serves both."""
    query = "category=category%207&active=true"
    tolva = f"/datasets/pinned/records?{query}&_sort=-price&_limit=100"
    records.compare("list", tolva, f"/products?{query}&limit=100")


def posted(records: Records) -> None:
    """One new record."""
    records.compare("post", "/datasets/pinned/records", "/products", INSERT)


def deep(records: Records) -> None:
    """The page that begins at the middle of the dataset (record 1,000,000 of 2,000,000) compared with the first one."""
    query = "/datasets/pinned/records?_limit=1000&_sort=price&_select=id"
    cursor = ""
    for _ in range(records.count // 2 // 1000):
        cursor = records.get(query + cursor).json()["next"]
        cursor = f"&_cursor={cursor}"
    pages = {"first": query, "deep": query + cursor}
    seconds: dict[str, list[float]] = {"first": [], "deep": []}
    with httpx.Client(base_url=records.tolva.url, headers=HEADERS, timeout=120) as client:
        for turn in range(60):
            for name, address in pages.items():
                started = time.perf_counter()
                client.get(address).raise_for_status()
                if turn >= 10:
                    seconds[name].append(time.perf_counter() - started)
    first, later = statistics.median(seconds["first"]), statistics.median(seconds["deep"])
    place = f"{records.count // 2:,}"
    print(
        f"deep     first {first * 1000:6.2f} ms   at {place} {later * 1000:6.2f} ms   {later / first:5.2f} x the time"
    )


def export(records: Records) -> None:
    """All records as CSV, compared with psql's copy of them to a file."""
    psql, target = find_binaries() / "psql", records.bench.folder / "export.csv"
    copy = f"\\copy (SELECT * FROM data.pinned ORDER BY id) TO '{target}' WITH (FORMAT csv, HEADER)"
    times: dict[str, list[float]] = {"tolva": [], "psql": []}
    before = most = records.tolva.memory
    for _ in range(records.rounds):
        started = time.perf_counter()
        subprocess.run([psql, "-q", records.bench.url, "-c", copy], check=True)
        times["psql"].append(time.perf_counter() - started)
        started = time.perf_counter()
        headers = {**HEADERS, "Accept": "text/csv"}
        with httpx.stream(
            "GET", f"{records.tolva.url}/datasets/pinned/records", headers=headers, timeout=120
        ) as answer:
            answer.raise_for_status()
            with target.open("wb") as file:
                for block in answer.iter_raw():
                    file.write(block)
                    most = max(most, records.tolva.memory)
        times["tolva"].append(time.perf_counter() - started)
    mine, other = statistics.median(times["tolva"]), statistics.median(times["psql"])
    grown = (most - before) / 1e6
    print(f"export   tolva {mine:6.2f} s   psql {other:6.2f} s   {other / mine:5.2f} x   memory +{grown:.0f} MB")


def document(records: Records) -> None:
    """The OpenAPI document of 100 datasets of 20 columns, after the first time."""
    asyncio.run(_make_wide_datasets())
    seconds = []
    with httpx.Client(base_url=records.tolva.url, headers=HEADERS, timeout=120) as client:
        for _ in range(12):
            started = time.perf_counter()
            size = len(client.get("/openapi.json").raise_for_status().content)
            seconds.append(time.perf_counter() - started)
    later = statistics.median(seconds[1:])
    print(f"openapi  first {seconds[0] * 1000:6.0f} ms   then {later * 1000:6.1f} ms   {size / 1e6:.1f} MB")


async def _make_wide_datasets() -> None:
    kinds = ["text", "integer", "number", "boolean", "date"]
    columns = [{"name": f"column_{place}", "type": kinds[place % len(kinds)]} for place in range(WIDE_COLUMNS)]
    async with transaction() as session:
        for number in range(WIDE_DATASETS):
            body = {"name": f"wide_{number}", "columns": columns}
            await create_dataset(session, DatasetCreate.model_validate(body), EVERYTHING)
    await close_all()


SCENARIOS: dict[str, Callable[[Records], None]] = {
    "key": key,
    "list": listed,
    "deep": deep,
    "export": export,
    "post": posted,
    "openapi": document,
}


@contextmanager
def filled(folder: Path, count: int, rounds: int, seconds: int) -> Iterator[Records]:
    """Both applications over a table with records and the indexes that the queries want."""
    os.environ["TOLVA_ADMIN_KEY"] = KEY
    with running(folder) as bench:
        os.environ["TOLVA_ADMIN_KEY"] = KEY
        make_dataset("pinned")
        bench.copy(write_file(folder / "clean.csv", count), "pinned")
        statements = (
            "CREATE INDEX ON data.pinned (category, active, price DESC NULLS LAST, id)",
            "CREATE INDEX ON data.pinned (price, id)",
            "VACUUM ANALYZE data.pinned",
        )
        for statement in statements:
            bench.run(statement)
        records = Records(bench, count, rounds, seconds)
        try:
            yield records
        finally:
            records.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", choices=[*SCENARIOS, []])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed: install it (Debian: apt-get install wrk).")
    measure = (given.rows, given.rounds, given.seconds)
    with tempfile.TemporaryDirectory() as folder, filled(Path(folder), *measure) as records:
        for name in given.scenarios or SCENARIOS:
            SCENARIOS[name](records)


if __name__ == "__main__":
    main()
