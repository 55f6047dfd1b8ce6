"""Reader: a CSV file's bytes in UTF-8, cut and parsed into tables, with the places of their records in the stored file.

Pure: no I/O.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from app.datasets.import_options import ImportOptions
from app.imports.formats.csv.dialect import Dialect
from app.imports.formats.csv.parse import Layout, parse_chunk
from app.imports.formats.csv.split import Chunk, Splitter
from app.imports.formats.table import Part, Positions


class Coding(Protocol):
    """How a stored file's characters are written: what its bytes in UTF-8 are in the file."""

    @property
    def mark(self) -> int:
        """How many bytes stand before the first character."""

    @property
    def is_utf8(self) -> bool:
        """Return whether they are the same bytes."""

    def offset(self, data: bytes, places: Positions) -> Positions:
        """The places in `data`, in ascending order, as bytes of the file, counted from where `data` begins."""

    def size(self, data: bytes) -> int:
        """How many bytes of the file `data` was."""

    def check(self, data: bytes) -> None:
        """Raise what ends the reading if the coding is a guess that `data` refutes."""


@dataclass(frozen=True)
class CsvPlan:
    """How a CSV file is read: its dialect, and the shape and the size of its records."""

    dialect: Dialect
    layout: Layout
    max_record: int


def layout_of(dialect: Dialect, options: ImportOptions, *, max_field: int, omitted: frozenset[int]) -> Layout:
    """The shape of a file's records; of the fields at the places `omitted` nothing is asked."""
    return Layout(
        width=dialect.width,
        nulls=(b"", *(null.encode() for null in options.nulls or ())),
        pad_short_rows=options.pad_short_rows,
        max_field=max_field,
        headers=dialect.headers,
        surplus=dialect.surplus,
        quoted_nulls=options.quoted_nulls,
        omitted=omitted,
    )


class CsvReader:
    """Reads one CSV file; see `Reader`."""

    def __init__(self, plan: CsvPlan, coding: Coding) -> None:
        dialect = plan.dialect
        self._plan = plan
        self._coding = coding
        self._to_skip = dialect.offset
        self._splitter = Splitter(dialect.grammar, max_record=plan.max_record, offset=dialect.offset, line=dialect.line)
        self._offset = coding.mark

    def read(self, data: bytes | None) -> Iterator[Part]:
        """The parts that a block completes, or, with None, the last ones."""
        chunks = self._splitter.finish() if data is None else self._splitter.feed(self._without_header(data))
        for chunk in chunks:
            self._coding.check(chunk.data)
            table = parse_chunk(chunk, self._plan.dialect.grammar, self._plan.layout)
            yield Part(table, _ChunkPlaces(chunk, self._coding, self._offset))
            self._offset += self._coding.size(chunk.data)

    def _without_header(self, data: bytes) -> bytes:
        skipped = data[: self._to_skip]
        self._coding.check(skipped)
        self._to_skip -= len(skipped)
        self._offset += self._coding.size(skipped)
        return data[len(skipped) :]


@dataclass(frozen=True)
class _ChunkPlaces:
    """The places of a chunk's records; `offset` is the chunk's in the stored file."""

    chunk: Chunk
    coding: Coding
    offset: int

    @property
    def count(self) -> int:
        return len(self.chunk.starts)

    def records(self, rows: Positions) -> Positions:
        return rows + self.chunk.record

    def lines(self, rows: Positions) -> Positions:
        return self.chunk.lines(self.chunk.starts[rows])

    def offsets(self, rows: Positions) -> Positions:
        starts = self.chunk.starts[rows]
        if self.coding.is_utf8:
            return starts + self.offset
        # Each is counted from the one before it, and only once.
        found, places = np.unique(starts, return_inverse=True)
        return self.coding.offset(self.chunk.data, found)[places] + self.offset
