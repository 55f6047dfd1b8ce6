"""Data after `kill -9`: all rows of an import or none, and each acknowledged write once.

    uv run python -m benchmarks.kills imports --times 20      a worker, at random moments; another one takes over
    uv run python -m benchmarks.kills writes --times 3        each part of `tolva dev`, under writes and imports

It fails if an import is not whole, or a write or a row is lost or doubled.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import httpx

from app.local.services.postgres import find_binaries
from benchmarks.imports import Bench, announce, make_dataset, running, write_file
from tests.local.acknowledged import STORES, Clients
from tests.local.running import RunningDev

LEASE_SECONDS = 2
# Work that a dead process began is taken up, or sent again, soon.
VARIABLES = {"TOLVA_LEASE_SECONDS": str(LEASE_SECONDS), "TOLVA_IDEMPOTENCY_LEASE_SECONDS": str(LEASE_SECONDS)}
# Before that the process is only loading its modules.
START_SECONDS = 1.0
MODES = ("append", "upsert", "replace")
# The parts of `tolva dev`, by a word of their command line.
PARTS = {
    "emulator": "app.local.services.kept_emulator",
    "postgres": "bin/postgres",
    "worker": "app.local.worker",
    "api": "app.local.api",
}
WRITES_BETWEEN = 100
IMPORT_SECONDS = 120


def count(bench: Bench) -> int:
    """The records of the dataset now."""
    command = [str(find_binaries() / "psql"), "-qAt", bench.url, "-c", 'SELECT count(*) FROM data."killed"']
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class Outcome(NamedTuple):
    """Return whether the worker died in the middle, and whether all rows or none were there before and after."""

    was_killed: bool
    is_whole: bool


def measure(bench: Bench, path: Path) -> float:
    """Seconds that a worker's process takes for the file, from its start."""
    make_dataset("killed")
    import_id = announce(path, "killed", {})
    started = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.imports", "--child", str(import_id)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def kill_once(bench: Bench, path: Path, rows: int, mode: str, seconds: float) -> Outcome:
    """Import a file, kill its worker after some seconds, count, let a second worker finish, count again."""
    make_dataset("killed")
    before = 0
    if mode == "replace":
        before = int(bench.load(path, "killed")["result"]["added"])
    import_id = announce(path, "killed", {"mode": mode})
    command = [sys.executable, "-m", "benchmarks.imports", "--child", str(import_id)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    ended = child.poll() is not None
    child.kill()
    child.wait()
    between = count(bench)
    time.sleep(LEASE_SECONDS + 0.5)
    subprocess.run(command, check=True, capture_output=True)
    after = count(bench)
    is_whole = between in (before, rows) and after == rows
    verdict = "ok" if is_whole else "BROKEN"
    print(
        f"{mode:8} {seconds:5.2f} s  {'had ended' if ended else 'killed':9}  {between:>9,} then {after:>9,}  {verdict}",
        flush=True,
    )
    return Outcome(not ended, is_whole)


class Load:
    """The load of both stores while a part is killed: single writes all the time, and a file each."""

    def __init__(self, dev: RunningDev, rows: int) -> None:
        self._dev = dev
        self._rows = rows
        self.written = [Clients(dev, store) for store in STORES]
        self.loaded = [Clients(dev, store, "loaded") for store in STORES]

    async def begin(self) -> None:
        """Make the datasets."""
        for clients in (*self.written, *self.loaded):
            await clients.make_dataset()

    async def end(self) -> None:
        """Close the connections."""
        for clients in (*self.written, *self.loaded):
            await clients.close()

    async def kill(self, word: str, times: int, source: random.Random) -> tuple[int, int]:
        """Kill a part some times under the load, and wait for what it has then; how much was lost, and doubled."""
        imports = [await asyncio.to_thread(self._upload, clients) for clients in self.loaded]
        async with AsyncExitStack() as stack:
            for clients in self.written:
                await stack.enter_async_context(clients.writing())
            for _ in range(times):
                await asyncio.sleep(source.uniform(0.5, 3))
                await asyncio.to_thread(self._dev.child(word).kill)
                await asyncio.gather(*(clients.wait_for(WRITES_BETWEEN) for clients in self.written))
        for import_id in imports:
            await asyncio.to_thread(self._wait, import_id)
        return await self._count()

    async def _count(self) -> tuple[int, int]:
        lost = doubled = 0
        for clients in self.written:
            # What is sent again must not be done again, answered or not: it is counted after that.
            await clients.finish()
            lost += await clients.send_again()
        for clients in (*self.written, *self.loaded):
            counts = await clients.count()
            lost, doubled = lost + counts[0], doubled + counts[1]
        return lost, doubled

    def _upload(self, clients: Clients) -> str:
        first = len(clients.acknowledged)
        numbers = range(first, first + self._rows)
        content = "n\n" + "".join(f"{number}\n" for number in numbers)
        path = f"/datasets/{clients.dataset}/imports"
        announced = self._dev.request("POST", path, json={"filename": "n.csv", "size": len(content)})
        upload = announced.raise_for_status().json()["upload"]
        answer = httpx.request(
            upload["method"], upload["url"], headers=upload["headers"], content=content, trust_env=False
        )
        answer.raise_for_status()
        clients.acknowledged += numbers
        return str(announced.json()["id"])

    def _wait(self, import_id: str) -> None:
        for _ in range(IMPORT_SECONDS):
            found = self._dev.request("GET", f"/imports/{import_id}").json()
            if found.get("finished_at"):
                break
            time.sleep(1)
        assert found["status"] == "succeeded", found


async def kill_parts(times: int, rows: int, source: random.Random) -> bool:
    """Kill one part after the other under writes to both stores; whether all was there afterwards, once."""
    is_whole = True
    with (
        tempfile.TemporaryDirectory() as folder,
        RunningDev(Path(folder) / "data", variables=VARIABLES) as dev,
    ):
        load = Load(dev, rows)
        await load.begin()
        for part, word in PARTS.items():
            before = [len(clients.acknowledged) for clients in load.written]
            lost, doubled = await load.kill(word, times, source)
            after = [len(clients.acknowledged) for clients in load.written]
            writes = ", ".join(f"{store} {new - old:,}" for store, old, new in zip(STORES, before, after, strict=True))
            print(
                f"{part:9} killed {times} times; acknowledged: {writes}, and {rows:,} rows each; "
                f"lost {lost}, doubled {doubled}",
                flush=True,
            )
            is_whole = is_whole and not lost and not doubled
        await load.end()
    return is_whole


def kill_imports(times: int, rows: int, source: random.Random) -> bool:
    """Kill so many workers in the middle of imports; whether each import was whole."""
    os.environ["TOLVA_LEASE_SECONDS"] = str(LEASE_SECONDS)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as bench:
        path = write_file(Path(folder) / "killed.csv", rows)
        longest = measure(bench, path)
        killed = broken = turn = 0
        # One that ends before its moment shows nothing, and is not counted.
        while killed < times and turn < 5 * times:
            outcome = kill_once(bench, path, rows, MODES[turn % 3], source.uniform(START_SECONDS, longest))
            killed, broken, turn = killed + outcome.was_killed, broken + (not outcome.is_whole), turn + 1
        print(f"{killed} killed, {broken} broken")
    return not broken and killed == times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["imports", "writes"])
    parser.add_argument("--times", type=int, help="20 workers, or each part 2 times")
    parser.add_argument("--rows", type=int, help="1,000,000, or 20,000 for each part and store")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    given = parser.parse_args()
    source = random.Random(given.seed)
    print(f"seed {given.seed}")
    if given.what == "imports":
        is_whole = kill_imports(given.times or 20, given.rows or 1_000_000, source)
    else:
        is_whole = asyncio.run(kill_parts(given.times or 2, given.rows or 20_000, source))
    if not is_whole:
        raise SystemExit("something was lost, doubled or not whole")


if __name__ == "__main__":
    main()
