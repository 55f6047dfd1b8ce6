"""Dialect: how a file is written (delimiter, quotes, header, numbers), found in its first part or given in the options.

A delimiter is judged by what it makes of the rows: as many fields in each of them, the header's among them, and cells
that look like values. The idea of judging a dialect by the table it yields is that of van den Burg, Nazábal and Sutton,
"Wrangling messy CSV files by detecting row and type patterns" (2019).

Pure: no I/O.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from app.imports.options import ImportOptions
from app.imports.surplus import expect_surplus, usual_surplus_warnings
from app.imports.tokenizer import LINE_END, Grammar, Record, read_records, without_end_mark

DELIMITERS = b",;\t|^~"
SAMPLE_RECORDS = 300
# More lines than this above the header are data of another width, not a preamble.
MAX_PREAMBLE = 30
# What stands for a missing value in many files: no word of a header.
MISSING = frozenset((b"na", b"n/a", b"n.a.", b"nan", b"null", b"none", b"nil", b"-", b"--", b"?", b".", b"missing"))
# A table of one column scores this: any delimiter has to do better.
ONE_COLUMN = 0.3
# It scores less where its header would be `id,name`: rows that do not fit such a header are errors to be told of.
ONE_COLUMN_UNDER_NAMES = ONE_COLUMN / 2

_KINDS = (
    ("empty", re.compile(rb"\s*")),
    ("number", re.compile(rb"\s*[$\xa3]?[+-]?(\d+([.,]\d+)*|[.,]\d+)([eE][+-]?\d+)?\s*%?\s*")),
    ("date", re.compile(rb"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d{1,2}:\d{2}.*)?\s*")),
    ("boolean", re.compile(rb"\s*(true|false|yes|no)\s*", re.IGNORECASE)),
    ("uuid", re.compile(rb"\s*[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\s*")),
)
_COMMA_NUMBER = re.compile(rb"\s*-?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+\s*")
_POINT_NUMBER = re.compile(rb"\s*-?\d+\.(?:\d{1,2}|\d{4,})\s*")
_GROUPED_NUMBER = re.compile(rb"\s*-?\d{1,3}(?:\.\d{3})+(?:,\d+)?\s*")
_YEAR = re.compile(rb"(19|20)\d\d")
_NAME = re.compile(rb"[A-Za-z_\x80-\xff][\w .()/%#\x80-\xff-]{0,59}")
_SEPARATOR_LINE = re.compile(rb"\"?sep=(.)\"?(\r\n|\n|\r)", re.IGNORECASE)


@dataclass
class Dialect:
    """How the file is written. `offset` and `line` tell where its data begins; `header_line` is 0 where it has none.

    `labels` are the headers as the file has them, or numbered names where it has none; `headers` are the header's rows.
    """

    grammar: Grammar
    labels: list[str]
    offset: int
    line: int
    header_line: int
    header_offset: int = 0
    skipped: list[int] = field(default_factory=list)
    headers: tuple[tuple[bytes, ...], ...] = ()
    # Empty fields that records have behind those of the header as a rule; None where the header is in doubt.
    surplus: int | None = 0
    decimal_separator: str = "."
    thousands_separator: str = ""
    warnings: list[str] = field(default_factory=list)

    @property
    def width(self) -> int:
        return len(self.labels)

    def report(self) -> dict[str, Any]:
        """The dialect as an import shows it."""
        return {
            "delimiter": self.grammar.delimiter.decode(),
            "quote": self.grammar.quote.decode(),
            "escape": self.grammar.escape.decode(),
            "header": self.header_line or False,
            "skipped_lines": self.skipped,
            "decimal_separator": self.decimal_separator,
            "thousands_separator": self.thousands_separator,
        }


@dataclass(frozen=True)
class _Row:
    """A record of the sample with its place in it."""

    start: int
    line: int
    cells: list[bytes]

    @property
    def width(self) -> int:
        return len(self.cells)


def detect_dialect(sample: bytes, options: ImportOptions, *, final: bool) -> Dialect:
    """The dialect of a file that begins with `sample` (UTF-8); `final` when the sample is all of it."""
    sample = without_end_mark(sample) if final else sample
    start, declared = _separator_line(sample)
    body = sample[start:]
    delimiter = options.delimiter.encode() if options.delimiter else declared
    grammar = _detect_grammar(body, options, delimiter, final)
    rows = _read_rows(body, grammar, final)
    dialect = _find_header(body, grammar, rows, options)
    records = [row.cells for row in rows if row.start >= dialect.offset]
    dialect.surplus = expect_surplus(records, dialect.labels, grammar.quote)
    dialect.warnings += usual_surplus_warnings(dialect.surplus)
    dialect.offset += start
    dialect.header_offset += start
    if start:
        dialect.line += 1
        dialect.header_line += 1 if dialect.header_line else 0
        dialect.skipped = [1, *(line + 1 for line in dialect.skipped)]
    _detect_numbers(dialect, rows, options)
    return dialect


def _separator_line(sample: bytes) -> tuple[int, bytes | None]:
    """The length of a first line `sep=;` and the delimiter it declares, as spreadsheets write it."""
    match = _SEPARATOR_LINE.match(sample)
    return (match.end(), match.group(1)) if match else (0, None)


def _detect_grammar(body: bytes, options: ImportOptions, delimiter: bytes | None, final: bool) -> Grammar:
    quote = b'"' if options.quote is None else options.quote.encode()
    escape = (options.escape or "").encode()
    base = Grammar(quote=quote, escape=escape, lenient_quotes=options.lenient_quotes)
    if options.quote is None and _is_single_quoted(body):
        base = replace(base, quote=b"'")
    if options.escape is None and base.quote and b"\\" + base.quote in body:
        base = _prefer_escape(body, base, delimiter or b",", final)
    grammar = replace(base, delimiter=delimiter or _detect_delimiter(body, base, final))
    rows = _read_rows(body, grammar, final)
    is_one_column = max((row.width for row in rows), default=1) == 1
    return replace(grammar, keep_blank=is_one_column, skip_space=_has_spaces(rows))


def _detect_delimiter(body: bytes, base: Grammar, final: bool) -> bytes:
    """The delimiter that makes the best table of the sample; an unused character where one column is better."""
    grammars = [replace(base, delimiter=bytes([code])) for code in DELIMITERS]
    scored = [(_score(body, grammar, final), -place) for place, grammar in enumerate(grammars)]
    score, place = max(scored)
    best = grammars[-place]
    if score > ONE_COLUMN or (score and _has_named_columns(score, _read_rows(body, best, final))):
        return best.delimiter
    return _unused_delimiter(body)


def _has_named_columns(score: float, rows: Sequence[_Row]) -> bool:
    """Whether rows that make a poor table begin with names, and their values are of other types or fit at times."""
    first, width = _locate_header(rows)
    header, below = rows[first], rows[first + 1 :]
    if len(set(header.cells)) < width or not all(_NAME.fullmatch(cell) for cell in header.cells):
        return False
    return score > ONE_COLUMN_UNDER_NAMES or _differs(header, below)


def _unused_delimiter(body: bytes) -> bytes:
    """For a file of one column: a character that its values do not hold, so that none is cut."""
    return next((bytes([code]) for code in b",\t|;\x1f\x1e" if code not in body), b"\x1f")


def _is_single_quoted(body: bytes) -> bool:
    singles = re.findall(rb"(?:^|[,;\t|])'[^'\r\n]*'(?=[,;\t|\r\n]|$)", body[:65536], re.MULTILINE)
    doubles = re.findall(rb'(?:^|[,;\t|])"', body[:65536], re.MULTILINE)
    return len(singles) > 2 and not doubles


def _prefer_escape(body: bytes, grammar: Grammar, delimiter: bytes, final: bool) -> Grammar:
    """The grammar with a backslash before quotes, where it breaks fewer records than doubled quotes do."""
    plain = replace(grammar, delimiter=delimiter)
    escaped = replace(plain, escape=b"\\")
    return escaped if _count_broken(body, escaped, final) < _count_broken(body, plain, final) else grammar


def _count_broken(body: bytes, grammar: Grammar, final: bool) -> int:
    records = list(islice(read_records(body, grammar, final=final), SAMPLE_RECORDS))
    widths = Counter(len(record.fields) for record in records if isinstance(record, Record))
    usual = widths.most_common(1)[0][1] if widths else 0
    return len(records) - usual


def _score(body: bytes, grammar: Grammar, final: bool) -> float:
    """How much of a table a delimiter makes of the sample, from 0 to 1."""
    rows = _read_rows(body, grammar, final)
    wide = Counter(row.width for row in rows if row.width > 1)
    if not wide:
        return 0.0
    first, width = _locate_header(rows)
    if width < 2:
        return 0.0
    body_rows = rows[first:]
    # What stands above a table may be anything, but it speaks for a table that begins higher up.
    considered = len(body_rows) + first / 2
    regular = sum(row.width == width or _is_padded(row, width) for row in body_rows) / considered
    kinds = [_kind(cell) for row in body_rows[1:100] for cell in row.cells]
    typed = sum(kind not in ("text", "empty") for kind in kinds) / max(len(kinds), 1)
    return regular * (0.6 + 0.4 * typed) * (1 - 1 / (width + 1))


def _is_padded(row: _Row, width: int) -> bool:
    """Whether a row only has empty cells too many."""
    return row.width > width and not any(row.cells[width:])


def _read_rows(body: bytes, grammar: Grammar, final: bool) -> list[_Row]:
    records = islice(read_records(body, grammar, final=final), SAMPLE_RECORDS)
    rows: list[_Row] = []
    line, counted = 1, 0
    for record in records:
        line += len(LINE_END.findall(body, counted, record.start))
        counted = record.start
        # A blank line is no header, also where it may be a record.
        if isinstance(record, Record) and (rows or record.fields != [b""]):
            rows.append(_Row(record.start, line, record.fields))
    return rows


def _kind(cell: bytes) -> str:
    return next((name for name, pattern in _KINDS if pattern.fullmatch(cell)), "text")


def _has_spaces(rows: Sequence[_Row]) -> bool:
    """Whether each delimiter is followed by a space."""
    behind = [cell for row in rows for cell in row.cells[1:] if cell]
    return len(behind) > 1 and all(cell.startswith(b" ") for cell in behind)


def _locate_header(rows: Sequence[_Row]) -> tuple[int, int]:
    """The row that the table begins with, and the table's width; the rows above it are a preamble."""
    first = rows[0]
    following = rows[1:6]
    if following and not first.cells[-1] and all(row.width == first.width - 1 for row in following):
        return 0, first.width - 1
    alike = sum(abs(row.width - first.width) <= 1 for row in following)
    if first.width > 1 and alike * 2 >= len(following):
        return 0, first.width
    wide = Counter(row.width for row in rows if row.width > 1)
    if not wide:
        return 0, 1
    width = wide.most_common(1)[0][0]
    for place, row in enumerate(rows[:MAX_PREAMBLE]):
        if row.width != width:
            continue
        is_header = all(_kind(cell) == "text" for cell in row.cells if cell.strip()) and bool(row.cells[0].strip())
        if place and is_header and (width > 2 or _differs(row, rows[place + 1 :])):
            return place, width
        break
    return 0, first.width


def _differs(row: _Row, below: Sequence[_Row]) -> bool:
    return _header_votes(row, below)[0] > 0


def _find_header(body: bytes, grammar: Grammar, rows: Sequence[_Row], options: ImportOptions) -> Dialect:
    if not rows:
        return Dialect(grammar, [], len(body), 1 + len(LINE_END.findall(body)), 0)
    first = 0
    if isinstance(options.header, bool) or options.header is None:
        first = _locate_header(rows)[0]
    else:
        first = next((place for place, row in enumerate(rows) if row.line >= options.header), len(rows) - 1)
    row, below = rows[first], rows[first + 1 :]
    skipped = list(range(1, row.line))
    warnings: list[str] = []
    is_double = options.header is None and _is_second_header(row, below)
    if options.header is False or (options.header is None and not is_double and not _has_header(row, below, warnings)):
        labels = [f"column_{place}" for place in range(1, _table_width(row, below) + 1)]
        return Dialect(grammar, labels, row.start, row.line, 0, skipped=skipped, warnings=warnings)
    labels = [_decode(cell) for cell in row.cells]
    last, headers = row, [row]
    if is_double:
        last = below[0]
        headers.append(last)
        labels = _join_labels(labels, [_decode(cell) for cell in last.cells])
        warnings.append(f"The header has two rows: line {row.line} and line {last.line}; their names are joined.")
        below = below[1:]
    labels = _fit_labels(labels, below)
    end = _end_of(body, grammar, last)
    line = last.line + len(LINE_END.findall(body, last.start, end))
    cells = tuple(tuple(header.cells[: len(labels)]) for header in headers)
    return Dialect(grammar, labels, end, line, row.line, row.start, skipped, cells, warnings=warnings)


def _decode(cell: bytes) -> str:
    """A header's text; PostgreSQL stores no NUL, so a sign for it is shown."""
    return cell.decode("utf-8", "replace").replace("\0", "␀").strip()


def _end_of(body: bytes, grammar: Grammar, row: _Row) -> int:
    """Where the record that begins at a row's place ends, its line end included."""
    records = islice(read_records(body[row.start :], grammar, final=True), 2)
    starts = [record.start for record in records]
    return row.start + starts[1] if len(starts) == 2 else len(body)


def _has_header(row: _Row, below: Sequence[_Row], warnings: list[str]) -> bool:
    """Whether a row names the columns: it is no value of the types below it."""
    header, data = _header_votes(row, below)
    if header or not below:
        return True
    if data:
        return False
    warnings.append(f"Every column is text: line {row.line} was taken as the header. Say header=false if it is data.")
    return True


def _header_votes(row: _Row, below: Sequence[_Row]) -> tuple[int, int]:
    """How many columns say that a row is the header, and how many that it is data."""
    header = data = 0
    for place, cell in enumerate(row.cells):
        kinds = Counter(_kind(other.cells[place]) for other in below[:100] if place < other.width)
        kinds.pop("empty", None)
        if not kinds:
            continue
        usual, count = kinds.most_common(1)[0]
        own = _kind(cell)
        if usual == "text" or count < 0.8 * kinds.total() or own == "empty":
            continue
        if own != usual or (_YEAR.fullmatch(cell.strip()) and not _is_year_column(below, place)):
            header += 1
        else:
            data += 1
    return header, data


def _is_year_column(below: Sequence[_Row], place: int) -> bool:
    cells = [row.cells[place].strip() for row in below[:100] if place < row.width]
    return sum(bool(_YEAR.fullmatch(cell)) for cell in cells) * 2 > len(cells)


def _table_width(row: _Row, below: Sequence[_Row]) -> int:
    widths = Counter(other.width for other in (row, *below))
    return widths.most_common(1)[0][0]


def _is_second_header(row: _Row, below: Sequence[_Row]) -> bool:
    """Whether the row below goes on with the header: it is no value of the types further below, and either names what
    the header leaves empty or has words, as units, where two columns or more have values.
    """
    if len(below) < 2 or below[0].width != row.width:
        return False
    second = below[0]
    header, data = _header_votes(second, below[1:])
    words = all(_kind(cell) in ("text", "empty") for cell in second.cells)
    filled = [place for place, cell in enumerate(row.cells) if not cell.strip() and second.cells[place].strip()]
    if not filled:
        missing = any(cell.strip().lower() in MISSING for cell in second.cells)
        return words and not missing and header > 1 and data == 0
    unlike = any(
        second.cells[place] not in {other.cells[place] for other in below[1:] if place < other.width}
        for place in filled
    )
    return words and unlike and data == 0 and (header > 0 or len(filled) > 1)


def _join_labels(upper: list[str], lower: list[str]) -> list[str]:
    """Both rows' names; an empty name of the upper row is that of the column to its left."""
    labels, above = [], ""
    for name, detail in zip(upper, lower, strict=True):
        above = name or above
        labels.append(f"{above} - {detail}" if above and detail and detail != above else above or detail)
    return labels


def _fit_labels(labels: list[str], below: Sequence[_Row]) -> list[str]:
    """The labels without empty last ones that no row has a value for."""
    width = len(labels)
    while (
        width > 1
        and below
        and not labels[width - 1]
        and not any(row.cells[width - 1 : width] != [b""] for row in below if row.width >= width)
    ):
        width -= 1
    return labels[:width]


def _detect_numbers(dialect: Dialect, rows: Sequence[_Row], options: ImportOptions) -> None:
    """Whether numbers have a decimal comma: only where a comma is no delimiter and no number has a decimal point."""
    point, thousands = options.decimal_separator, options.thousands_separator
    if point is None and dialect.grammar.delimiter != b",":
        values = [cell for row in rows for cell in row.cells]
        comma = any(_COMMA_NUMBER.fullmatch(value) for value in values)
        if comma and not any(_POINT_NUMBER.fullmatch(value) for value in values):
            point = ","
            if thousands is None and any(_GROUPED_NUMBER.fullmatch(value) for value in values):
                thousands = "."
    dialect.decimal_separator = point or "."
    dialect.thousands_separator = thousands or ""
