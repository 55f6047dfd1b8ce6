"""Sample: the first records of a file as a grammar reads them, each with its place.

Pure: no I/O.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from app.imports.formats.csv.tokenizer import LINE_END, Grammar, Malformed, Record, Tokenizer

SAMPLE_RECORDS = 300
# A record that continues for so long after the sample's end has more likely lost a quote than so long a cell.
MAX_OPEN = 64 * 1024


@dataclass(frozen=True)
class Row:
    """A record of the sample: its first byte, its first line, and whether blank lines stand above it.

    Of a malformed one `problem` is its code, and `cells` are what stands between its line's delimiters.
    """

    start: int
    end: int
    line: int
    cells: list[bytes]
    is_apart: bool = False
    problem: str = ""
    # The record's lines after its first.
    further_lines: int = 0
    quoted: frozenset[int] = frozenset()

    @property
    def width(self) -> int:
        return len(self.cells)

    @property
    def filled(self) -> list[int]:
        """The places of the cells that are not blank."""
        return [place for place, cell in enumerate(self.cells) if cell.strip()]


def read_rows(body: bytes, grammar: Grammar, *, final: bool) -> list[Row]:
    """The first records of a file that begins with `body`, without blank lines; `final` if that is all of it.

    A quote that is opened in the first records and not closed within the sample spoils its own line alone: the lines
    after it are read.
    """
    rows = _read(body, grammar, Tokenizer(grammar).read(body, final=final))
    held_back = len(body) - (rows[-1].end if rows else 0)
    if final or len(rows) > 2 or held_back <= MAX_OPEN:
        return rows
    impatient = _read(body, grammar, Tokenizer(grammar, max_record=MAX_OPEN).read(body, final=False))
    return impatient if not rows or _is_regular(impatient[len(rows) :]) else rows


def _is_regular(rows: list[Row]) -> bool:
    """Return whether rows have two cells or more, and nearly all the same number."""
    widths = [row.width for row in rows if not row.problem]
    return bool(widths) and max(widths) > 1 and widths.count(max(widths)) >= 0.8 * len(rows)


def _read(body: bytes, grammar: Grammar, records: Iterable[Record | Malformed]) -> list[Row]:
    rows: list[Row] = []
    line, end = 1, 0
    for record in islice(records, SAMPLE_RECORDS):
        # What stands between two records is blank lines.
        blank = len(LINE_END.findall(body, end, record.start))
        line += blank
        lines = len(LINE_END.findall(body, record.start, record.end))
        problem = record.code if isinstance(record, Malformed) else ""
        cells = record.fields if isinstance(record, Record) else _cut(body[record.start : record.end], grammar)
        # A blank line is not a header, even if it may be a record.
        if rows or cells != [b""]:
            further = max(lines - 1, 0)
            quoted = record.quoted if isinstance(record, Record) else frozenset[int]()
            rows.append(Row(record.start, record.end, line, cells, bool(blank and rows), problem, further, quoted))
        line, end = line + lines, record.end
    return rows


def _cut(line: bytes, grammar: Grammar) -> list[bytes]:
    """The text between the delimiters of a malformed line, without its quotes."""
    return [cell.strip(b" \r\n" + grammar.quote) for cell in line.split(grammar.delimiter)]


def describe_problem(row: Row) -> str:
    """A sentence about the fault of a malformed row."""
    what = {
        "text_after_quote": "there is text after a closing quote",
        "unterminated_quote": "a quoted field that begins on it is never closed properly",
        "record_too_long": "it goes on for more than is looked at to find out how the file is written",
    }
    return f"Line {row.line} is malformed: {what.get(row.problem, row.problem)}."
