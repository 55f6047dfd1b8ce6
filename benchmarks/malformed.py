"""Peak memory of the worker for each kind of malformed file, plain and packed.

    uv run python -m benchmarks.malformed                           every kind, 50 MB each
    uv run python -m benchmarks.malformed --only quote --megabytes 10

Each import runs in a new process, and the measure is that process's largest memory. It ends with an error if one takes
more than MAX_MEGABYTES.
"""

import argparse
import asyncio
import gzip
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.access.principal import EVERYTHING
from app.core.aws.clients import client
from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.datasets.bodies import DatasetCreate
from app.datasets.repository import find_dataset
from app.datasets.service import create_dataset, delete_dataset
from benchmarks.imports import Bench, close_all, running
from tests.imports.malformed import KINDS, Kind

MAX_MEGABYTES = 400
DATASET = "malformed"


async def prepare(kind: Kind) -> None:
    """Leave nothing but an empty dataset with the kind's columns: the emulator holds all objects in memory."""
    s3 = await client("s3")
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=get_settings().bucket)
    async for page in pages:
        for item in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            await s3.delete_object(Bucket=get_settings().bucket, Key=item["Key"], VersionId=item["VersionId"])
    async with transaction() as session:
        dataset = await find_dataset(session, DATASET)
        if dataset is not None:
            await delete_dataset(session, dataset, EVERYTHING)
    async with transaction() as session:
        body = DatasetCreate.model_validate({"name": DATASET, "columns": kind.columns})
        await create_dataset(session, body, EVERYTHING)
    await close_all()


def measure(bench: Bench, kind: Kind, size: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Import a file of a kind as it is, and packed; what became of each."""
    path = bench.folder / "malformed.csv"
    for form, opened in (("plain", open), ("packed", gzip.open)):
        # Piece by piece: a process counts the memory of the one that started it.
        with opened(path, "wb") as file:
            file.writelines(kind.pieces(size))
        asyncio.run(prepare(kind))
        yield form, bench.load(path, DATASET, on_reject="skip", options=kind.options)
        path.unlink()


def show(name: str, form: str, outcome: dict[str, Any]) -> None:
    """One line of the table."""
    problem = (outcome["problem"] or {}).get("type", "").rpartition("/")[2]
    totals = ", ".join(f"{total['count']:,} {total['code']}" for total in outcome["totals"][:2])
    peak = outcome["peak"] / 1e6
    mark = "  TOO MUCH" if peak > MAX_MEGABYTES else ""
    seconds, became = outcome["seconds"], problem or outcome["status"]
    print(f"{name:42} {form:6} {peak:5.0f} MB {seconds:6.1f} s  {became:20} {totals}{mark}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="kinds whose name holds this")
    parser.add_argument("--megabytes", type=float, default=50)
    given = parser.parse_args()
    peaks: list[float] = []
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as bench:
        for kind in KINDS:
            if given.only not in kind.name:
                continue
            for form, outcome in measure(bench, kind, int(given.megabytes * 1e6)):
                show(kind.name, form, outcome)
                peaks.append(outcome["peak"] / 1e6)
    print(f"{len(peaks)} imports, the largest took {max(peaks):.0f} MB; {MAX_MEGABYTES} MB are allowed")
    sys.exit(max(peaks) > MAX_MEGABYTES)


if __name__ == "__main__":
    main()
