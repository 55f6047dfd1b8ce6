"""The pure stages of an import put together without bucket, queue and database: what a file becomes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa

from app.columns.column import Column
from app.datasets.import_options import ImportOptions
from app.imports.choices import ColumnChoice
from app.imports.formats.csv.dialect import Dialect, detect_dialect
from app.imports.formats.csv.parse import Layout, parse_chunk
from app.imports.formats.csv.split import Chunk, Splitter
from app.imports.formats.table import Table
from app.imports.inference.chosen import infer_table
from app.imports.inference.column_inference import ColumnInference
from app.imports.inference.infer import Proposal, TableInference
from app.imports.inference.pick import Picked, in_file_order, pick_columns
from app.imports.inference.selection import select_columns
from app.imports.report import locate_faults
from app.imports.source.encoding import Encoding
from app.imports.values.conventions import conventions_of
from app.imports.values.validate import judge_surplus, validate_table


@dataclass
class Made:
    """What became of a file."""

    dialect: Dialect
    columns: list[Column]
    rows: list[dict[str, Any]] = field(default_factory=list)
    rejections: list[dict[str, Any]] = field(default_factory=list)

    @property
    def types(self) -> list[str]:
        return [column.type for column in self.columns]


class Engine:
    """Reads one file through split, parse, infer and validate, in blocks of any size."""

    def __init__(
        self,
        content: bytes,
        block: int,
        max_field: int,
        members: dict[str, Any],
        choices: Sequence[dict[str, Any]] = (),
    ) -> None:
        self._content = content
        self._block = block
        self._max_field = max_field
        options = ImportOptions.model_validate(members)
        self.dialect = detect_dialect(content, options, final=True)
        nulls = (b"", *(null.encode() for null in options.nulls or ()))
        chosen = [ColumnChoice.model_validate(choice) for choice in choices]
        self._selection = select_columns(self.dialect.labels, chosen)
        self._layout = Layout(
            self.dialect.width,
            nulls,
            options.pad_short_rows,
            max_field,
            self.dialect.headers,
            self.dialect.surplus,
            options.quoted_nulls,
            self._selection.omitted,
        )
        self._conventions = conventions_of(options, self.dialect.grammar.delimiter.decode())

    def chunks(self) -> list[tuple[Chunk, Table]]:
        """The file's chunks, parsed."""
        dialect = self.dialect
        splitter = Splitter(dialect.grammar, max_record=self._max_field * 8, offset=dialect.offset, line=dialect.line)
        data = self._content[dialect.offset :]
        chunks = [
            chunk
            for start in range(0, len(data), self._block)
            for chunk in splitter.feed(data[start : start + self._block])
        ]
        chunks += splitter.finish()
        return [(chunk, parse_chunk(chunk, dialect.grammar, self._layout)) for chunk in chunks]

    def infer(self) -> Sequence[ColumnInference]:
        """What is known of each column after the whole file."""
        return self._infer().columns

    def propose(self) -> Proposal:
        """The columns of a new dataset."""
        return self._infer().propose()

    def _infer(self) -> TableInference:
        inference = infer_table(self._selection, self._conventions)
        for chunk, table in self.chunks():
            certain = table.without_doubtful()
            inference.update(certain.columns, partial(_line_of, chunk, certain))
        inference.finish()
        return inference

    def load(self, columns: list[Column], places: list[int] | None = None) -> Made:
        """The file's rows as values of the columns, which stand at `places` in the file."""
        made = Made(self.dialect, columns)
        picked = None if places is None else Picked(self.dialect.labels, places)
        for chunk, parsed in self.chunks():
            judge_surplus(parsed, in_file_order(columns, picked), self._conventions)
            table = parsed if picked is None else pick_columns(parsed, picked)
            checked = validate_table(table, columns, self._conventions)
            names = [column.name for column in columns]
            if len(checked.rows):
                made.rows += pa.Table.from_arrays(checked.arrays, names).to_pylist()
            if checked.faults:
                for found in locate_faults(chunk, checked.faults, Encoding("utf-8"), chunk.offset):
                    made.rejections += found.table.to_pylist()
        return made


def _line_of(chunk: Chunk, table: Table, row: int) -> int:
    return int(chunk.lines(chunk.starts[table.rows[row : row + 1]])[0])


def read_file(
    content: bytes | str,
    columns: list[Column] | None = None,
    *,
    block: int = 1 << 20,
    max_field: int = 4 << 20,
    choices: list[dict[str, Any]] | None = None,
    **options: Any,
) -> Made:
    """What a file becomes: with columns of its own, or those that are pinned."""
    data = content.encode() if isinstance(content, str) else content
    engine = Engine(data, block, max_field, options, choices or [])
    if columns is not None:
        return engine.load(columns)
    proposal = engine.propose()
    return engine.load(proposal.columns, proposal.places)
