"""Validation: what the pass that loads does with each part of a file, in a thread: parse, validate, encode."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa

from app.columns.column import Column
from app.imports.formats.csv.reader import Coding
from app.imports.formats.csv.surplus import may_be_keys
from app.imports.formats.table import Part, Places, Positions, line_of, lines_of
from app.imports.inference.infer import TableInference
from app.imports.inference.pick import in_file_order, pick_columns
from app.imports.load.copy_format import encode_rows
from app.imports.load.loader import LoadPlan
from app.imports.report import Rejections, locate_faults
from app.imports.values.image_names import ImageNotes
from app.imports.values.validate import Validated, judge_surplus, validate_table
from app.imports.worker.plan import ReadPlan


@dataclass
class Batch:
    """The outcome of some records: rows in the binary format, rejections, and counts."""

    rows: memoryview = field(default_factory=lambda: memoryview(b""))
    rejections: Rejections | None = None
    records: int = 0
    accepted: int = 0
    # The lines of records whose surplus fields were left out.
    trimmed: list[int] = field(default_factory=list)
    # How many cells of each column, by its place, are a text in a formula.
    formulas: Counter[int] = field(default_factory=Counter)
    images: ImageNotes | None = None

    @property
    def size(self) -> int:
        return len(self.rows) + (len(self.rejections.csv) if self.rejections else 0)


class Watch:
    """Infers the columns of all records while they are loaded into those that the first `sampled` records suggest."""

    def __init__(self, inference: TableInference, sampled: int) -> None:
        self.inference = inference
        self._sampled = sampled
        # Once it is false it stays so, and the inference goes on alone.
        self.agrees = True

    def take(self, part: Part, columns: list[Column]) -> None:
        """Take a part of the file into account, which is to be loaded into these columns."""
        certain = part.table.without_doubtful()
        self.inference.update(certain.columns, partial(line_of, part.places, certain.rows))
        if self.inference.records > self._sampled:
            self._compare(columns)

    def finish(self, columns: list[Column]) -> None:
        """Settle what only the file's end shows."""
        self.inference.finish()
        self._compare(columns)

    def _compare(self, columns: list[Column]) -> None:
        self.agrees = self.agrees and self.inference.agrees(columns)


class Validation:
    """Takes a file's blocks in and gives rows and rejections out; nothing once `watch` no longer agrees."""

    def __init__(self, read: ReadPlan, load: LoadPlan, coding: Coding, watch: Watch | None = None) -> None:
        self._conventions = read.conventions
        self._reader = read.reader(coding)
        self._columns = list(load.loaded)
        self._key = load.key
        self._picked = load.picked
        self._in_file_order = in_file_order(self._columns, load.picked)
        self._with_places = load.staged
        self._encodes = True
        self.watch = watch
        # The columns that cannot be a key, because of records that the inference did not look at.
        self.no_keys: set[str] = set()

    @property
    def agrees(self) -> bool:
        """Return whether the columns are still those that all records so far suggest."""
        return self.watch is None or self.watch.agrees

    def give_no_rows(self) -> None:
        """Go on for the report alone, as nothing will be loaded."""
        self._encodes = False

    def read(self, data: bytes | None) -> Iterator[Batch]:
        """Process a block, or, with None, the file's end."""
        for part in self._reader.read(data):
            if self.watch is not None:
                self.watch.take(part, self._columns)
            if self.agrees:
                yield from self._take(part)
            else:
                yield Batch(records=part.places.count)
        if data is None and self.watch is not None:
            self.watch.finish(self._columns)

    def _take(self, part: Part) -> Iterator[Batch]:
        table, places = part.table, part.places
        judge_surplus(table, self._in_file_order, self._conventions)
        if self._picked is not None:
            table = pick_columns(table, self._picked)
        checked = validate_table(table, self._columns, self._conventions, self._key)
        if len(table.trimmed):
            self._note_no_keys(checked, table.trimmed)
        if checked.faults:
            for rejections in locate_faults(checked.faults, places):
                yield Batch(rejections=rejections)
        yield Batch(
            self._encode(checked, places),
            records=places.count,
            accepted=len(checked.rows),
            trimmed=lines_of(places, table.trimmed),
            formulas=Counter(dict(enumerate(table.formulas))),
            images=checked.images,
        )

    def _note_no_keys(self, checked: Validated, trimmed: Positions) -> None:
        """Note the columns that cannot be the key by records whose surplus fields were left out."""
        mask = pa.array(np.isin(checked.rows, trimmed))
        found = zip(self._columns, checked.arrays, strict=True)
        self.no_keys |= {column.name for column, array in found if not may_be_keys(array.filter(mask))}

    def _encode(self, checked: Validated, places: Places) -> memoryview:
        if not self._encodes or not len(checked.rows):
            return memoryview(b"")
        placed = _place(places, checked.rows) if self._with_places else []
        return encode_rows(self._columns, checked.arrays, placed)


def _place(places: Places, rows: Positions) -> list[pa.Array]:
    """Record number, line and offset of each row, for a stage."""
    return [pa.array(places.records(rows)), pa.array(places.lines(rows)), pa.array(places.offsets(rows))]
