"""Table: the cells of some records of a file, where a file format meets the stages that all formats share.

A format is a `Reader`: it takes blocks of a file's bytes and gives tables, which have one array of bytes a column and a
fault for each record of a wrong shape, with the places of their records in the file.

Pure: no I/O.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Positions = npt.NDArray[np.int64]

# So many characters of a value are shown.
VALUE_LIMIT = 200
TOTAL = r"^\s*(?i:(?:grand[ -]?|sub[ -]?|overall )?(?:totals?|sum))\s*:?\s*$"


@dataclass(frozen=True)
class Fault:
    """Records of one chunk that share one mistake: `rows` are their places among the chunk's records, from 0.

    `values` holds what was found, one for each row; `message` is one for all rows, or an array with one for each. The
    mistake may be in one field, whose place, from 0, is then known before its column is.
    """

    rows: Positions
    column: str | None
    code: str
    message: str | pa.Array
    values: pa.Array
    field: int | None = None

    def only(self, wanted: npt.NDArray[np.bool_]) -> "Fault":
        """The same mistake of some of its records."""
        mask = pa.array(wanted)
        message = self.message if isinstance(self.message, str) else self.message.filter(mask)
        return replace(self, rows=self.rows[wanted], message=message, values=self.values.filter(mask))


@dataclass
class Doubtful:
    """Records of a table that have more empty fields after the last column than the others: an extra delimiter may have
    shifted them. `fault` is the reason to refuse them in that case, `surplus` the number of extra fields.
    """

    fault: Fault
    surplus: Positions


@dataclass
class Table:
    """The records of a chunk that have the right shape: an array of bytes a column; `rows` as in `Fault`."""

    columns: list[pa.Array]
    rows: Positions
    faults: list[Fault] = field(default_factory=list)
    doubtful: Doubtful | None = None
    # Doubtful records that have been found to be right.
    trimmed: Positions = field(default_factory=lambda: np.empty(0, np.int64))
    # The number of cells of each column that are a text in a formula, such as ="00123"; empty without any.
    formulas: list[int] = field(default_factory=list)

    def without_doubtful(self) -> "Table":
        """The records that say of what type the columns are."""
        if self.doubtful is None:
            return self
        certain = Table(list(self.columns), self.rows)
        drop_rows(certain, np.isin(self.rows, self.doubtful.fault.rows))
        return certain


class Places(Protocol):
    """The places of a table's records in their file; `rows` are those in `Table.rows` or in `Fault.rows`."""

    @property
    def count(self) -> int:
        """How many records there are, those of a wrong shape among them."""

    def records(self, rows: Positions) -> Positions:
        """The number of each, from 1."""

    def lines(self, rows: Positions) -> Positions:
        """The line that each begins in, from 1."""

    def offsets(self, rows: Positions) -> Positions:
        """The first byte of each, from 0."""


def line_of(places: Places, rows: Positions, row: int) -> int:
    """The line of one of a table's rows."""
    return lines_of(places, rows[row : row + 1])[0]


def lines_of(places: Places, rows: Positions) -> list[int]:
    """The lines of some rows."""
    lines: list[int] = places.lines(rows).tolist() if len(rows) else []
    return lines


@dataclass(frozen=True)
class Part:
    """Some records of a file: their cells, and their places."""

    table: Table
    places: Places


class Reader(Protocol):
    """Reads one file of some format from its beginning."""

    def read(self, data: bytes | None) -> Iterator[Part]:
        """The parts that a block of the file completes, or, with None, the last ones."""


def drop_rows(table: Table, unwanted: npt.NDArray[np.bool_]) -> None:
    """Take rows out of a table."""
    mask = pa.array(~unwanted)
    table.columns = [column.filter(mask) for column in table.columns]
    table.rows = table.rows[~unwanted]


def is_total(cell: bytes | None) -> bool:
    """Return whether a first cell says that its row sums up the others."""
    return cell is not None and re.search(TOTAL.encode(), cell) is not None
