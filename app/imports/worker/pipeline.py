"""Pipeline: the stages put together, with blocks flowing through.

fetch and decode → split, parse, validate, encode (a thread of its own) → load. Queues of bounded length lie between, so
that every stage works at the same time and memory does not grow with the file.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np
import pyarrow as pa

from app.columns.column import Column
from app.imports.formats.csv.formulas import formula_warning
from app.imports.formats.csv.reader import Coding, CsvPlan, CsvReader
from app.imports.formats.csv.surplus import may_be_keys, trimmed_warning
from app.imports.formats.table import Part, Places, Positions, Reader
from app.imports.inference.infer import TableInference
from app.imports.inference.pick import Picked, in_file_order, pick_columns
from app.imports.inference.settle import Settled, settle_columns
from app.imports.load.copy_format import SIGNATURE, TRAILER, encode_rows
from app.imports.report import Rejections, Report, locate_faults
from app.imports.source.source import Source, in_thread
from app.imports.values.cells import Conventions
from app.imports.values.validate import judge_surplus, validate_table
from app.imports.worker.progress import Meter

Item = TypeVar("Item")
# Between two stages so many items wait, or so many bytes and one item.
QUEUE_LENGTH = 4
QUEUE_BYTES = 4 * 1024 * 1024
# The driver copies what it is given.
SENT_BYTES = 1024 * 1024
# Lines that a warning names.
MAX_NAMED_LINES = 10


@dataclass(frozen=True)
class ReadPlan:
    """How a file is read: its records, by its format, and the ways that values are written in it."""

    file: CsvPlan
    conventions: Conventions

    def reader(self, coding: Coding) -> Reader:
        """The reader of the file from its beginning."""
        return CsvReader(self.file, coding)


@dataclass
class Output:
    """The outcome of some records: rows in the binary format, rejections, and counts."""

    rows: memoryview = field(default_factory=lambda: memoryview(b""))
    rejections: Rejections | None = None
    records: int = 0
    accepted: int = 0
    # The lines of records whose surplus fields were left out.
    trimmed: list[int] = field(default_factory=list)
    # How many cells of each column, by its place, are a text in a formula.
    formulas: Counter[int] = field(default_factory=Counter)

    @property
    def size(self) -> int:
        return len(self.rows) + (len(self.rejections.csv) if self.rejections else 0)


class Validation:
    """The pass that loads: takes blocks in and gives rows and rejections out.

    `columns` are those that are loaded; `picked` says which of the file's they are, unless they are all.
    """

    def __init__(
        self,
        plan: ReadPlan,
        coding: Coding,
        columns: list[Column],
        key: Sequence[str],
        picked: Picked | None,
        *,
        with_places: bool,
    ) -> None:
        self._conventions = plan.conventions
        self._reader = plan.reader(coding)
        self._columns = columns
        self._key = key
        self._picked = picked
        self._in_file_order = in_file_order(columns, picked)
        self._with_places = with_places
        self.inference: TableInference | None = None
        self._sampled = 0
        self.agrees = True
        # The columns that cannot be a key, because of records that the inference did not look at.
        self.no_keys: set[str] = set()
        # Turned off once nothing will be loaded: then only the report goes on.
        self.encodes = True

    def watch(self, inference: TableInference, sampled: int) -> None:
        """Infer the columns of all records while loading into those that the first `sampled` records suggest.

        Once the inference says otherwise, `agrees` is false, nothing more comes out, and it goes on alone.
        """
        self.inference = inference
        self._sampled = sampled

    def __call__(self, data: bytes | None) -> Iterator[Output]:
        """Process a block, or, with None, the file's end."""
        for part in self._reader.read(data):
            yield from self._take(part)
        if data is None and self.inference is not None:
            self.inference.finish()
            self.agrees = self.agrees and self.inference.agrees(self._columns)

    def _take(self, part: Part) -> Iterator[Output]:
        table, places = part.table, part.places
        output = Output(records=places.count)
        if self.inference is not None:
            certain = table.without_doubtful()
            self.inference.update(certain.columns, partial(_line_of, places, certain.rows))
            if self.inference.records > self._sampled:
                self.agrees = self.agrees and self.inference.agrees(self._columns)
            if not self.agrees:
                yield output
                return
        judge_surplus(table, self._in_file_order, self._conventions)
        if self._picked is not None:
            table = pick_columns(table, self._picked)
        checked = validate_table(table, self._columns, self._conventions, self._key)
        output.accepted, output.trimmed = len(checked.rows), _lines_of(places, table.trimmed)
        output.formulas.update(dict(enumerate(table.formulas)))
        if len(table.trimmed):
            trimmed = pa.array(np.isin(checked.rows, table.trimmed))
            found = zip(self._columns, checked.arrays, strict=True)
            self.no_keys |= {column.name for column, array in found if not may_be_keys(array.filter(trimmed))}
        if checked.faults:
            for rejections in locate_faults(checked.faults, places):
                yield Output(rejections=rejections)
        if self.encodes and len(checked.rows):
            placed = _place(places, checked.rows) if self._with_places else []
            output.rows = encode_rows(self._columns, checked.arrays, placed)
        yield output


def _place(places: Places, rows: Positions) -> list[pa.Array]:
    """Record number, line and offset of each row, for a stage."""
    return [pa.array(places.records(rows)), pa.array(places.lines(rows)), pa.array(places.offsets(rows))]


def infer_sample(plan: ReadPlan, source: Source, inference: TableInference) -> None:
    """Take the whole records of the file's first part into account."""
    for arrays, line_of in _sample_tables(plan, source):
        inference.update(arrays, line_of)
    if source.sample()[1]:
        inference.finish()


def settle_sample(
    plan: ReadPlan, source: Source, columns: Sequence[Column], places: Sequence[int], *, may_be_export: bool
) -> Settled:
    """The formats that the file's first records prove for a dataset's columns, at `places` in the file."""
    tables = (([arrays[place] for place in places], line_of) for arrays, line_of in _sample_tables(plan, source))
    is_all = source.sample()[1]
    return settle_columns(columns, tables, plan.conventions, is_all=is_all, may_be_export=may_be_export)


def _sample_tables(plan: ReadPlan, source: Source) -> Iterator[tuple[list[pa.Array], Callable[[int], int]]]:
    """The columns of the whole records of the file's first part, and what tells the line of a row."""
    sample, is_all = source.sample()
    reader = plan.reader(source.encoding)
    for data in (sample, None) if is_all else (sample,):
        for part in reader.read(data):
            table = part.table.without_doubtful()
            yield table.columns, partial(_line_of, part.places, table.rows)


def _line_of(places: Places, rows: Positions, row: int) -> int:
    return _lines_of(places, rows[row : row + 1])[0]


def _lines_of(places: Places, rows: Positions) -> list[int]:
    lines: list[int] = places.lines(rows).tolist() if len(rows) else []
    return lines


async def run_pass(
    source: Source, stage: Callable[[bytes | None], Iterator[Output]], meter: Meter
) -> AsyncGenerator[Output]:
    """Read the file from its beginning through a stage; what the stage makes of each block comes out in order."""

    async def outputs() -> AsyncGenerator[tuple[Output, int]]:
        async with aclosing(prefetch(source.blocks(), lambda block: len(block.data))) as blocks:
            read = 0
            async for block in blocks:
                read = block.read
                async for output in in_thread(stage(block.data), _size_of):
                    yield output, read
        async for output in in_thread(stage(None), _size_of):
            yield output, read

    async with aclosing(prefetch(outputs(), lambda pair: pair[0].size)) as prefetched:
        async for output, read in prefetched:
            meter.bytes = read
            meter.rows_read += output.records
            yield output


def _size_of(output: Output) -> int:
    return output.size


async def prefetch(items: AsyncIterator[Item], weigh: Callable[[Item], int]) -> AsyncGenerator[Item]:
    """The same items, fetched by a task of their own that is a few items ahead, and few bytes, as they are weighed."""
    queue: asyncio.Queue[tuple[Item | None, BaseException | None]] = asyncio.Queue(QUEUE_LENGTH)
    waiting = 0
    taken = asyncio.Event()

    async def fill() -> None:
        nonlocal waiting
        try:
            async for item in items:
                waiting += weigh(item)
                await queue.put((item, None))
                while waiting > QUEUE_BYTES:
                    taken.clear()
                    await taken.wait()
        except Exception as error:
            await queue.put((None, error))
        else:
            await queue.put((None, StopAsyncIteration()))

    task = asyncio.create_task(fill())
    try:
        while True:
            item, error = await queue.get()
            if isinstance(error, StopAsyncIteration):
                return
            if error is not None:
                raise error
            waiting -= weigh(item)  # type: ignore[arg-type]  # without an error there is an item
            taken.set()
            yield item  # type: ignore[misc]  # as above
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass
class Loading:
    """One pass that loads, as it goes: rows flow to the database until a rejection makes them pointless."""

    source: Source
    stage: Validation
    meter: Meter
    report: Report
    stops_at_rejection: bool
    accepted: int = 0
    trimmed: int = 0
    # The lines of the first of them.
    trimmed_lines: list[int] = field(default_factory=list)
    formulas: Counter[int] = field(default_factory=Counter)

    def list_warnings(self, columns: Sequence[Column]) -> list[str]:
        """Warnings about the cells of loaded columns, and of those that were left out."""
        trimmed = [trimmed_warning(self.trimmed, self.trimmed_lines)] if self.trimmed else []
        found = sorted((+self.formulas).items())
        return [*trimmed, *(formula_warning(columns[place].name, count) for place, count in found)]

    async def rows(self) -> AsyncIterator[bytes]:
        """The rows of the file in PostgreSQL's binary format."""
        yield SIGNATURE
        async with aclosing(run_pass(self.source, self.stage, self.meter)) as outputs:
            async for output in outputs:
                if not self.stage.agrees:
                    self.meter.phase = "inferring"
                    continue
                if output.rejections is not None:
                    await self.report.add(output.rejections)
                self.accepted += output.accepted
                self.formulas.update(output.formulas)
                self.trimmed += len(output.trimmed)
                self.trimmed_lines += output.trimmed[: MAX_NAMED_LINES - len(self.trimmed_lines)]
                self.meter.rows_rejected = self.report.rows
                if self.stops_at_rejection and self.report.rows:
                    self.stage.encodes = False
                    continue
                for start in range(0, len(output.rows), SENT_BYTES):
                    yield output.rows[start : start + SENT_BYTES]  # type: ignore[misc]  # as good to the driver as bytes
                self.meter.rows_loaded += output.accepted
        yield TRAILER
