"""A list of records with an image column compared with the same column as text, on the same server, in turn.

And with a column of texts that are as long as what is shown of an image: these bytes alone take most of the time.

    uv run python -m benchmarks.image_columns
    uv run python -m benchmarks.image_columns --rows 200000 --images 100000 --rounds 9 --seconds 3

Needs wrk, which asks over 16 connections for pages of 1,000 records with 13 columns, each record with an image of its
own. The datasets have the same records, in one database, under one process of the API. The output has medians of
requests a second, the bytes of a page, and the time of the ways to build the JSON in the statement.
"""

import argparse
import asyncio
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import asyncpg
import httpx

from app.access.principal import EVERYTHING
from app.core.database.sessions import transaction
from app.datasets.bodies import DatasetCreate
from app.datasets.service import create_dataset
from app.images.lookup import shown_sql
from benchmarks.imports import COLUMNS, Bench, close_all, running, write_file
from benchmarks.records import CONNECTIONS, HEADERS, KEY, Server

PLACEHOLDER = f"data:image/webp;base64,{'UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA' * 2}"
ADDRESS = "https://api.example.com"
FILL_IMAGES = f"""
    INSERT INTO tolva.image (id, filename, is_current, status, version, object_key, width, height, frames, has_alpha,
                             color, placeholder, alt)
    SELECT 'img_' || substr(md5(number::text), 1, 20), number || '.jpg', true, 'ready',
           substr(md5('v' || number), 1, 16), 'benchmark/' || number, 1600, 1200, 1, false, '#a1b2c3', '{PLACEHOLDER}',
           'The picture of product ' || number
    FROM generate_series(1, {{0}}) AS number"""
FILL_COLUMN = "UPDATE data.{0} SET photo = 'img_' || substr(md5((1 + (id * 7919) % {1})::text), 1, 20)"
FILL_BYTES = """
    UPDATE data.as_bytes SET photo = rpad(md5(id::text), octet_length(shown::text), md5(id::text))
    FROM (SELECT {0} AS shown FROM (SELECT id AS one FROM tolva.image LIMIT 1) AS image) AS image"""
# By what the column holds: the dataset.
KINDS = {"text": "as_text", "image": "as_image", "bytes": "as_bytes"}


def prepare(bench: Bench, rows: int, images: int) -> None:
    """Make the images, and both datasets with the same records."""
    bench.run(FILL_IMAGES.format(images))
    file = write_file(bench.folder / "records.csv", rows)
    asyncio.run(_make_datasets())
    for kind, name in KINDS.items():
        bench.copy(file, name)
        bench.run(FILL_BYTES.format(shown_sql("image.one")) if kind == "bytes" else FILL_COLUMN.format(name, images))
        bench.run(f"VACUUM FULL ANALYZE data.{name}")
    bench.run("VACUUM ANALYZE tolva.image")


async def _make_datasets() -> None:
    async with transaction() as session:
        for kind, name in KINDS.items():
            columns = [*COLUMNS, {"name": "photo", "type": "image" if kind == "image" else "text"}]
            body = {"name": name, "columns": columns, "key": ["id"]}
            await create_dataset(session, DatasetCreate.model_validate(body), EVERYTHING)
    await close_all()


def ask(url: str, key: str, seconds: int) -> float:
    """The requests a second that a URL is answered."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", f"Authorization: Bearer {key}", url]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    if "Non-2xx" in answer.stdout:
        raise SystemExit(f"{url}: {answer.stdout}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", answer.stdout)
    assert found is not None
    return float(found[1])


def compare(server: Server, rounds: int, seconds: int) -> None:
    """Ask for a page of either dataset in turn, and print the medians."""
    body = {"name": "benchmark", "scopes": ["read"]}
    key = str(httpx.post(f"{server.url}/keys", headers=HEADERS, json=body).raise_for_status().json()["key"])
    urls = {kind: f"{server.url}/datasets/{name}/records?_limit=1000" for kind, name in KINDS.items()}
    sizes = {kind: len(httpx.get(url, headers=HEADERS).raise_for_status().content) for kind, url in urls.items()}
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for turn in range(rounds + 1):
        for kind, url in urls.items():
            rate = ask(url, key, seconds)
            if turn:  # the first turn warms both up
                rates[kind].append(rate)
    text, image, same = (statistics.median(rates[kind]) for kind in KINDS)
    for kind, other in (("text", text), ("bytes", same)):
        more = f"+{(sizes['image'] - sizes[kind]) / 1e6:.2f} MB a page"
        print(f"list     image {image:4,.0f}/s   {kind:5} {other:4,.0f}/s   {image / other:5.2f} x   {more}")


async def compare_ways(url: str, turns: int = 200) -> None:
    """Time the ways to build an image's JSON in the statement of a page."""
    built = re.fullmatch(r"\(SELECT (.*) FROM (.*) AS _image WHERE (.*)\)", shown_sql("page.photo"))
    assert built is not None
    ways = {
        "text": ("page.photo", ""),
        "subquery": (shown_sql("page.photo"), ""),
        "join": (built[1], f"LEFT JOIN {built[2]} AS _image ON {built[3]}"),
    }
    connection = await asyncpg.connect(url)
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(turns):
        for way, (photo, join) in ways.items():
            page = "(SELECT * FROM data.as_image ORDER BY id LIMIT 1000) AS page"
            record = f"LATERAL (SELECT page.id, page.name, {photo} AS photo) AS record"
            started = time.perf_counter()
            await connection.fetch(
                f"SELECT row_to_json(record)::text FROM {page} {join} CROSS JOIN {record} ORDER BY page.id"
            )
            times[way].append(time.perf_counter() - started)
    await connection.close()
    shown = "   ".join(f"{way} {statistics.median(taken) * 1000:5.2f} ms" for way, taken in times.items())
    print(f"sql      {shown}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed: install it (Debian: apt-get install wrk).")
    os.environ |= {"TOLVA_ADMIN_KEY": KEY, "TOLVA_PUBLIC_URL": ADDRESS}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as bench:
        prepare(bench, given.rows, given.images)
        asyncio.run(compare_ways(bench.url))
        server = Server("app.main:create_app", 18803, factory=True)
        try:
            compare(server, given.rounds, given.seconds)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
