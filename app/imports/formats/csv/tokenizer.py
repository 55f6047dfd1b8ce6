"""Tokenizer: bytes in, records out, field by field, each malformed one with its fault and position.

RFC 4180 is the grammar. Quotes in the middle of an unquoted field are text, unless they enclose a delimiter. An escape
is text too, unless it comes before a character that it can escape. Pure: no I/O.
"""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

NEWLINE, RETURN = 10, 13
END_MARK = b"\x1a"
# Fields of a malformed record of which one is remembered.
STRIDE = 16
LINE_END = re.compile(rb"\r\r\n|\r\n|\n|\r")
# Bytes of a field that is shown to a reader, before it is cut to a number of characters.
MAX_SHOWN = 800
NO_FIELD = -1
# What is wrong with a malformed record, and which option reads it otherwise.
MALFORMED = {
    "text_after_quote": "text after a closing quote; a quote inside a quoted field is written twice, "
    "unless `escape` or `lenient_quotes` says otherwise",
    "quote_inside_field": "a quoted field that begins in the middle of another, as where a delimiter is missing; "
    "give `quote` as empty if quotes are text",
    "record_too_long": "a line that is longer than a record may be",
    "unterminated_quote": "a quoted field that begins on this line is never closed properly; "
    "give `quote` as empty if quotes are text",
}
# The number and position of a missing field.
_NOWHERE = (NO_FIELD, NO_FIELD)


@dataclass(frozen=True)
class Grammar:
    """The grammar of fields and records; every character is one byte of UTF-8."""

    delimiter: bytes = b","
    quote: bytes = b'"'
    escape: bytes = b""
    lenient_quotes: bool = False
    # A space after each delimiter belongs to the delimiter.
    skip_space: bool = False
    # In a file of one column a blank line is a record whose value is null.
    keep_blank: bool = False


@dataclass(slots=True)
class Record:
    """A record that follows the grammar: its fields' bytes, and which of them were quoted or escaped.

    Of a record with more than `max_fields` only the first ones are kept, and the next of the others that is not empty;
    `omitted` counts those that are not.
    """

    start: int
    fields: list[bytes]
    quoted: frozenset[int] = frozenset()
    omitted: int = 0
    end: int = dataclasses.field(default=0, compare=False)

    @property
    def width(self) -> int:
        return len(self.fields) + self.omitted


@dataclass(slots=True)
class Malformed:
    """A record that does not: what is wrong, in which field (from 0; NO_FIELD for none), and that field as far as its
    line goes.
    """

    start: int
    code: str
    field: int
    text: bytes
    end: int = dataclasses.field(default=0, compare=False)


class _Incomplete(Exception):
    """The data ends before the record does."""


class _Broken(Exception):
    """`end` is the end of the data if more of it might have completed the record."""

    def __init__(self, code: str, field: int, start: int, end: int | None = None) -> None:
        self.code = code
        self.field = field
        self.start = start
        self.end = end


@dataclass(frozen=True)
class _Patterns:
    """The patterns of an unquoted field and its escapes, and the content of a quoted one, the quotes that it begins
    with, and its escapes; `marks` has a group for each quote that is neither doubled nor escaped.
    """

    unquoted: re.Pattern[bytes]
    escapes: re.Pattern[bytes] | None
    quoted: re.Pattern[bytes]
    leading_quotes: re.Pattern[bytes]
    quoted_escapes: re.Pattern[bytes] | None
    marks: re.Pattern[bytes]


@cache
def _patterns(grammar: Grammar) -> _Patterns:
    delimiter, quote = re.escape(grammar.delimiter), re.escape(grammar.quote)
    # If quote and escape are one character, a quote is doubled.
    escape = b"" if grammar.escape == grammar.quote else re.escape(grammar.escape)
    # Possessive throughout: what was passed over is never tried again, nor kept in memory to be.
    unquoted = rb"[^" + delimiter + escape + rb"\r\n]++"
    escaped = rb"(?:" + LINE_END.pattern + rb"|[" + delimiter + escape + quote + rb"])"
    unquoted = rb"(?:" + unquoted + (rb"|" + escape + escaped + rb"?+" if escape else rb"") + rb")*+"
    escapes = re.compile(escape + rb"(" + escaped + rb")") if escape else None
    marks = re.compile((escape + rb"[\s\S]|" if escape else b"") + quote * 2 + rb"|(" + quote + rb")")
    if not grammar.quote:
        return _Patterns(re.compile(unquoted), escapes, re.compile(rb""), re.compile(rb""), None, marks)
    doubled = quote + quote
    stray = quote + rb"(?!" + delimiter + rb"|[\r\n]|\Z)" if grammar.lenient_quotes else b""
    inner = [rb"[^" + quote + escape + rb"]++", doubled]
    # At the end of the data it may yet be the escape of what follows.
    inner += [escape + rb"(?:[" + quote + escape + rb"]|(?!\Z))"] if escape else []
    inner += [stray] if stray else []
    run = rb"(?:" + doubled + rb")*+" + (rb"(?:" + stray + rb")?+" if stray else b"")
    return _Patterns(
        re.compile(unquoted),
        escapes,
        re.compile(rb"(?:" + rb"|".join(inner) + rb")*+"),
        re.compile(run),
        re.compile(escape + rb"([" + quote + escape + rb"])|" + quote + rb"(" + quote + rb")") if escape else None,
        marks,
    )


class Tokenizer:
    """Reads records one by one, field by field.

    A record of more than `max_record` bytes whose end is not in the data is malformed.
    """

    def __init__(self, grammar: Grammar, *, max_record: int = 1 << 62, max_fields: int = 1 << 62) -> None:
        self._grammar = grammar
        self._max_record = max_record
        self._max_fields = max_fields
        self._patterns = _patterns(grammar)
        self._refuses_torn = bool(grammar.quote) and not grammar.lenient_quotes
        # The range of the file in which a quoted field was followed without finding its end: a later field that is open
        # at some place of it is so at its end, and no byte is followed for each of them.
        self._open = (0, 0)
        # Positions in the file at which fields of malformed records begin, every STRIDE-th: the faults after them (its
        # places counted from the file's beginning), and the field's number there. A later record that comes to one of
        # them has the same mistake, and its fields are not read again.
        self._mistakes: dict[int, tuple[_Broken, int]] = {}
        self._data, self._begin, self._offset = b"", 0, 0
        self._patience = self._final = False

    def read(self, data: bytes, begin: int = 0, *, final: bool, offset: int = 0) -> Iterator[Record | Malformed]:
        """Tokenize `data` from the byte on that is at `offset` in the file; blank lines are passed over.

        Places of records are counted from there. A malformed record ends with its first line, so that nothing after it
        is swallowed. Unless `final`, the last record is held back while it could go on in data to come, until it is
        longer than a record may be.
        """
        self._data, self._begin, self._offset, self._final = data, begin, offset - begin, final
        self._mistakes = {place: mistake for place, mistake in self._mistakes.items() if place >= offset}
        position = begin
        while position < len(data):
            self._patience = not final and len(data) - position <= self._max_record
            try:
                record, end = self._read_record(position)
            except _Incomplete:
                return
            except _Broken as broken:
                end = _skip_line(data, position)
                if not final and end == len(data) and data.endswith(b"\r"):
                    return
                text = data[broken.start : min(broken.start + MAX_SHOWN, end)].rstrip(b"\r\n")
                yield Malformed(position - begin, broken.code, broken.field, text, end - begin)
            else:
                if record is not None:
                    yield record
            position = end

    def _read_record(self, start: int) -> tuple[Record | None, int]:
        data, grammar, begin = self._data, self._grammar, self._begin
        match = LINE_END.search(data, start)
        end, after = (match.start(), match.end()) if match else (len(data), len(data))
        if not self._final and (self._patience if match is None else may_go_on(data, match)):
            raise _Incomplete
        if not self._final and match is None:
            raise _Broken("record_too_long", NO_FIELD, start)
        line = data[start:end]
        if not line:
            return (Record(start - begin, [b""], end=after - begin) if grammar.keep_blank else None), after
        has_quote = grammar.quote and grammar.quote in line and _may_open_quotes(line, grammar)
        has_escape = grammar.escape and grammar.escape in line
        if has_quote or has_escape:
            return self._read_fields(start)
        # As a rule there are fewer bytes than fields may be.
        fields, omitted = (line.split(grammar.delimiter), 0) if len(line) < self._max_fields else self._split(line)
        if self._refuses_torn and grammar.quote in line:
            self._refuse_torn_quotes(fields, start)
        if grammar.skip_space:
            fields = [value.lstrip(b" ") for value in fields]
        return Record(start - begin, fields, omitted=omitted, end=after - begin), after

    def _split(self, line: bytes) -> tuple[list[bytes], int]:
        """The fields of a line without quotes and escapes, and how many of them are left out."""
        delimiter = self._grammar.delimiter
        width = line.count(delimiter) + 1
        if width <= self._max_fields:
            return line.split(delimiter), 0
        fields = line.split(delimiter, self._max_fields)
        # The text after them begins with its first field that is not empty.
        surplus = fields.pop().lstrip(delimiter + b" " if self._grammar.skip_space else delimiter)
        fields += [surplus[:MAX_SHOWN].partition(delimiter)[0]] if surplus else []
        return fields, width - len(fields)

    def _refuse_torn_quotes(self, fields: list[bytes], start: int) -> None:
        """Raise if a quote in the middle of one of the fields, the first of which begins at `start`, ends another."""
        opened = _NOWHERE
        position = start
        for place, value in enumerate(fields):
            opened = self._follow_marks(value, position, place, opened)
            position += len(value) + 1

    def _follow_marks(self, value: bytes, position: int, place: int, opened: tuple[int, int]) -> tuple[int, int]:
        """The field, and its beginning, with a quote in its middle that is open after an unquoted field."""
        if not self._refuses_torn or self._grammar.quote not in value:
            return opened
        marks = [match.start() for match in self._patterns.marks.finditer(value) if match[1]]
        if opened != _NOWHERE and marks == [len(value) - 1] and len(value) > 1:
            raise _Broken("quote_inside_field", opened[0], opened[1])
        is_open = len(marks) % 2 and 0 < marks[-1] < len(value) - 1
        return (place, position) if is_open else _NOWHERE

    def _read_fields(self, start: int) -> tuple[Record, int]:
        """The record that begins at `start`, some of whose fields are quoted or have escapes."""
        data, grammar = self._data, self._grammar
        fields: list[bytes] = []
        quoted: set[int] = set()
        position, omitted = start, 0
        passed: list[tuple[int, int]] = []
        opened = _NOWHERE
        while True:
            while grammar.skip_space and data.startswith(b" ", position):
                position += 1
            place = len(fields) + omitted
            if opened == _NOWHERE and self._mistakes:
                self._refuse_known_mistake(position, place)
            if opened == _NOWHERE and place % STRIDE == STRIDE - 1:
                passed.append((self._offset + position, place))
            is_quoted = grammar.quote and data.startswith(grammar.quote, position)
            try:
                if is_quoted:
                    value, position = self._read_quoted(position, place)
                    is_literal, opened = True, _NOWHERE
                else:
                    value, is_literal, after = self._read_unquoted(position)
                    opened = self._follow_marks(data[position:after], position, place, opened)
                    position = after
            except _Broken as broken:
                self._remember(broken, passed)
                raise
            if place < self._max_fields or (value and len(fields) == self._max_fields):
                if is_literal:
                    quoted.add(len(fields))
                fields.append(value)
            else:
                omitted += 1
            if not data.startswith(grammar.delimiter, position):
                end = self._end_of_record(position)
                return Record(start - self._begin, fields, frozenset(quoted), omitted, end - self._begin), end
            position += 1

    def _remember(self, broken: _Broken, passed: list[tuple[int, int]]) -> None:
        """Keep what is wrong for later records that come to one of the places that were passed before it."""
        end = None if broken.end is None else self._offset + broken.end
        mistake = _Broken(broken.code, broken.field, self._offset + broken.start, end)
        self._mistakes |= {at: (mistake, number) for at, number in passed}

    def _refuse_known_mistake(self, position: int, place: int) -> None:
        """Raise the error of an earlier record with a field at this position, if this one ends there too."""
        found = self._mistakes.get(self._offset + position)
        if found is None:
            return
        mistake, number = found
        if mistake.end is not None:
            if mistake.end != self._offset + len(self._data):
                return
            if self._patience:
                raise _Incomplete
        raise _Broken(mistake.code, mistake.field - number + place, mistake.start - self._offset)

    def _read_unquoted(self, position: int) -> tuple[bytes, bool, int]:
        """The field that begins at a position, whether anything in it is escaped, and its end."""
        match = self._patterns.unquoted.match(self._data, position)
        assert match is not None
        if self._patience and match.end() == len(self._data):
            raise _Incomplete
        value, escapes = match.group(), self._patterns.escapes
        if escapes is None:
            return value, False, match.end()
        plain, count = escapes.subn(rb"\1", value)
        return plain, count > 0, match.end()

    def _read_quoted(self, opening: int, field: int) -> tuple[bytes, int]:
        """The field whose first quote is at `opening`, and its end."""
        data, quote = self._data, self._grammar.quote
        place = self._follow(opening + 1)
        if not data.startswith(quote, place):
            begin, first, last = self._offset + opening + 1, *self._open
            self._open = (first if first <= begin <= last else begin, self._offset + place)
            raise _Incomplete if self._patience else _Broken("unterminated_quote", field, opening, len(data))
        if not self._ends_field(place + 1):
            # A quote that stands wrong on another line more likely opens a field there than closes this one.
            spans = LINE_END.search(data, opening, place) is not None
            raise _Broken("unterminated_quote" if spans else "text_after_quote", field, opening)
        value, escapes = data[opening + 1 : place], self._patterns.quoted_escapes
        value = escapes.sub(rb"\1\2", value) if escapes else value.replace(quote + quote, quote)
        return value, place + 1

    def _follow(self, position: int) -> int:
        """The end of a quoted field whose content begins at a position: a quote, or the end of the data."""
        first, last = self._open[0] - self._offset, self._open[1] - self._offset
        if first <= position < last:
            position = _end_of_match(self._patterns.leading_quotes, self._data, position)
            if self._data.startswith(self._grammar.quote, position):
                return position
            position = max(position, last)
        return _end_of_match(self._patterns.quoted, self._data, position)

    def _ends_field(self, position: int) -> bool:
        if position >= len(self._data):
            if self._patience:
                raise _Incomplete
            return True
        return self._data[position] in (NEWLINE, RETURN) or self._data.startswith(self._grammar.delimiter, position)

    def _end_of_record(self, position: int) -> int:
        match = LINE_END.match(self._data, position)
        if match is None:
            if self._patience:
                raise _Incomplete
            return position
        if not self._final and may_go_on(self._data, match):
            raise _Incomplete
        return match.end()


def _end_of_match(pattern: re.Pattern[bytes], data: bytes, position: int) -> int:
    match = pattern.match(data, position)
    assert match is not None, "the pattern matches nothing at all, too"
    return match.end()


def _may_open_quotes(line: bytes, grammar: Grammar) -> bool:
    """Return whether a field of the line may begin with a quote; one anywhere else is text."""
    return line.startswith(grammar.quote) or grammar.skip_space or grammar.delimiter + grammar.quote in line


def without_end_mark(data: bytes) -> bytes:
    """The end of a file without the Ctrl-Z that ends a text of DOS."""
    return data.rstrip(END_MARK) if data.endswith(END_MARK) else data


def may_go_on(data: bytes, line_end: re.Match[bytes]) -> bool:
    """Return whether the next block may turn these returns at the end of the data into one line end with a newline."""
    return len(data) - line_end.end() <= 1 and data.endswith(b"\r") and line_end.group() == b"\r"


def _skip_line(data: bytes, position: int) -> int:
    match = LINE_END.search(data, position)
    return match.end() if match else len(data)
