"""Kill the worker at random moments of an import and let another one take over: all rows or none, every time.

uv run python -m benchmarks.kills --times 20
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from app.local.postgres import find_binaries
from benchmarks.imports import Bench, announce, make_dataset, running, write_file

LEASE_SECONDS = 2
# Before that the process is only loading its modules.
START_SECONDS = 1.0
MODES = ("append", "upsert", "replace")


def count(bench: Bench) -> int:
    """The records of the dataset now."""
    command = [str(find_binaries() / "psql"), "-qAt", bench.url, "-c", 'SELECT count(*) FROM data."killed"']
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class Outcome(NamedTuple):
    """Whether the worker died in the middle, and whether all rows or none were there before and after."""

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    given = parser.parse_args()
    source = random.Random(given.seed)
    os.environ["TOLVA_LEASE_SECONDS"] = str(LEASE_SECONDS)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as bench:
        path = write_file(Path(folder) / "killed.csv", given.rows)
        print(f"seed {given.seed}, {given.rows:,} rows")
        longest = measure(bench, path)
        killed = broken = turn = 0
        # One that ends before its moment shows nothing, and is not counted.
        while killed < given.times and turn < 5 * given.times:
            outcome = kill_once(bench, path, given.rows, MODES[turn % 3], source.uniform(START_SECONDS, longest))
            killed, broken, turn = killed + outcome.was_killed, broken + (not outcome.is_whole), turn + 1
        print(f"{killed} killed, {broken} broken")
    if broken or killed < given.times:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
