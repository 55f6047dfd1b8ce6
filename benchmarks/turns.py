"""The time that a file of two rows waits for bombs: from its upload until its import has succeeded.

    uv run python -m benchmarks.turns                       with 2 and with 20 bombs
    uv run python -m benchmarks.turns --bombs 100

The bombs are files of 20 MB with a quote that is never closed, each for a dataset of its own, and the worker is that of
`tolva dev`. It ends with an error if the wait is longer than MAX_SECONDS.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

from app.core.database.sessions import transaction
from app.imports import service
from app.imports.models import FINISHED
from app.imports.repository import get_import
from benchmarks.imports import announce, close_all, make_dataset, running
from tests.imports.malformed import KINDS

MAX_SECONDS = 5.0
BOMB_BYTES = 20_000_000


async def _wait(import_id: UUID) -> None:
    while True:
        async with transaction() as session:
            row = await get_import(session, import_id)
        if row.status in FINISHED:
            assert row.status == "succeeded", row.problem
            break
        await asyncio.sleep(0.02)
    await close_all()


async def _cancel(import_ids: list[UUID]) -> int:
    """End the bombs; how many of them were still there to be ended."""
    left = 0
    for import_id in import_ids:
        async with transaction() as session:
            if (await get_import(session, import_id)).status not in FINISHED:
                left += 1
                await service.cancel_import(session, import_id)
    await close_all()
    return left


def measure(folder: Path, bombs: int) -> tuple[float, int]:
    """The seconds of the wait, and how many bombs were not done yet then."""
    bomb, short = folder / "bomb.csv", folder / "short.csv"
    bomb.write_bytes(KINDS[0].content(BOMB_BYTES))
    short.write_bytes(b"a,b\n1,2\n3,4\n")
    names = [f"bomb_{number}" for number in range(bombs)]
    for name in (*names, "short"):
        make_dataset(name, pinned=False)
    waiting = [announce(bomb, name, {}) for name in names]
    # Two of them are under way by then.
    time.sleep(3)
    started = time.perf_counter()
    import_id = announce(short, "short", {})
    asyncio.run(_wait(import_id))
    seconds = time.perf_counter() - started
    return seconds, asyncio.run(_cancel(waiting))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bombs", type=int, nargs="+", default=[2, 20])
    waits: list[float] = []
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)):
        worker = subprocess.Popen([sys.executable, "-m", "app.local.worker"], stderr=subprocess.DEVNULL)
        try:
            for bombs in parser.parse_args().bombs:
                seconds, left = measure(Path(folder), bombs)
                print(f"behind {bombs:3} bombs: {seconds:5.2f} s, {left} of them not done yet", flush=True)
                waits.append(seconds)
        finally:
            worker.terminate()
            worker.wait()
    sys.exit(max(waits) > MAX_SECONDS)


if __name__ == "__main__":
    main()
