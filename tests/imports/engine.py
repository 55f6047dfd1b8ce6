"""The pure stages of an import put together without bucket, queue and database: what a file becomes."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa

from app.datasets.columns import Column
from app.imports.cells import Conventions
from app.imports.dialect import Dialect, detect_dialect
from app.imports.infer import ColumnInference, TableInference
from app.imports.options import ImportOptions
from app.imports.parse import Layout, Table, parse_chunk
from app.imports.report import locate_faults
from app.imports.source import Encoding
from app.imports.split import Chunk, Splitter
from app.imports.validate import validate_table


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

    def __init__(self, content: bytes, block: int, max_field: int, members: dict[str, Any]) -> None:
        self._content = content
        self._block = block
        self._max_field = max_field
        options = ImportOptions.model_validate(members)
        self.dialect = detect_dialect(content, options, final=True)
        nulls = (b"", *(null.encode() for null in options.nulls or ()))
        self._layout = Layout(
            self.dialect.width, nulls, options.pad_short_rows, max_field, self.dialect.headers, self.dialect.surplus
        )
        self._conventions = Conventions(
            self.dialect.decimal_separator,
            self.dialect.thousands_separator,
            tuple(options.units or ()),
            options.booleans,
            options.date_format or {},
            options.timezone or "UTC",
        )

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

    def infer(self) -> list[ColumnInference]:
        """What is known of each column after the whole file."""
        inference = TableInference(self.dialect.labels, self._conventions)
        for chunk, table in self.chunks():
            certain = table.without_doubtful()
            inference.update(certain.columns, partial(_line_of, chunk, certain))
        inference.finish()
        return inference.columns

    def load(self, columns: list[Column]) -> Made:
        """The file's rows as values of the columns."""
        made = Made(self.dialect, columns)
        for chunk, table in self.chunks():
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
    **options: Any,
) -> Made:
    """What a file becomes: with columns of its own, or those that are pinned."""
    data = content.encode() if isinstance(content, str) else content
    engine = Engine(data, block, max_field, options)
    return engine.load(columns or [column.column()[0] for column in engine.infer()])
