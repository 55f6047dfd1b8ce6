"""The worker's peak memory for any malformed file, in a process of its own."""

import gzip
import subprocess
import sys
from collections.abc import Iterator

import pytest
from httpx import AsyncClient

from tests.imports.conftest import Document, Importer
from tests.imports.malformed import KINDS, Kind

# `benchmarks.malformed` imports the same kinds in files of 50 MB, under a limit that leaves room for a long record.
FILE_BYTES = 1_500_000
MAX_BYTES = 320_000_000


# What many imports leave in a process, as fragments of its heap, is not of the last one.
IMPORTS_OF_A_PROCESS = 8


class MeasuredWorker:
    """A process that does one import after another and says how much memory each took; a new one now and then."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        command = [sys.executable, "-m", "tests.imports.measured_worker"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._done = 0

    def peak(self, import_id: str) -> int:
        if self._done == IMPORTS_OF_A_PROCESS:
            self.end()
            self._begin()
        self._done += 1
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{import_id}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def measured(services: object) -> Iterator[MeasuredWorker]:
    worker = MeasuredWorker()
    yield worker
    worker.end()


@pytest.fixture
async def announce(importer: Importer, client: AsyncClient) -> "Announce":
    return Announce(importer, client)


class Announce:
    """Announces and uploads a file of a kind for a dataset with the kind's columns."""

    def __init__(self, importer: Importer, client: AsyncClient) -> None:
        self._importer = importer
        self._client = client

    async def __call__(self, kind: Kind, content: bytes) -> Document:
        made = await self._client.post("/datasets", json={"name": "malformed", "columns": kind.columns})
        assert made.status_code == 201, made.text
        return await self._importer.announce("malformed", content, on_reject="skip", options=kind.options)


class TestMalformed:
    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
    async def test_takes_bounded_memory(
        self, announce: Announce, measured: MeasuredWorker, importer: Importer, kind: Kind
    ) -> None:
        announced = await announce(kind, kind.content(FILE_BYTES))
        assert measured.peak(announced["id"]) < MAX_BYTES
        shown = await importer.show(announced["id"])
        assert shown["status"] in ("succeeded", "failed")
        assert shown["problem"] is None or shown["problem"]["type"] != "/problems/internal-import-error"

    @pytest.mark.parametrize("kind", KINDS[:2], ids=lambda kind: kind.name)
    async def test_packed_takes_no_more(
        self, announce: Announce, measured: MeasuredWorker, importer: Importer, kind: Kind
    ) -> None:
        announced = await announce(kind, gzip.compress(kind.content(FILE_BYTES), mtime=0))
        assert measured.peak(announced["id"]) < MAX_BYTES
        assert (await importer.show(announced["id"]))["totals"]

    async def test_each_fault_is_counted_and_shown_in_order(
        self, announce: Announce, measured: MeasuredWorker, importer: Importer
    ) -> None:
        announced = await announce(KINDS[0], KINDS[0].content(300_000))
        measured.peak(announced["id"])
        shown = await importer.show(announced["id"])
        # What follows the open quote on its own line belongs to that line.
        assert shown["totals"] == [
            {"column": None, "code": "too_few_fields", "count": 149_999},
            {"column": "b", "code": "unterminated_quote", "count": 1},
        ]
        assert [row["line"] for row in shown["rejections"]] == list(range(2, 102))
        lines = (await importer.rejections(announced["id"])).splitlines()[1:]
        assert [line.split(",")[:3] for line in lines[:3]] == [["2", "1", "4"], ["3", "2", "9"], ["4", "3", "11"]]
        assert [line.split(",")[0] for line in lines] == [str(line) for line in range(2, 150_002)]
