"""Pick: of a chunk's columns those that are loaded; the width of the file's records is checked before.

Pure: no I/O.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.columns.column import Column
from app.imports.formats.table import VALUE_LIMIT, Fault, Table, drop_rows
from app.imports.values.cells import to_mask, trim


@dataclass(frozen=True)
class Picked:
    """The places of the file's columns that are loaded, in their order, and of those that must have no value."""

    labels: Sequence[str]
    loaded: Sequence[int]
    empty: Sequence[int] = ()

    @property
    def omitted(self) -> frozenset[int]:
        """The places of those that nothing is asked of."""
        return frozenset(range(len(self.labels))).difference(self.loaded, self.empty)


def in_file_order(columns: Sequence[Column], picked: Picked | None) -> list[Column | None]:
    """The loaded columns by their index in the file, None for one that is not loaded."""
    if picked is None:
        return list(columns)
    by_place = dict(zip(picked.loaded, columns, strict=True))
    return [by_place.get(place) for place in range(len(picked.labels))]


def pick_columns(table: Table, picked: Picked) -> Table:
    """The table of the loaded columns; a value without a column is a fault of its row."""
    faults = [_placed(fault, picked) for fault in table.faults]
    formulas = [table.formulas[place] for place in picked.loaded] if table.formulas else []
    found = Table(list(table.columns), table.rows, faults, trimmed=table.trimmed, formulas=formulas)
    for place in picked.empty:
        _reject_values(found, place)
    found.columns = [found.columns[place] for place in picked.loaded]
    return found


def _placed(fault: Fault, picked: Picked) -> Fault:
    """A fault of a field by its place among the loaded columns; that of another field is called by its label."""
    if fault.field is None or fault.field >= len(picked.labels):
        return fault
    if fault.field in picked.loaded:
        return replace(fault, field=picked.loaded.index(fault.field))
    return replace(fault, field=None, column=picked.labels[fault.field] or None)


def _reject_values(table: Table, place: int) -> None:
    array = table.columns[place]
    if array.null_count == len(array):
        return
    filled = to_mask(pc.greater(pc.binary_length(trim(array)), 0))
    if not filled.any():
        return
    values = pc.binary_slice(array.filter(pa.array(filled)), 0, VALUE_LIMIT * 4)
    message = f"a value in field {place + 1}, which has no name in the header and no column in the dataset"
    table.faults.append(Fault(table.rows[filled], None, "value_without_column", message, values))
    drop_rows(table, np.asarray(filled))
