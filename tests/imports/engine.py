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
from app.imports.formats.csv.reader import CsvPlan, CsvReader, layout_of
from app.imports.formats.table import Part, Positions
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
    """The result of a file."""

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
        options = ImportOptions.model_validate(members)
        self.dialect = detect_dialect(content, options, final=True)
        chosen = [ColumnChoice.model_validate(choice) for choice in choices]
        self._selection = select_columns(self.dialect.labels, chosen)
        layout = layout_of(self.dialect, options, max_field=max_field, omitted=self._selection.omitted)
        self._plan = CsvPlan(self.dialect, layout, max_field * 8)
        self._conventions = conventions_of(options, self.dialect.grammar.delimiter.decode())

    def parts(self) -> list[Part]:
        """The file's records, read."""
        reader = CsvReader(self._plan, Encoding("utf-8"))
        data = self._content
        blocks = (data[start : start + self._block] for start in range(0, len(data), self._block))
        return [part for block in (*blocks, None) for part in reader.read(block)]

    def infer(self) -> Sequence[ColumnInference]:
        """The inference of each column after the whole file."""
        return self._infer().columns

    def propose(self) -> Proposal:
        """The columns of a new dataset."""
        return self._infer().propose()

    def _infer(self) -> TableInference:
        inference = infer_table(self._selection, self._conventions)
        for part in self.parts():
            certain = part.table.without_doubtful()
            inference.update(certain.columns, partial(_line_of, part, certain.rows))
        inference.finish()
        return inference

    def load(self, columns: list[Column], places: list[int] | None = None) -> Made:
        """The file's rows as values of the columns, which stand at `places` in the file."""
        made = Made(self.dialect, columns)
        picked = None if places is None else Picked(self.dialect.labels, places)
        for part in self.parts():
            judge_surplus(part.table, in_file_order(columns, picked), self._conventions)
            table = part.table if picked is None else pick_columns(part.table, picked)
            checked = validate_table(table, columns, self._conventions)
            names = [column.name for column in columns]
            if len(checked.rows):
                made.rows += pa.Table.from_arrays(checked.arrays, names).to_pylist()
            if checked.faults:
                for found in locate_faults(checked.faults, part.places):
                    made.rejections += found.table.to_pylist()
        return made


def _line_of(part: Part, rows: Positions, row: int) -> int:
    return int(part.places.lines(rows[row : row + 1])[0])


def read_file(
    content: bytes | str,
    columns: list[Column] | None = None,
    *,
    block: int = 1 << 20,
    max_field: int = 4 << 20,
    choices: list[dict[str, Any]] | None = None,
    **options: Any,
) -> Made:
    """Read a file: with columns of its own, or pinned ones."""
    data = content.encode() if isinstance(content, str) else content
    engine = Engine(data, block, max_field, options, choices or [])
    if columns is not None:
        return engine.load(columns)
    proposal = engine.propose()
    return engine.load(proposal.columns, proposal.places)
