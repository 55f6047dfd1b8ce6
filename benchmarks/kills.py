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

from app.local.postgres import find_binaries
from benchmarks.imports import Bench, announce, make_dataset, running, write_file

LEASE_SECONDS = 2
MODES = ("append", "upsert", "replace")


def count(bench: Bench) -> int:
    """The records of the dataset now."""
    command = [str(find_binaries() / "psql"), "-qAt", bench.url, "-c", 'SELECT count(*) FROM data."killed"']
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603


def kill_once(bench: Bench, path: Path, rows: int, mode: str, seconds: float) -> str:
    """Import a file, kill its worker after some seconds, count, let a second worker finish, count again."""
    make_dataset("killed")
    before = 0
    if mode == "replace":
        before = int(bench.load(path, "killed")["result"]["added"])
    import_id = announce(path, "killed", {"mode": mode})
    command = [sys.executable, "-m", "benchmarks.imports", "--child", str(import_id)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    time.sleep(seconds)
    ended = child.poll() is not None
    child.kill()
    child.wait()
    between = count(bench)
    time.sleep(LEASE_SECONDS + 0.5)
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    after = count(bench)
    verdict = "ok" if between in (before, rows) and after == rows else "BROKEN"
    return (
        f"{mode:8} {seconds:5.2f} s  {'had ended' if ended else 'killed':9}  {between:>8,} then {after:>8,}  {verdict}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    given = parser.parse_args()
    source = random.Random(given.seed)
    os.environ["TOLVA_LEASE_SECONDS"] = str(LEASE_SECONDS)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as bench:
        path = write_file(Path(folder) / "killed.csv", given.rows)
        print(f"seed {given.seed}, {given.rows:,} rows")
        for number in range(given.times):
            # Importing the engine takes the first second or so.
            print(kill_once(bench, path, given.rows, MODES[number % 3], source.uniform(0.5, 5.0)), flush=True)


if __name__ == "__main__":
    main()
