"""Send hostile requests to every route, and look for a server error.

    uv run python -m benchmarks.hostile                     20,000 of them
    uv run python -m benchmarks.hostile --requests 100000 --seed 7

What is printed is how many were answered with which status, and the slowest. A 5xx, or a refusal that is no problem,
is printed with what was sent, and ends the run with an error.
"""

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from app.core import log
from app.core.settings import get_settings
from app.main import create_app
from benchmarks.imports import close_all, running
from tests.hostile_requests import Hostile, HostileRequest, find_fault

KEY = "tolva_admin_of_the_benchmark_0123456789"
PREPARED_EVERY = 300
SHOWN_FAULTS, SHOWN_SLOWEST = 20, 5


async def attack(count: int, seed: int) -> list[tuple[str, HostileRequest]]:
    """Send as many requests as that; the faults, each with what it came of."""
    hostile = Hostile(create_app(), KEY, random.Random(seed))
    statuses: Counter[int] = Counter()
    slowest: list[tuple[float, bytes]] = []
    faults = []
    for number in range(count):
        if number % PREPARED_EVERY == 0:
            await hostile.prepare()
        request = hostile.make()
        started = time.perf_counter()
        response = await hostile.send(request)
        slowest = sorted([*slowest, (time.perf_counter() - started, request.address)], reverse=True)[:SHOWN_SLOWEST]
        statuses[response.status_code] += 1
        if (fault := find_fault(request, response)) is not None:
            faults.append((fault, request))
    print(f"{count:,} requests: {', '.join(f'{status} {times:,}' for status, times in sorted(statuses.items()))}")
    for seconds, address in slowest:
        print(f"  {seconds:.2f} s  {address[:100]!r}")
    await close_all()
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=13)
    given = parser.parse_args()
    log.configure("ERROR")
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)):
        os.environ["TOLVA_ADMIN_KEY"] = KEY
        get_settings.cache_clear()
        faults = asyncio.run(attack(given.requests, given.seed))
    for fault, request in faults[:SHOWN_FAULTS]:
        print(f"{fault}\n  {request}")
    if faults:
        raise SystemExit(f"{len(faults):,} faults")


if __name__ == "__main__":
    main()
