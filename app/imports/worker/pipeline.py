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
from app.imports.formats.csv.dialect import Dialect
from app.imports.formats.csv.formulas import formula_warning
from app.imports.formats.csv.parse import Layout, parse_chunk
from app.imports.formats.csv.split import Chunk, Splitter, is_utf8
from app.imports.formats.csv.surplus import may_be_keys, trimmed_warning
from app.imports.formats.table import Positions
from app.imports.inference.infer import TableInference
from app.imports.inference.pick import Picked, in_file_order, pick_columns
from app.imports.inference.settle import Settled, settle_columns
from app.imports.load.copy_format import SIGNATURE, TRAILER, encode_rows
from app.imports.report import Rejections, Report, locate_faults
from app.imports.source.encoding import Encoding, EncodingInDoubt
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
    """How a file is read: its dialect, the shape of its records and the ways values are written."""

    dialect: Dialect
    layout: Layout
    conventions: Conventions
    max_record: int


@dataclass
class Output:
    """What became of a chunk, or part of it: rows in the binary format, rejections, and counts of records."""

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


class _Chunks:
    """Cuts the decoded file into chunks, and knows where in the stored file each begins."""

    def __init__(self, plan: ReadPlan, encoding: Encoding) -> None:
        dialect = plan.dialect
        self._encoding = encoding
        self._to_skip = dialect.offset
        self._splitter = Splitter(dialect.grammar, max_record=plan.max_record, offset=dialect.offset, line=dialect.line)
        self._skipped = b""
        self.offset = encoding.mark

    def feed(self, data: bytes | None) -> Iterator[Chunk]:
        """The chunks that a block completes, or, with None, the last ones; `offset` is then that of the chunk given."""
        chunks = self._splitter.finish() if data is None else self._splitter.feed(self._without_header(data))
        for chunk in chunks:
            self._refuse_doubtful(chunk.data)
            yield chunk
            self.offset += self._encoding.size(chunk.data)

    def _without_header(self, data: bytes) -> bytes:
        skipped = data[: self._to_skip]
        self._refuse_doubtful(skipped)
        self._to_skip -= len(skipped)
        self.offset += self._encoding.size(skipped)
        return data[len(skipped) :]

    def _refuse_doubtful(self, data: bytes) -> None:
        if self._encoding.is_guess and not is_utf8(data):
            raise EncodingInDoubt


class Validation:
    """The pass that loads: takes blocks in and gives rows and rejections out.

    `columns` are those that are loaded; `picked` says which of the file's they are, unless they are all.
    """

    def __init__(
        self,
        plan: ReadPlan,
        encoding: Encoding,
        columns: list[Column],
        key: Sequence[str],
        picked: Picked | None,
        *,
        with_places: bool,
    ) -> None:
        self._plan = plan
        self._encoding = encoding
        self._columns = columns
        self._key = key
        self._picked = picked
        self._in_file_order = in_file_order(columns, picked)
        self._with_places = with_places
        self.inference: TableInference | None = None
        self._sampled = 0
        self.agrees = True
        # The columns that are no key, by records that the inference did not look at.
        self.no_keys: set[str] = set()
        # Turned off once nothing will be loaded: then only the report goes on.
        self.encodes = True
        self._chunks = _Chunks(plan, encoding)

    def watch(self, inference: TableInference, sampled: int) -> None:
        """Infer the columns of all records beside loading into those that the first `sampled` records suggest.

        Once the inference says otherwise, `agrees` is false, nothing more comes out, and it goes on alone.
        """
        self.inference = inference
        self._sampled = sampled

    def __call__(self, data: bytes | None) -> Iterator[Output]:
        """What becomes of a block, or, with None, of the file's end."""
        for chunk in self._chunks.feed(data):
            yield from self._take(chunk)
        if data is None and self.inference is not None:
            self.inference.finish()
            self.agrees = self.agrees and self.inference.agrees(self._columns)

    def _take(self, chunk: Chunk) -> Iterator[Output]:
        table = parse_chunk(chunk, self._plan.dialect.grammar, self._plan.layout)
        output = Output(records=len(chunk.starts))
        if self.inference is not None:
            certain = table.without_doubtful()
            self.inference.update(certain.columns, partial(_line_of, chunk, certain.rows))
            if self.inference.records > self._sampled:
                self.agrees = self.agrees and self.inference.agrees(self._columns)
            if not self.agrees:
                yield output
                return
        judge_surplus(table, self._in_file_order, self._plan.conventions)
        if self._picked is not None:
            table = pick_columns(table, self._picked)
        checked = validate_table(table, self._columns, self._plan.conventions, self._key)
        output.accepted, output.trimmed = len(checked.rows), _lines_of(chunk, table.trimmed)
        output.formulas.update(dict(enumerate(table.formulas)))
        if len(table.trimmed):
            trimmed = pa.array(np.isin(checked.rows, table.trimmed))
            found = zip(self._columns, checked.arrays, strict=True)
            self.no_keys |= {column.name for column, array in found if not may_be_keys(array.filter(trimmed))}
        if checked.faults:
            for rejections in locate_faults(chunk, checked.faults, self._encoding, self._chunks.offset):
                yield Output(rejections=rejections)
        if self.encodes and len(checked.rows):
            places = self._places(chunk, checked.rows) if self._with_places else []
            output.rows = encode_rows(self._columns, checked.arrays, places)
        yield output

    def _places(self, chunk: Chunk, rows: Positions) -> list[pa.Array]:
        """Record number, line and offset of each row, for a stage."""
        starts = chunk.starts[rows]
        offsets = self._encoding.offset(chunk.data, starts) + self._chunks.offset
        return [pa.array(rows + chunk.record), pa.array(chunk.lines(starts)), pa.array(offsets)]


def infer_sample(plan: ReadPlan, source: Source, inference: TableInference) -> None:
    """Take the whole records of the file's first part into account."""
    for arrays, line_of in _sample_tables(plan, source):
        inference.update(arrays, line_of)
    if source.sample()[1]:
        inference.finish()


def settle_sample(
    plan: ReadPlan, source: Source, columns: Sequence[Column], places: Sequence[int], *, may_be_export: bool
) -> Settled:
    """What the file's first records prove of a dataset's columns, which are at `places` in the file."""
    tables = (([arrays[place] for place in places], line_of) for arrays, line_of in _sample_tables(plan, source))
    is_all = source.sample()[1]
    return settle_columns(columns, tables, plan.conventions, is_all=is_all, may_be_export=may_be_export)


def _sample_tables(plan: ReadPlan, source: Source) -> Iterator[tuple[list[pa.Array], Callable[[int], int]]]:
    """The columns of the whole records of the file's first part, and what tells the line of a row."""
    sample, is_all = source.sample()
    chunks = _Chunks(plan, source.encoding)
    for data in (sample, None) if is_all else (sample,):
        for chunk in chunks.feed(data):
            table = parse_chunk(chunk, plan.dialect.grammar, plan.layout).without_doubtful()
            yield table.columns, partial(_line_of, chunk, table.rows)


def _line_of(chunk: Chunk, rows: Positions, row: int) -> int:
    return _lines_of(chunk, rows[row : row + 1])[0]


def _lines_of(chunk: Chunk, rows: Positions) -> list[int]:
    lines: list[int] = chunk.lines(chunk.starts[rows]).tolist() if len(rows) else []
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
        """What someone should know of the cells of the columns that were loaded, and of those that were left out."""
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
