"""A key-value table that is away, slow, throttles or loses answers while an import and single writes go on.

    uv run python -m benchmarks.outages --seconds 60

Afterwards every row of the file and every record whose write was answered is there, and nothing else. Not a
measurement: the output has the answers to callers meanwhile.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp

from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.imports.repository import get_import
from app.records.keyvalue.item import record_of
from benchmarks.imports import announce, running, write_file
from benchmarks.keyvalue import DATASET, close_all, get_schema, list_items, make_dataset
from benchmarks.records import HEADERS, KEY, Server
from tests.faulty_table import Fault, FaultyTable, faulty_table

FAULTS: tuple[Fault, ...] = ("down", "slow", "throttles", "loses answers")
WRITERS = 4
LEASE_SECONDS = 5
# Records that are written one by one have their keys beyond those of any file.
FIRST_SINGLE = 10_000_000


class Writers:
    """Callers that add records until they are stopped, each sent again until it is there."""

    def __init__(self, url: str, first: int) -> None:
        self.url = f"{url}/datasets/{DATASET}/records"
        self.answers: Counter[int] = Counter()
        self.written: set[int] = set()
        self.untold = 0
        self._numbers = iter(range(first, first + 1_000_000))
        self._stopped = asyncio.Event()

    async def work(self) -> None:
        async with aiohttp.ClientSession(headers=HEADERS) as http:
            while not self._stopped.is_set():
                await self._write(http, next(self._numbers))

    async def _write(self, http: aiohttp.ClientSession, number: int) -> None:
        while number not in self.written:
            async with http.put(f"{self.url}/{number}", json={"name": "single"}) as response:
                assert response.status in (200, 201, 409, 503), await response.text()
                self.answers[response.status] += 1
                self.untold += response.status == 503 and "Retry-After" not in response.headers
                if response.status < 400:
                    self.written.add(number)
                else:
                    await asyncio.sleep(0.25)

    def stop(self) -> None:
        self._stopped.set()


async def do_import(import_id: UUID) -> Any:
    """Let workers run an import, one after the other until it has ended; return its outcome."""
    workers = 0
    while True:
        workers += 1
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.imports", "--child", str(import_id)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await worker.wait()
        async with transaction() as session:
            row = await get_import(session, import_id)
            if row.finished_at is not None:
                return row, workers
        await asyncio.sleep(LEASE_SECONDS)


async def endure(fault: Fault, import_id: UUID, rows: int, seconds: float, place: int) -> bool:
    """Put the table through a fault; whether all is there afterwards, once each."""
    before = set(await list_keys())
    async with faulty_table() as table:
        server = Server("app.main:create_app", 18804, factory=True)
        writers = Writers(server.url, FIRST_SINGLE * place)
        try:
            tasks = [asyncio.create_task(writers.work()) for _ in range(WRITERS)]
            importing = asyncio.create_task(do_import(import_id))
            await _fail_for(table, fault, seconds)
            row, workers = await importing
            await asyncio.sleep(2)
            writers.stop()
            await asyncio.gather(*tasks)
        finally:
            server.stop()
    found = await list_keys()
    await close_all()
    wanted = before | writers.written | set(range(1 + rows * place, rows * (place + 1) + 1))
    is_whole = set(found) == wanted and len(found) == len(wanted) and row.result["added"] == rows
    print(
        f"{fault:14} import {row.status} with {row.result}, workers {workers}; single writes {len(writers.written)}, "
        f"answers {dict(sorted(writers.answers.items()))}; lost {len(wanted - set(found))}, "
        f"more {len(found) - len(wanted & set(found))}, 503 without Retry-After {writers.untold}",
        flush=True,
    )
    return is_whole and not writers.untold


async def list_keys() -> list[int]:
    """The keys of all records that are shown."""
    schema = await get_schema()
    return [record_of(schema, item).values["id"] for item in await list_items(schema.generation or "")]


async def _fail_for(table: FaultyTable, fault: Fault, seconds: float) -> None:
    await asyncio.sleep(3)
    table.fault = fault
    await asyncio.sleep(seconds)
    table.fault = "none"


def write_part(path: Path, rows: int, place: int) -> Path:
    """A file of as many records with keys that the others do not have."""
    write_file(path, rows)
    header, *lines = path.read_text().splitlines(keepends=True)
    moved = (f"{rows * place + number},{line.partition(',')[2]}" for number, line in enumerate(lines, 1))
    path.write_text(header + "".join(moved))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", choices=[*FAULTS, []])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rows", type=int, default=50_000)
    given = parser.parse_args()
    os.environ["TOLVA_LEASE_SECONDS"] = str(LEASE_SECONDS)
    get_settings.cache_clear()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as bench:
        os.environ["TOLVA_ADMIN_KEY"] = KEY
        asyncio.run(make_dataset())
        bench.load(write_part(Path(folder) / "first.csv", 1000, 0), DATASET)
        whole = []
        for place, fault in enumerate(given.faults or FAULTS, 1):
            import_id = announce(write_part(Path(folder) / f"{place}.csv", given.rows, place), DATASET, {})
            whole.append(asyncio.run(endure(fault, import_id, given.rows, given.seconds, place)))
    if not all(whole):
        raise SystemExit("records were lost, or are there twice")


if __name__ == "__main__":
    main()
