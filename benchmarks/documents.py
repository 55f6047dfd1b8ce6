"""The OpenAPI documents: how large they are, and how long others wait while one is built.

    uv run python -m benchmarks.documents                      every scenario
    uv run python -m benchmarks.documents size --datasets 100
    uv run python -m benchmarks.documents index --many 5000 --readers 8

The API runs in a process of its own, and is started for each scenario: nothing is known there of the datasets. What is
printed are sizes, seconds, and the longest of all waits for /health; over what is wanted, the run fails.
"""

import argparse
import asyncio
import gzip
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from app.access.principal import EVERYTHING
from app.core.database.sessions import transaction
from app.datasets.bodies import DatasetCreate
from app.datasets.service import create_dataset
from app.records.openapi.assembly import INDEX
from benchmarks.imports import close_all, running
from benchmarks.records import HEADERS, KEY, Server

PORT = 18804
PATH = "/openapi.json"
MAX_SENT_BYTES = 500_000
MAX_INDEX_BYTES = 1_000_000
LONGEST_WAIT_SECONDS = 0.2
PAUSE_SECONDS = 0.005
# PostgreSQL locks every table that a transaction makes.
MAX_AT_ONCE = 100
COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": "bigint", "label": "Id"},
    {"name": "name", "type": "text", "label": "Product name"},
    {"name": "price", "type": "decimal", "precision": 12, "scale": 2, "label": "Unit price (€)"},
    {"name": "quantity", "type": "integer", "label": "Quantity"},
    {"name": "active", "type": "boolean", "label": "Active"},
    {"name": "released", "type": "date", "label": "Release date"},
    {"name": "updated_at", "type": "datetime", "label": "Updated at"},
    {"name": "latitude", "type": "number", "label": "Latitude"},
    {"name": "category", "type": "text", "label": "Category"},
    {"name": "code", "type": "text", "label": "Code"},
    {"name": "notes", "type": "text", "label": "Notes"},
]


class Verdicts(list[str]):
    """Limits that the measurement exceeds."""

    def judge(self, what: str, found: float, most: float) -> str:
        """Say whether something is as it is wanted, and remember it if it is not."""
        if found <= most:
            return "ok"
        self.append(f"{what}: {found:,.3f}, wanted {most:,.3f}")
        return "TOO MUCH"


@contextmanager
def served(**settings: int) -> Iterator[Server]:
    """A new process of the API, with some settings."""
    names = {f"TOLVA_{name.upper()}": str(value) for name, value in settings.items()}
    os.environ.update(names)
    server = Server("app.main:create_app", PORT, factory=True)
    try:
        yield server
    finally:
        server.stop()
        for name in names:
            del os.environ[name]


def make_datasets(prefix: str, count: int, *, own_names: bool = False) -> None:
    """Datasets of eleven columns; with `own_names`, no two have a column of the same name."""
    asyncio.run(_make_datasets(prefix, count, own_names))


async def _make_datasets(prefix: str, count: int, own_names: bool) -> None:
    for first in range(0, count, MAX_AT_ONCE):
        async with transaction() as session:
            for number in range(first, min(first + MAX_AT_ONCE, count)):
                place = f"_{number}" if own_names else ""
                columns = [{**column, "name": column["name"] + place} for column in COLUMNS]
                body = {"name": f"{prefix}_{number}", "columns": columns}
                await create_dataset(session, DatasetCreate.model_validate(body), EVERYTHING)
    await close_all()


def key_for(server: Server, prefix: str, count: int) -> dict[str, str]:
    """The headers of a caller who sees the datasets of one prefix only."""
    body = {"name": prefix, "scopes": ["read"], "datasets": [f"{prefix}_{number}" for number in range(count)]}
    answer = httpx.post(f"{server.url}/keys", headers=HEADERS, json=body)
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['key']}"}


def fetch(server: Server, headers: dict[str, str], encoding: str = "gzip") -> tuple[httpx.Headers, bytes]:
    """The headers and the body of the document of everything, as it is sent."""
    headers = {**headers, "Accept-Encoding": encoding}
    with httpx.stream("GET", server.url + PATH, headers=headers, timeout=120) as answer:
        answer.raise_for_status()
        return answer.headers, b"".join(answer.iter_raw())


def measure_waits(server: Server, headers: dict[str, str], readers: int) -> tuple[float, float, bytes]:
    """Let several readers ask for the document at once: the longest wait for /health meanwhile, the seconds, and a
    body."""
    is_over = threading.Event()
    waits: list[float] = []

    def ask_health() -> None:
        with httpx.Client(base_url=server.url) as client:
            while not is_over.is_set():
                started = time.perf_counter()
                client.get("/health").raise_for_status()
                waits.append(time.perf_counter() - started)
                time.sleep(PAUSE_SECONDS)

    with ThreadPoolExecutor(readers + 1) as threads:
        health = threads.submit(ask_health)
        started = time.perf_counter()
        bodies = list(threads.map(lambda _: fetch(server, headers)[1], range(readers)))
        seconds = time.perf_counter() - started
        is_over.set()
        health.result()
    return max(waits), seconds, bodies[0]


def size(given: argparse.Namespace, verdicts: Verdicts) -> None:
    """The document of some datasets as sent and plain, whose columns have the same names, and each one its own."""
    for prefix, own_names in (("alike", False), ("unlike", True)):
        make_datasets(prefix, given.datasets, own_names=own_names)
        with served(max_documented_datasets=given.datasets) as server:
            headers = key_for(server, prefix, given.datasets)
            _, sent = fetch(server, headers)
            answered, plain = fetch(server, headers, "identity")
            again = httpx.get(server.url + PATH, headers={**headers, "If-None-Match": answered["etag"]})
        print(
            f"size     {given.datasets:,} {prefix} x {len(COLUMNS)}   sent {len(sent):,} B"
            f"   plain {len(plain):,} B, {len(json.dumps(plain.decode())):,} B in Lambda   again {again.status_code}   "
            + verdicts.judge(f"bytes sent for {prefix}", len(sent), MAX_SENT_BYTES)
        )
        if again.status_code != 304 or INDEX in json.loads(plain):
            raise SystemExit("the document is an index, or is sent again")


def whole(given: argparse.Namespace, verdicts: Verdicts) -> None:
    """The longest wait for /health while several readers ask for a document that describes everything."""
    make_datasets("whole", given.datasets)
    with served(max_documented_datasets=given.datasets) as server:
        headers = key_for(server, "whole", given.datasets)
        _say_waits("whole", f"{given.datasets:,} datasets", measure_waits(server, headers, given.readers), verdicts)


def index(given: argparse.Namespace, verdicts: Verdicts) -> None:
    """The longest wait for /health while several readers ask for the index of many datasets, and how large it is."""
    make_datasets("many", given.many)
    with served() as server:
        waits = measure_waits(server, HEADERS, given.readers)
        _say_waits("index", f"{given.many:,} datasets", waits, verdicts)
        document = gzip.decompress(waits[2])
        total = json.loads(document)[INDEX]["total"]
        print(f"index    {total:,} named   sent {len(waits[2]):,} B   plain {len(document):,} B   ", end="")
        print(verdicts.judge("bytes of the index", len(document), MAX_INDEX_BYTES))


def _say_waits(name: str, what: str, measured: tuple[float, float, bytes], verdicts: Verdicts) -> None:
    longest, seconds, _ = measured
    verdict = verdicts.judge(f"seconds that /health waits beside {name}", longest, LONGEST_WAIT_SECONDS)
    print(f"{name:8} {what}   all readers answered in {seconds:5.2f} s   /health at most {longest:5.3f} s   {verdict}")


SCENARIOS: dict[str, Callable[[argparse.Namespace, Verdicts], None]] = {"size": size, "whole": whole, "index": index}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", choices=[*SCENARIOS, []])
    parser.add_argument("--datasets", type=int, default=100)
    parser.add_argument("--many", type=int, default=5000)
    parser.add_argument("--readers", type=int, default=8)
    given = parser.parse_args()
    os.environ["TOLVA_ADMIN_KEY"] = KEY
    verdicts = Verdicts()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)):
        os.environ["TOLVA_ADMIN_KEY"] = KEY
        for name in given.scenarios or SCENARIOS:
            SCENARIOS[name](given, verdicts)
    if verdicts:
        raise SystemExit("more than is wanted: " + "; ".join(verdicts))


if __name__ == "__main__":
    main()
