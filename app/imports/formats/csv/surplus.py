"""Surplus: empty fields after the last column, and whether an extra delimiter in mid-record put them there.

An extra delimiter leaves an empty cell and moves those after it one place to the right. So a record is certain if no
empty cell comes before a filled one, and its cells are of the other records' types; or if the cells after the empty one
would not be of those types one place, or several, to the left.

Pure: no I/O.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.columns.rules import UNADDRESSABLE
from app.imports.formats.table import Positions, Table, drop_rows

Mask = npt.NDArray[np.bool_]
# A function that masks cells that are not values of the column at an index; None if all are.
Misfits = Callable[[pa.Array, int], Mask | None]
# No more delimiters than these are one too many by mistake and still in one record.
MAX_SHIFT = 4
# How many of the records have values in a column that the header does not name, and not by mistake.
SOME_VALUES = 0.05
_NO_KEYS = pa.array(["", *UNADDRESSABLE])


def expect_surplus(records: Sequence[Sequence[bytes]], labels: Sequence[str], quote: bytes) -> int | None:
    """The number of empty fields of most records after the labelled ones; of two numbers as frequent, the smaller.

    None if they have some, and the header may lack a delimiter: a label holds a quote, or others have values there.
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
    """The warning about empty fields that most records have."""
    if not surplus:
        return []
    fields = "an empty field" if surplus == 1 else f"{surplus} empty fields"
    return [f"Records end with {fields} that the header does not name: left out. Is the header whole?"]


def trimmed_warning(count: int, lines: Sequence[int]) -> str:
    """The warning about records with surplus fields, with the lines of the first."""
    have = "record has" if count == 1 else "records have"
    named = ", ".join(f"{line:,}" for line in lines) + (" and on" if count > len(lines) else "")
    where = f"line {named}" if count == 1 else f"lines {named}"
    return f"{count:,} {have} more fields than the header, all of them empty ({where}); they were left out."


def may_be_keys(values: pa.Array) -> bool:
    """Return whether values can be keys, apart from whether they are all different."""
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
    """The records with an empty cell before a filled one that an extra delimiter may explain."""
    filled = np.array([_are_filled(column) for column in cells]).reshape(len(cells), len(surplus))
    behind = _behind_last_gap(filled)
    shifted = _none(len(surplus))
    for shift in range(1, min(MAX_SHIFT, len(cells) - 1) + 1):
        shifted |= behind.any(axis=0) & (surplus >= shift) & ~_refuted(cells, behind, shift, misfits)
    return shifted


def _refuted(cells: list[pa.Array], behind: Mask, shift: int, misfits: Misfits) -> Mask:
    """The records with a cell after their last gap that is not a value so many places to the left."""
    refuted = _none(behind.shape[1])
    for place in range(shift, len(cells)):
        if behind[place].any() and (misfit := misfits(cells[place], place - shift)) is not None:
            refuted |= misfit & behind[place]
    return refuted


def _behind_last_gap(filled: Mask) -> Mask:
    """The filled cells, by index and record, with an empty one before them and no other empty one except at the end."""
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
