"""Votes: whether a row names the columns or is a record, as the rows below it show.

Pure: no I/O.
"""

import codecs
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.imports.formats.csv.kinds import BLANK, TIMES, TYPED, is_year, kind, shape, whole_number
from app.imports.formats.csv.sample import Row

# The first rows may be a preamble and a header; how many rows below them are looked at, and how many of their cells.
TOP = 10
BODY = 100
MAX_CELLS = 20_000
# So many of a column's values have to be alike for another one to stand out.
MOST = 0.8


@dataclass(frozen=True)
class Votes:
    """The numbers of columns that vote for a header, and for a record."""

    header: int
    record: int

    @property
    def is_header(self) -> bool:
        """Return whether the row is a header; values outweigh one name."""
        return self.header > self.record and (self.header > 1 or not self.record)

    @property
    def is_open(self) -> bool:
        """Return whether no column says anything."""
        return not self.header and not self.record


@dataclass(frozen=True)
class _Column:
    """The type of most values of a column: their kind, and the shape of codes; empty if they vary."""

    kind: str = ""
    shape: bytes = b""
    has_years: bool = False
    has_fractions: bool = False
    has_quotes: bool = False


class Body:
    """The rows of a table's width below its first ones, to which others are compared."""

    def __init__(self, rows: Sequence[Row], width: int) -> None:
        self.width = width
        self.rows = [row for row in rows if row.width == width and not row.problem and row.filled]
        self._below = self.rows[max(1, min(len(self.rows) // 2, TOP)) :][: max(TOP, min(BODY, MAX_CELLS // width))]
        self._columns = [_describe(self._below, place) for place in range(width)]

    @property
    def has_rows(self) -> bool:
        return bool(self._below)

    def is_typed(self, place: int) -> bool:
        """Return whether most values of a column are of one kind other than text."""
        return place < len(self._columns) and self._columns[place].kind in TYPED

    def stands_out(self, place: int, cell: bytes) -> bool:
        """Return whether a cell is neither blank nor of the kind, or the shape of codes, that its column's
        values have."""
        if place >= len(self._columns) or kind(cell) in BLANK:
            return False
        column = self._columns[place]
        return column.kind in TYPED or (column.shape != b"" and shape(cell) != column.shape)

    def is_filled(self, place: int, besides: Row) -> bool:
        """Return whether no value of a column is blank but that of a row."""
        return all(row.cells[place].strip() for row in self._below if row is not besides)

    def found_again(self, row: Row, places: Sequence[int]) -> int:
        """At how many of some places a row's value is in its column again below."""
        others = [other for other in self._below if other is not row]
        return sum(any(row.cells[place] == other.cells[place] for other in others) for place in places)

    def votes(self, row: Row) -> Votes:
        """The columns' votes on a row above the others, or one of them."""
        if not self.has_rows:
            return _votes_alone(row)
        votes = self._votes(row)
        return Votes(votes.count(1), votes.count(-1))

    def values(self, row: Row) -> list[int]:
        """The indexes at which a row has a value that cannot name a column."""
        votes = self._votes(row)
        return [place for place, vote in enumerate(votes) if vote < 1 and kind(row.cells[place]) in TYPED]

    def _votes(self, row: Row) -> list[int]:
        numbered = self._numbered(row)
        pairs = list(zip(row.cells, self._columns, strict=False))
        dated = [place for place, (cell, column) in enumerate(pairs) if _is_date_of(cell, column)]
        # Several dates may be names, one is a value of another type.
        naming = numbered | frozenset(dated if len(dated) > 1 else ())
        return [
            1 if place in naming else 0 if place in dated else _vote(cell, column, is_quoted=place in row.quoted)
            for place, (cell, column) in enumerate(pairs)
        ]

    def repeats(self, row: Row) -> bool:
        """Return whether half of a row's cells or more occur in their columns again, in other rows than such as repeat
        it."""
        cells = _without_mark(row)
        others = [other.cells for other in self.rows if _without_mark(other) != cells]
        filled = [place for place in row.filled if kind(row.cells[place]) not in BLANK]
        again = [
            place for place in filled if any(cells[place] == other[place] for other in others if place < len(other))
        ]
        return len(again) * 2 >= len(filled) > 0

    def _numbered(self, row: Row) -> frozenset[int]:
        """The indexes of cells that number or date the columns: they rise from cell to cell, next to a word or above
        fractions, and hardly a row below does so.
        """
        places = _rising(row.cells)
        if not places or sum(bool(_rising(other.cells)) for other in self._below) > len(self._below) * (1 - MOST) / 2:
            return frozenset()
        has_word = kind(row.cells[0]) not in TYPED and 0 not in places
        above_fractions = all(place < len(self._columns) and self._columns[place].has_fractions for place in places)
        return frozenset(places) if has_word or (above_fractions and len(places) == row.width) else frozenset()


def _without_mark(row: Row) -> list[bytes]:
    """A row's cells without the byte-order mark that one of a joined file begins with."""
    return [row.cells[0].removeprefix(codecs.BOM_UTF8), *row.cells[1:]]


def _rising(cells: Sequence[bytes]) -> list[int]:
    """The places of a row's numbers, if these are three or more that rise by as much each time, or five that rise."""
    numbers = [(place, number) for place, cell in enumerate(cells) if (number := whole_number(cell)) is not None]
    steps = {later[1] - former[1] for former, later in pairwise(numbers)}
    is_rising = len(numbers) > 2 and min(steps) > 0 and (len(steps) == 1 or len(numbers) > 4)
    return [place for place, _ in numbers] if is_rising else []


def _vote(cell: bytes, column: _Column, *, is_quoted: bool) -> int:
    """1 if a cell names its column, -1 if it is one of the column's values, 0 if undecided."""
    own = kind(cell)
    if own in BLANK:
        return 0
    if column.kind == "code":
        return -1 if column.shape and shape(cell) == column.shape else 0
    if column.kind not in TYPED:
        return 0
    if own == column.kind:
        is_name = (is_year(cell) and not column.has_years) or (is_quoted and not column.has_quotes)
        return 1 if is_name else -1
    return 0 if own in TYPED and own != "boolean" else 1


def _is_date_of(cell: bytes, column: _Column) -> bool:
    """Return whether a cell is a date or a time above a column of other values."""
    return column.kind in TYPED and column.kind not in TIMES and kind(cell) in TIMES


def _describe(rows: Sequence[Row], place: int) -> _Column:
    cells = [row.cells[place] for row in rows]
    kinds = Counter(kind(cell) for cell in cells)
    for blank in BLANK:
        kinds.pop(blank, None)
    if not kinds:
        return _Column()
    usual, count = kinds.most_common(1)[0]
    # Of a few values one may be odd.
    if count < MOST * kinds.total() and (count < 2 or kinds.total() - count > 1):
        return _Column()
    if usual == "code":
        form, alike = Counter(shape(cell) for cell in cells if kind(cell) == "code").most_common(1)[0]
        return _Column(usual, form if count > 1 and alike >= MOST * count else b"")
    values = [cell for cell in cells if kind(cell) == usual]
    years = sum(is_year(cell) for cell in values)
    fractions = sum(b"." in cell for cell in values)
    has_quotes = any(place in row.quoted for row in rows)
    return _Column(usual, b"", years * 2 > count, fractions * 2 > count, has_quotes)


def _votes_alone(row: Row) -> Votes:
    """The votes on the only row of a table: values name nothing, but for years and what counts the columns."""
    counting = frozenset(_rising(row.cells)) if kind(row.cells[0]) not in TYPED else frozenset()
    kinds = [kind(cell) for place, cell in enumerate(row.cells) if place not in counting and not is_year(cell)]
    typed = sum(one in TYPED for one in kinds)
    return Votes(0, typed) if typed * 2 >= len(kinds) - kinds.count("empty") and typed else Votes(1, 0)
