"""Imports with images: the names of a column against the same column as text, and a zip archive against pyvips alone.

    uv run python -m benchmarks.image_imports names --rows 1000000 --names 100000 --rounds 3
    uv run python -m benchmarks.image_imports archive --pictures 10000

`names` loads one file into a column of text and into one of images, in turn, as `benchmarks.imports` does. `archive`
packs pictures of a megapixel with their table, and measures from the upload's end until the last row can be read; its
peer makes by hand what an image is made of, with as many processes as there are cores, of the same files on disk.
"""

import argparse
import asyncio
import importlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from multiprocessing import Pool
from pathlib import Path
from typing import Any
from uuid import UUID

from app.access.principal import EVERYTHING
from app.core.database.sessions import transaction
from app.core.database.statements import fetch
from app.datasets.bodies import DatasetCreate
from app.datasets.service import create_dataset
from app.imports.models import FINISHED
from app.imports.repository import get_import
from benchmarks.imports import Bench, announce, close_all, make_dataset, running

SEED = 20_260_101
COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": "bigint"},
    {"name": "name", "type": "text"},
    {"name": "price", "type": "decimal", "precision": 12, "scale": 2},
    {"name": "photo", "type": "text"},
    {"name": "notes", "type": "text"},
]
WIDTH, HEIGHT = 1200, 850
# The sizes of a master, of the first variant and of a placeholder.
MASTER_EDGE, FIRST_WIDTH, PLACEHOLDER_SIDE = 2560, 256, 16
POLL_SECONDS = 0.05


def write_rows(path: Path, count: int, names: int) -> Path:
    """A file of records, each with one of the names of images."""
    source = random.Random(SEED)
    with path.open("w") as file:
        file.write(",".join(column["name"] for column in COLUMNS) + "\n")
        for number in range(1, count + 1):
            file.write(
                f"{number},Product {source.randrange(100_000)},{source.randrange(100, 999_999) / 100:.2f},"
                f"{name_of(source.randrange(names))},fine {number}\n"
            )
    return path


def name_of(number: int) -> str:
    """The filename of an image."""
    return f"shoes/{number % 97:02}/photo-{number:06}.jpg"


async def _make(name: str, kind: str, names: int) -> None:
    columns = [{**column, "type": kind} if column["name"] == "photo" else column for column in COLUMNS]
    async with transaction() as session:
        body = {"name": name, "columns": columns, "key": ["id"]}
        dataset = await create_dataset(session, DatasetCreate.model_validate(body), EVERYTHING)
    if kind == "image":
        await fetch(
            """
            INSERT INTO tolva.image (id, dataset_id, filename, status, is_current, version, object_key)
            SELECT 'img_' || lpad(to_hex(number), 20, '0'), $1, name, 'ready', true, 'v', 'benchmark/' || number
            FROM unnest($2::text[]) WITH ORDINALITY AS named (name, number)
            """,
            dataset.id,
            [name_of(number) for number in range(names)],
        )
    await close_all()


def compare_names(bench: Bench, count: int, names: int, rounds: int) -> None:
    """Load one file as text and as images, in turn, and print medians and their ratio."""
    path = write_rows(bench.folder / "rows.csv", count, names)
    for kind in ("text", "image"):
        asyncio.run(_make(kind, kind, names))
    measured: dict[str, list[dict[str, Any]]] = {"text": [], "image": []}
    for _ in range(rounds):
        for kind, outcomes in measured.items():
            bench.empty(kind)
            outcomes.append(bench.load(path, kind))
            assert outcomes[-1]["result"]["added"] == count, outcomes[-1]
    seconds = {kind: statistics.median(outcome["seconds"] for outcome in found) for kind, found in measured.items()}
    print(f"{count:,} rows over {names:,} names, {rounds} rounds")
    for kind, found in measured.items():
        peak = max(outcome["peak"] for outcome in found)
        print(f"{kind:6} {seconds[kind]:6.2f} s  {seconds[kind] / seconds['text']:5.2f} x  peak {peak / 1e6:4.0f} MB")


def draw_picture(path: Path, number: int) -> None:
    """A picture of a megapixel with as much detail as a photo."""
    pyvips: Any = importlib.import_module("pyvips")
    noise = pyvips.Image.gaussnoise(WIDTH // 4, HEIGHT // 4, mean=128, sigma=70, seed=number).resize(4)
    across = pyvips.Image.xyz(WIDTH // 4, HEIGHT // 4).resize(4)
    bands = [noise + across[0] / 8, noise - across[1] / 8, noise]
    picture = bands[0].bandjoin(bands[1:]).cast("uchar").copy(interpretation="srgb")
    path.write_bytes(picture.jpegsave_buffer(Q=85))


def pack(folder: Path, pictures: int) -> Path:
    """An archive of pictures and their table, which also lie in a folder."""
    for number in range(pictures):
        draw_picture(folder / f"{number:05}.jpg", number)
    path = folder / "shop.zip"
    rows = "".join(f"{number},{number:05}.jpg\n" for number in range(pictures))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("shop.csv", f"sku,photo\n{rows}")
        for number in range(pictures):
            archive.write(folder / f"{number:05}.jpg", f"images/{number:05}.jpg")
    return path


def make_by_hand(path: str) -> int:
    """All that an image is made of, by the engine alone; how many bytes that is."""
    pyvips: Any = importlib.import_module("pyvips")
    clean = {"keep": "none"}
    master = pyvips.Image.thumbnail_buffer(Path(path).read_bytes(), MASTER_EDGE, size="down").copy_memory()
    first = master.thumbnail_image(FIRST_WIDTH)
    tiny = first.thumbnail_image(PLACEHOLDER_SIDE)
    tiny.shrink(tiny.width, tiny.height)(0, 0)
    made = (
        master.jpegsave_buffer(Q=90, **clean),
        first.webpsave_buffer(Q=80, effort=4, **clean),
        tiny.webpsave_buffer(Q=50, effort=4, **clean),
    )
    return sum(map(len, made))


def run_peer(folder: Path) -> None:
    """Make all pictures of a folder by hand, and print the seconds that it took."""
    os.environ["VIPS_CONCURRENCY"] = "1"
    files = sorted(map(str, folder.glob("*.jpg")))
    with Pool(os.cpu_count()) as pool:
        started = time.perf_counter()
        pool.map(make_by_hand, files, chunksize=8)
        print(json.dumps(time.perf_counter() - started))


async def _wait(import_id: UUID) -> str:
    while True:
        async with transaction() as session:
            row = await get_import(session, import_id)
        if row.status in FINISHED:
            await close_all()
            return row.status
        await asyncio.sleep(POLL_SECONDS)


def compare_archive(bench: Bench, pictures: int) -> None:
    """Import an archive by the worker of a laptop, run the peer, and print both."""
    folder = bench.folder / "pictures"
    folder.mkdir()
    path = pack(folder, pictures)
    make_dataset("shop", pinned=False)
    worker = subprocess.Popen([sys.executable, "-m", "app.local.worker"])
    try:
        import_id = announce(path, "shop", {})
        started = time.perf_counter()
        status = asyncio.run(_wait(import_id))
        seconds = time.perf_counter() - started
    finally:
        worker.terminate()
        worker.wait()
    command = [sys.executable, "-m", "benchmarks.image_imports", "--peer", str(folder)]
    by_hand = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    print(f"{pictures:,} pictures of {WIDTH} x {HEIGHT}, {path.stat().st_size / 1e6:,.0f} MB")
    print(f"by hand {by_hand:7.2f} s  {pictures / by_hand:6.1f}/s")
    print(f"archive {seconds:7.2f} s  {pictures / seconds:6.1f}/s  {seconds / by_hand:5.2f} x  {status}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", choices=["names", "archive", []])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--names", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peer:
        run_peer(given.peer)
        return
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as bench:
        if "names" in (given.scenarios or ["names"]):
            compare_names(bench, given.rows, given.names, given.rounds)
        if "archive" in (given.scenarios or ["archive"]):
            compare_archive(bench, given.pictures)


if __name__ == "__main__":
    main()
