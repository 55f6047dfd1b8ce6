"""Dialect: how a file is written (delimiter, quotes, header, numbers), found in its first part or given in the options.

Pure: no I/O.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.datasets.import_options import ImportOptions
from app.imports.errors import FileMalformed, HeaderMalformed
from app.imports.formats.csv.delimiters import QUOTES_HINT, find_grammar
from app.imports.formats.csv.header import Table, find_table
from app.imports.formats.csv.sample import Row, describe_problem, read_rows
from app.imports.formats.csv.surplus import expect_surplus, usual_surplus_warnings
from app.imports.formats.csv.tokenizer import LINE_END, Grammar, without_end_mark

# Of more rows of a header the first ones name the columns.
MAX_JOINED = 2
# How much of a line a warning shows.
MAX_SHOWN = 60
_SEPARATOR_LINE = re.compile(rb"\"?sep=(.)\"?(\r\n|\n|\r)", re.IGNORECASE)


@dataclass
class Dialect:
    """The format of the file. `offset` and `line` are the beginning of its data; `header_line` is 0 without a header.

    `labels` are the headers as in the file, or numbered names without a header; `headers` are the header's rows.
    """

    grammar: Grammar
    labels: list[str]
    offset: int
    line: int
    header_line: int
    header_offset: int = 0
    skipped: list[int] = field(default_factory=list)
    headers: tuple[tuple[bytes, ...], ...] = ()
    # The usual number of empty fields of records after those of the header; None if the header is in doubt.
    surplus: int | None = 0
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
        }


def detect_dialect(sample: bytes, options: ImportOptions, *, final: bool) -> Dialect:
    """The dialect of a file that begins with `sample` (UTF-8); `final` when the sample is all of it.

    Raises:
        DelimiterNotFound, FileMalformed, HeaderMalformed: it is not to be found, and which option would say it.
    """
    sample = without_end_mark(sample) if final else sample
    start, declared = _separator_line(sample)
    body = sample[start:]
    grammar = find_grammar(body, options, options.delimiter.encode() if options.delimiter else declared, final=final)
    rows = read_rows(body, grammar, final=final)
    dialect = _describe(body, grammar, rows, options)
    records = [row.cells for row in rows if row.start >= dialect.offset and not row.problem]
    dialect.surplus = expect_surplus(records, dialect.labels, grammar.quote)
    dialect.warnings += usual_surplus_warnings(dialect.surplus)
    dialect.offset += start
    dialect.header_offset += start
    if start:
        dialect.line += 1
        dialect.header_line += 1 if dialect.header_line else 0
        dialect.skipped = [1, *(line + 1 for line in dialect.skipped)]
    return dialect


def _separator_line(sample: bytes) -> tuple[int, bytes | None]:
    """The length of a first line `sep=;` and the delimiter it declares, as spreadsheets write it."""
    match = _SEPARATOR_LINE.match(sample)
    return (match.end(), match.group(1)) if match else (0, None)


def _describe(body: bytes, grammar: Grammar, rows: Sequence[Row], options: ImportOptions) -> Dialect:
    """The dialect of a file that a grammar reads as some rows."""
    if not rows:
        return Dialect(grammar, [], len(body), 1 + len(LINE_END.findall(body)), 0)
    if all(row.problem for row in rows):
        raise FileMalformed(
            f"No record can be read. {describe_problem(rows[0])}",
            hint=QUOTES_HINT,
        )
    table = _choose_header(rows, find_table(rows), options)
    above, headers = rows[: table.first], rows[table.first : table.first + table.headers]
    below = rows[table.first + table.headers :]
    first = rows[table.first]
    skipped = [*range(1, first.line), *(row.line for row in headers[MAX_JOINED:])]
    warnings = [
        *_warn_of_one_column(body, grammar),
        *_warn_of_quotes(grammar, options),
        *_warn_of_preamble(above, has_header=bool(headers)),
    ]
    if options.header is None:
        warnings += _warn_of_header(table, first, headers)
    if not headers:
        labels = [f"column_{place}" for place in range(1, table.usual + 1)]
        return Dialect(grammar, labels, first.start, first.line, 0, skipped=skipped, warnings=warnings)
    if first.problem:
        raise HeaderMalformed(
            f"The header cannot be read. {describe_problem(first)}",
            hint="Correct the line, or give `quote` as empty if quotes are text, or `header` as false if it is data.",
        )
    labels = _fit_labels(_join_labels(headers[:MAX_JOINED]), below)
    cells = tuple(tuple(header.cells[: len(labels)]) for header in headers[:MAX_JOINED])
    last = headers[-1]
    line = last.line + last.further_lines + 1
    return Dialect(grammar, labels, last.end, line, first.line, first.start, skipped, cells, warnings=warnings)


def _choose_header(rows: Sequence[Row], table: Table, options: ImportOptions) -> Table:
    """The table with the header that the options say."""
    if options.header is None:
        return table
    if isinstance(options.header, bool):
        return Table(table.first, max(table.headers, 1) if options.header else 0, table.usual, True)
    first = next((place for place, row in enumerate(rows) if row.line >= options.header), len(rows) - 1)
    return Table(first, 1, table.usual, True)


def _warn_of_one_column(body: bytes, grammar: Grammar) -> list[str]:
    if not grammar.keep_blank:
        return []
    hint = "Give `delimiter` if it has more" + (", also if that is a space." if b" " in body else ".")
    return [f"The file was read as one column: no delimiter splits its lines alike. {hint}"]


def _warn_of_quotes(grammar: Grammar, options: ImportOptions) -> list[str]:
    if grammar.quote or options.quote is not None:
        return []
    return ['Quotes (") were read as text, as they enclose no cell. Give `quote` if they are to.']


def _warn_of_preamble(above: Sequence[Row], *, has_header: bool) -> list[str]:
    """A word on rows above the table that have several cells, or could have named the columns; all are listed."""
    wide = [row for row in above if len(row.filled) > 1 or not has_header]
    if not wide:
        return []
    first, last = wide[0], wide[-1]
    if first is last:
        return [f"Line {first.line} stands above the table and was skipped: {_show(first)}."]
    return [f"Lines {first.line} to {last.line} stand above the table and were skipped, the last one {_show(last)}."]


def _warn_of_header(table: Table, first: Row, headers: Sequence[Row]) -> list[str]:
    if len(headers) > 1:
        return [_describe_headers(headers)]
    if table.is_proven:
        return []
    if headers:
        line = f"Every column is text: line {first.line}" if table.is_text else f"Line {first.line}"
        return [f"{line} was taken as the header: {_show(first)}. Pass header=false if it is data."]
    return [f"Line {first.line} was taken as a record: {_show(first)}. Say header=true if it names the columns."]


def _describe_headers(headers: Sequence[Row]) -> str:
    first, second, *others = headers
    joined = f"line {first.line} and line {second.line}; their names are joined."
    if not others:
        return f"The header has two rows: {joined}"
    left_out = "; ".join(f"line {row.line}, {_show(row)}" for row in others)
    return f"The header has {len(headers)} rows: {joined} Left out: {left_out}."


def _show(row: Row) -> str:
    """The beginning of a row as a warning quotes it."""
    text = ", ".join(_decode(cell) for cell in row.cells[:20] if cell.strip())
    return f"'{text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + '…'}'"


def _decode(cell: bytes) -> str:
    """A header's text; PostgreSQL stores no NUL, so a sign for it is shown."""
    return cell.decode("utf-8", "replace").replace("\0", "␀").strip()


def _join_labels(headers: Sequence[Row]) -> list[str]:
    """All rows' names; an empty name of an upper row is that of the column to its left."""
    labels = [_decode(cell) for cell in headers[0].cells]
    for header in headers[1:]:
        upper, labels, above = labels, [], ""
        for name, cell in zip(upper, header.cells, strict=True):
            detail = _decode(cell)
            above = name or above
            labels.append(f"{above} - {detail}" if above and detail and detail != above else above or detail)
    return labels


def _fit_labels(labels: list[str], below: Sequence[Row]) -> list[str]:
    """The labels without empty last ones that most rows have no field for."""
    usual = Counter(row.width for row in below).most_common(1)[0][0] if below else len(labels)
    return labels if any(labels[usual:]) else labels[:usual]
