"""Surplus: empty fields behind the last column, and whether a delimiter too many in mid-record put them there.

A delimiter too many leaves an empty cell and moves those behind it one place to the right. So a record is certain where
no empty cell stands before a filled one, and its cells are of the types that the other records make; or where what
stands behind the empty cell would not be of those types one place, or several, to the left.

Pure: no I/O.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.columns.constraints import UNADDRESSABLE
from app.imports.formats.table import Positions, Table, drop_rows

Mask = npt.NDArray[np.bool_]
# Tells which cells are no values of the column at a place; None where all are.
Misfits = Callable[[pa.Array, int], Mask | None]
# No more delimiters than these are one too many by mistake and still in one record.
MAX_SHIFT = 4
# How many of the records have values in a column that the header does not name, and not by mistake.
SOME_VALUES = 0.05
_NO_KEYS = pa.array(["", *UNADDRESSABLE])


def expect_surplus(records: Sequence[Sequence[bytes]], labels: Sequence[str], quote: bytes) -> int | None:
    """How many empty fields most records have behind the labelled ones; of two numbers as frequent, the smaller.

    None where they have some, and the header may lack a delimiter: a label holds a quote, or others have values there.
    """
    width = len(labels)
    found = Counter(len(cells) - width for cells in records if len(cells) >= width and not any(cells[width:]))
    surplus = min(found, key=lambda count: (-found[count], count), default=0)
    if not surplus:
        return 0
    filled = sum(len(cells) == width + surplus and any(cells[width:]) for cells in records)
    has_quote = bool(quote) and any(quote.decode() in label for label in labels)
    return None if has_quote or (filled > 1 and filled > found[surplus] * SOME_VALUES) else surplus


def usual_surplus_warnings(surplus: int | None) -> list[str]:
    """What someone should know of empty fields that most records have."""
    if not surplus:
        return []
    fields = "an empty field" if surplus == 1 else f"{surplus} empty fields"
    return [f"Records end with {fields} that the header does not name: left out. Is the header whole?"]


def trimmed_warning(count: int, lines: Sequence[int]) -> str:
    """What someone should know of records that had surplus fields, the lines of the first of which are given."""
    have = "record has" if count == 1 else "records have"
    named = ", ".join(f"{line:,}" for line in lines) + (" and on" if count > len(lines) else "")
    where = f"line {named}" if count == 1 else f"lines {named}"
    return f"{count:,} {have} more fields than the header, all of them empty ({where}); they were left out."


def may_be_keys(values: pa.Array) -> bool:
    """Whether values can address records, apart from whether they are all different."""
    if values.null_count or not pa.types.is_string(values.type):
        return not values.null_count
    return not pc.any(pc.is_in(values, _NO_KEYS), min_count=0).as_py()


def reject_shifted(table: Table, misfits: Misfits) -> None:
    """Refuse the doubtful records of a table whose cells a delimiter too many may have moved."""
    assert table.doubtful is not None
    fault, widths = table.doubtful.fault, table.doubtful.surplus
    table.doubtful = None
    places = np.flatnonzero(np.isin(table.rows, fault.rows))
    cells = [column.take(pa.array(places)) for column in table.columns]
    shifted = _may_be_shifted(cells, widths[np.searchsorted(fault.rows, table.rows[places])], misfits)
    for place, column in enumerate(cells):
        if (misfit := misfits(column, place)) is not None:
            shifted |= misfit
    table.trimmed = table.rows[places[~shifted]]
    if shifted.any():
        refused = np.isin(fault.rows, table.rows[places[shifted]])
        table.faults.append(fault.only(refused))
        drop_rows(table, np.isin(table.rows, fault.rows[refused]))


def _may_be_shifted(cells: list[pa.Array], surplus: Positions, misfits: Misfits) -> Mask:
    """Which records have an empty cell before a filled one, with nothing to say that no delimiter made it."""
    filled = np.array([_are_filled(column) for column in cells]).reshape(len(cells), len(surplus))
    behind = _behind_last_gap(filled)
    shifted = _none(len(surplus))
    for shift in range(1, min(MAX_SHIFT, len(cells) - 1) + 1):
        shifted |= behind.any(axis=0) & (surplus >= shift) & ~_refuted(cells, behind, shift, misfits)
    return shifted


def _refuted(cells: list[pa.Array], behind: Mask, shift: int, misfits: Misfits) -> Mask:
    """Which records have a cell behind their last gap that is no value so many places to the left."""
    refuted = _none(behind.shape[1])
    for place in range(shift, len(cells)):
        if behind[place].any() and (misfit := misfits(cells[place], place - shift)) is not None:
            refuted |= misfit & behind[place]
    return refuted


def _behind_last_gap(filled: Mask) -> Mask:
    """Which filled cells, by place and record, have an empty one before them and none behind it but at the end."""
    # From the right: whether anything filled follows, and whether a gap was met.
    behind = np.zeros_like(filled)
    follows, met = _none(filled.shape[1]), _none(filled.shape[1])
    for place in range(len(filled) - 1, -1, -1):
        met |= follows & ~filled[place]
        follows |= filled[place]
        behind[place] = filled[place] & ~met
    return behind & met


def _are_filled(column: pa.Array) -> Mask:
    return np.array(column.is_valid().to_numpy(zero_copy_only=False), np.bool_)


def _none(count: int) -> Mask:
    return np.zeros(count, np.bool_)
