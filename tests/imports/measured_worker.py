"""A worker that takes imports by their ids, line by line, and answers how much memory each of them took at most."""

import asyncio
import re
import resource
import sys
from pathlib import Path
from uuid import UUID

from app.handlers.worker import prepare
from app.imports.worker.intake import take_import

STATUS, PEAK_RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def begin() -> None:
    """Forget the peak so far, where the system can."""
    if PEAK_RESET.exists():
        PEAK_RESET.write_text("5")


def peak() -> int:
    """The most bytes of memory since `begin`, or since the process began if the system knows no other."""
    if PEAK_RESET.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text())
        assert found is not None
        return int(found[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


async def work() -> None:
    await prepare()
    while line := await asyncio.to_thread(sys.stdin.readline):
        begin()
        await take_import(UUID(line.strip()), seconds=float("inf"))
        print(peak(), flush=True)


if __name__ == "__main__":
    asyncio.run(work())
