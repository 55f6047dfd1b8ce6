"""Delimiters: the delimiter, quote and escape that make the best table of a file's first part.

A grammar is judged by what it makes of the rows: as many fields in each of them, the header's among them, and cells
that look like values and are not cut out of something. The idea of judging a dialect by the table it yields is that of
van den Burg, Nazábal and Sutton, "Wrangling messy CSV files by detecting row and type patterns" (2019).

Pure: no I/O.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.datasets.import_options import ImportOptions
from app.imports.errors import DelimiterNotFound, FileMalformed
from app.imports.formats.csv.header import Table, find_table
from app.imports.formats.csv.kinds import TYPED, is_comment, is_torn, kind
from app.imports.formats.csv.sample import Row, describe_problem, read_rows
from app.imports.formats.csv.tokenizer import LINE_END, Grammar

DELIMITERS = b",;\t|^~\x01\x1f\x1e"
# These occur in values as well: they delimit only if all lines have the same number of them, and nothing else delimits.
RARE_DELIMITERS = b" :"
# In how many of the lines a delimiter has to make as many fields, and of how many records the rest may be lines above.
MAX_LINES = 0.6
SOME_LINES = 0.45
NEARLY_ALL = 0.8
ALL_BUT_FEW = 0.9
# How much a line of the preamble counts as one that the delimiter does not fit.
PREAMBLE = 0.5
# So many rows and cells are looked at for values.
TYPED_ROWS, MAX_WIDTH, TYPED_CELLS = 60, 50, 1500
# Bytes of the sample in which quotes are counted.
QUOTED_SAMPLE = 64 * 1024
QUOTES_HINT = "Give `quote`, as empty if quotes are text; `escape` if one stands before quotes; or `lenient_quotes`."
_WORD = re.compile(rb"[A-Za-z_\x80-\xff][^\"\r\n]{0,59}")


@dataclass(frozen=True)
class _Reading:
    """A reading of the sample by a grammar: `fit` is the share of the lines that it fits, `below` that of the
    table's."""

    grammar: Grammar
    rows: list[Row]
    table: Table
    fit: float
    below: float
    typed: float
    score: float

    @property
    def fitting(self) -> int:
        return _count_fitting(self.rows, self.table)


def find_grammar(body: bytes, options: ImportOptions, declared: bytes | None, *, final: bool) -> Grammar:
    """Find the grammar of a file that begins with `body`; `declared` is a known delimiter.

    Raises:
        DelimiterNotFound, FileMalformed: no delimiter makes a table of lines that several are in.
    """
    finder = _Finder(body, options, final)
    if declared is not None:
        reading = finder.read(declared)
        return finder.finish(replace(reading.grammar, delimiter=declared) if reading else finder.base(declared))
    readings = [reading for code in DELIMITERS if code in body and (reading := finder.read(bytes([code])))]
    chosen = [reading for reading in readings if _is_table(reading)]
    chosen += [reading for code in RARE_DELIMITERS if (reading := finder.read_rare(bytes([code])))]
    chosen = chosen or [reading for reading in readings if _has_named_columns(reading) or _is_in_all_lines(reading)]
    if chosen:
        return finder.finish(max(chosen, key=lambda reading: reading.score).grammar)
    _refuse_doubtful(readings)
    return finder.finish(finder.base(_unused_delimiter(body)))


class _Finder:
    """Reads one sample by many grammars."""

    def __init__(self, body: bytes, options: ImportOptions, final: bool) -> None:
        self._body = body
        self._options = options
        self._final = final
        self._lines = [line for line in LINE_END.split(body[:QUOTED_SAMPLE]) if line.strip()]

    def base(self, delimiter: bytes) -> Grammar:
        """The grammar of a delimiter with the quote that its cells are in, if nothing speaks for another one."""
        options = self._options
        quote = _find_quote(self._body, delimiter) if options.quote is None else options.quote.encode()
        escape = (options.escape or "").encode()
        return Grammar(delimiter, quote, escape, lenient_quotes=options.lenient_quotes)

    def rows(self, grammar: Grammar) -> list[Row]:
        """The sample's first records."""
        return read_rows(self._body, grammar, final=self._final)

    def finish(self, grammar: Grammar) -> Grammar:
        """Complete the grammar from its rows: one column, or a space after each delimiter."""
        rows = self.rows(grammar)
        is_one_column = max((row.width for row in rows), default=1) == 1
        return replace(grammar, keep_blank=is_one_column, skip_space=grammar.skip_space or _has_spaces(rows))

    def read(self, delimiter: bytes) -> _Reading | None:
        """The best reading with a delimiter; None if that splits nothing."""
        base = self.base(delimiter)
        plain = self._judge(base)
        readings = [plain, *(self._judge(grammar) for grammar in self._variants(base, plain))]
        found = [reading for reading in readings if reading is not None]
        return max(found, key=lambda reading: reading.score, default=None)

    def read_rare(self, delimiter: bytes) -> _Reading | None:
        """The reading with a delimiter that values hold as well, if it makes a table of nearly all lines and values."""
        reading = self.read(delimiter) if delimiter in self._body else None
        if reading is None or self._is_value(delimiter):
            return None
        rows, table = reading.rows, reading.table
        first = rows[table.first]
        is_named = table.is_proven and table.headers and reading.typed > 0
        if reading.below < (NEARLY_ALL if is_named and table.usual > 2 else ALL_BUT_FEW):
            return None
        if first.width != table.usual and is_comment(delimiter.join(first.cells)):
            return None
        if table.usual > 2 and reading.fitting > 2 and not _has_gaps(rows[table.first :], delimiter):
            return reading if is_named or reading.typed >= (0.25 if table.usual > 3 else 0.5) else None
        is_whole = (
            reading.fit == 1
            and not _has_gaps(rows, delimiter)
            and all(is_comment(row.cells[0]) for row in rows[: table.first])
        )
        return reading if is_whole and (is_named or reading.typed >= 0.5) else None

    def _is_value(self, delimiter: bytes) -> bool:
        """Return whether nearly all lines that hold a delimiter are one value each, as a time or a number with
        a comma."""
        lines = [line for line in self._lines[:TYPED_ROWS] if delimiter in line]
        return sum(kind(line) in TYPED for line in lines) >= NEARLY_ALL * len(lines)

    def _variants(self, base: Grammar, plain: "_Reading | None") -> list[Grammar]:
        """Other grammars with the same delimiter, for which there is a reason in the sample."""
        body, options, grammars = self._body, self._options, list[Grammar]()
        if base.quote and base.delimiter != b" " and base.delimiter + b" " + base.quote in body:
            grammars.append(replace(base, skip_space=True))
        if plain is not None and plain.fit == 1 and not any(row.problem or row.further_lines for row in plain.rows):
            return grammars
        escaped = (b"\\" + base.quote, b"\\" + base.delimiter)
        if options.escape is None and any(one in body for one in escaped):
            grammars += [replace(grammar, escape=b"\\") for grammar in (base, *grammars)]
        if options.quote is None and plain is not None and _are_quotes_text(body, plain):
            grammars += [replace(grammar, quote=b"") for grammar in (base, *grammars) if not grammar.skip_space]
        return grammars

    def _judge(self, grammar: Grammar) -> _Reading | None:
        rows = self.rows(grammar)
        if not any(row.width > 1 for row in rows):
            return None
        table = find_table(rows)
        fitting = _count_fitting(rows, table)
        below = len(rows) - table.first
        above = sum(not is_comment(row.cells[0]) for row in rows[: table.first])
        remarks = sum(row.width == 1 and is_comment(row.cells[0]) for row in rows[table.first :])
        typed = _share_of_values(rows[table.first + table.headers :], grammar)
        fit = fitting / max(below - remarks + PREAMBLE * above, 1)
        score = fit * (0.6 + 0.4 * typed) * (1 - 0.3 / table.usual) * _weight(rows, table, grammar)
        return _Reading(grammar, rows, table, fit, fitting / max(below - remarks, 1), typed, score)


def _has_gaps(rows: Sequence[Row], delimiter: bytes) -> bool:
    """Return whether adjacent delimiters are more than occasional, as spaces do in a table of fixed widths."""
    if delimiter == b" ":
        return sum(b"" in row.cells for row in rows) * 2 > len(rows)
    cells = [cell for row in rows for cell in row.cells]
    return cells.count(b"") > len(cells) / 2


def _count_fitting(rows: Sequence[Row], table: Table) -> int:
    """Count the rows with as many cells as the table has columns, or as its header; surplus empty ones aside."""
    header = rows[table.first].width
    return sum(_fits(row, table.usual, header) for row in rows[table.first :])


def _fits(row: Row, usual: int, header: int) -> bool:
    if row.problem or row.width == 1:
        return False
    return row.width in (usual, header) or (row.width > usual and not any(row.cells[usual:]))


def _weight(rows: Sequence[Row], table: Table, grammar: Grammar) -> float:
    """The weight of a reading: less if lines are above the table, or its header does not fit."""
    weight = 0.85 if grammar.delimiter in (b" ", b":") else 1.0
    if rows[table.first].width != table.usual:
        weight *= 0.75
    elif any(not is_comment(row.cells[0]) for row in rows[: table.first]):
        weight *= 0.9 if table.headers and table.is_proven else 0.8
    weight *= 0.98 if grammar.skip_space or grammar.escape else 1.0
    return weight * (1.0 if grammar.quote else 0.97)


def _share_of_values(rows: Sequence[Row], grammar: Grammar) -> float:
    """Score the cells that look like values; those that look torn out of something count against."""
    others = DELIMITERS.replace(grammar.delimiter, b"")
    step = max(1, len(rows) // TYPED_ROWS)
    cells = [cell for row in rows[::step] if not row.problem for cell in row.cells[:MAX_WIDTH] if cell][:TYPED_CELLS]
    kinds = [kind(cell) for cell in cells]
    typed = sum(one in TYPED for one in kinds)
    torn = sum(one not in TYPED and is_torn(cell, others) for cell, one in zip(cells, kinds, strict=True))
    return (typed - torn / 2) / max(len(cells), 1)


def _is_table(reading: _Reading) -> bool:
    """Return whether most lines are split alike."""
    if reading.fitting < 2 and len(reading.rows) > 1:
        return False
    return _is_regular(reading) and not _is_one_column_of_values(reading)


def _is_regular(reading: _Reading) -> bool:
    return reading.fit >= MAX_LINES or (reading.below >= NEARLY_ALL and reading.fitting > 2)


def _is_one_column_of_values(reading: _Reading) -> bool:
    """Return whether a delimiter is part of values or sentences below the one word that names them."""
    rows, table = reading.rows, reading.table
    if table.first != 1 or (table.headers and table.is_proven) or rows[1].is_apart or len(rows[0].cells) > 1:
        return False
    delimiter, below = reading.grammar.delimiter, rows[1:]
    lines = [delimiter.join(row.cells) for row in below]
    are_values = sum(kind(line) in TYPED for line in lines) >= NEARLY_ALL * len(lines)
    are_sentences = all(cell.startswith(b" ") and kind(cell) == "text" for row in below for cell in row.cells[1:])
    return b" " not in rows[0].cells[0].strip() and (are_values or are_sentences)


def _has_named_columns(reading: _Reading) -> bool:
    """Return whether rows of a poor table begin with names, and their values are of other types or fit at times."""
    rows, table = reading.rows, reading.table
    header = rows[table.first]
    names = [cell.strip() for cell in header.cells]
    if len(names) < 2 or len(set(names)) < len(names) or not all(_WORD.fullmatch(cell) for cell in header.cells):
        return False
    widest = all(row.width <= len(names) for row in rows)
    holding = sum(row.width > 1 for row in rows)
    below = rows[table.first + 1 :]
    has_keys = sum(kind(row.cells[0]) in TYPED for row in below) >= NEARLY_ALL * len(below) > 0
    return reading.fit >= SOME_LINES or has_keys or (widest and holding >= NEARLY_ALL * len(rows))


def _is_in_all_lines(reading: _Reading) -> bool:
    """Return whether nearly all lines hold the delimiter, the first one too, and it does not stand in sentences."""
    rows = [row for row in reading.rows if not row.problem]
    holding = sum(row.width > 1 for row in rows)
    behind = [cell for row in rows for cell in row.cells[1:]]
    spaced = sum(cell.startswith(b" ") for cell in behind)
    is_first = reading.rows[0].width > 1 and len(rows) > 2
    return is_first and holding >= ALL_BUT_FEW * len(reading.rows) and spaced * 2 < len(behind)


def _refuse_doubtful(readings: Sequence[_Reading]) -> None:
    """Refuse a file that is not one column either: most of its lines have values or quotes between delimiters."""
    for reading in readings:
        rows = reading.rows
        if _is_one_column_of_values(reading):
            return
        broken = [row for row in rows if row.problem]
        if len(broken) * 2 > len(rows):
            raise FileMalformed(
                f"{describe_problem(broken[0])} So are most of the first {len(rows)}.",
                hint=QUOTES_HINT,
            )
        if sum(row.width > 1 for row in rows) >= 0.7 * len(rows) and reading.typed >= 0.5:
            raise DelimiterNotFound(
                "No delimiter splits the lines into the same number of fields.",
                hint="Give `delimiter`; one that is nowhere in the file makes it one column.",
            )


def _unused_delimiter(body: bytes) -> bytes:
    """For a file of one column: a character that its values do not hold, so that none is cut."""
    return next((bytes([code]) for code in b",\t|;\x1f\x1e" if code not in body), b"\x1f")


def _find_quote(body: bytes, delimiter: bytes) -> bytes:
    """The quote that cells are in: double ones, if not only single ones stand around several cells."""
    part = body[:QUOTED_SAMPLE]
    if b"'" not in part or re.search(rb"(?:^|" + re.escape(delimiter) + rb")\"", part, re.MULTILINE):
        return b'"'
    return b"'" if _count_quoted(part, delimiter, b"'") > 2 else b'"'


def _count_quoted(part: bytes, delimiter: bytes, quote: bytes) -> int:
    """Count the quoted cells, as far as they are on one line."""
    delimiter = re.escape(delimiter)
    pattern = rb"(?:^|%b) ?%b[^%b\r\n]*%b(?=%b|[\r\n]|\Z)" % (delimiter, quote, quote, quote, delimiter)
    return len(re.findall(pattern, part, re.MULTILINE))


def _are_quotes_text(body: bytes, reading: _Reading) -> bool:
    """Return whether no cell stands in quotes, and those that begin a cell join lines, or spoil several
    between tabs."""
    grammar, rows = reading.grammar, reading.rows
    joined = sum(row.further_lines for row in rows)
    spoiled = sum(bool(row.problem) for row in rows)
    is_doubtful = joined + spoiled > 1 and (joined or grammar.delimiter == b"\t")
    return bool(is_doubtful and grammar.quote) and not _count_quoted(
        body[:QUOTED_SAMPLE], grammar.delimiter, grammar.quote
    )


def _has_spaces(rows: Sequence[Row]) -> bool:
    """Return whether each delimiter is followed by a space."""
    behind = [cell for row in rows for cell in row.cells[1:] if cell]
    return len(behind) > 1 and all(cell.startswith(b" ") for cell in behind)
