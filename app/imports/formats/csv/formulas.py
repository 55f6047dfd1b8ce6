"""Formulas: cells written ="00123", as spreadsheets keep a number as text.

Pure: no I/O.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

FORMULA = b'="'


def may_hold_formulas(data: bytes) -> bool:
    """Return whether it is worthwhile to look at the cells of some data."""
    # One byte is found far faster than two.
    if FORMULA[:1] not in data:
        return False
    array = np.frombuffer(data, np.uint8)
    places = np.flatnonzero(array[:-1] == FORMULA[0])
    return bool((array[places + 1] == FORMULA[1]).any())


def count_formulas(columns: Sequence[pa.Array]) -> list[int]:
    """Count the cells of each column that are a text in a formula."""
    return [pc.sum(pc.starts_with(column, FORMULA), min_count=0).as_py() or 0 for column in columns]


def formula_warning(column: str, count: int) -> str:
    """The warning about a column with such cells."""
    are = "cell is" if count == 1 else "cells are"
    return f"{count:,} {are} written =\"…\" in '{column}', as spreadsheets keep text; they are kept as written."
