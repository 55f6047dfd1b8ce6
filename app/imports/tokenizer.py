"""Tokenizer: bytes in, records out, field by field, each that does not follow the grammar with what is wrong where.

RFC 4180 is the grammar; quotes in the middle of an unquoted field are text. Pure: no I/O.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

NEWLINE, RETURN = 10, 13
LINE_END = re.compile(rb"\r\r\n|\r\n|\n|\r")
# Bytes of a field that is shown to a reader, before it is cut to a number of characters.
MAX_SHOWN = 800
NO_FIELD = -1


@dataclass(frozen=True)
class Grammar:
    """How fields and records are written; every character is one byte of UTF-8."""

    delimiter: bytes = b","
    quote: bytes = b'"'
    escape: bytes = b""
    lenient_quotes: bool = False
    # A space behind each delimiter belongs to the delimiter.
    skip_space: bool = False
    # In a file of one column a blank line is a record whose value is null.
    keep_blank: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A record that follows the grammar: its fields' bytes, and which of them were quoted."""

    start: int
    fields: list[bytes]
    quoted: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record that does not: what is wrong, in which field (from 0; NO_FIELD for none), and that field as far as its
    line goes.
    """

    start: int
    code: str
    field: int
    text: bytes


class _Incomplete(Exception):
    """The data ends before the record does."""


class _Broken(Exception):
    def __init__(self, code: str, field: int, start: int) -> None:
        self.code = code
        self.field = field
        self.start = start


def read_records(
    data: bytes, grammar: Grammar, *, final: bool, max_record: int = 1 << 62
) -> Iterator[Record | Malformed]:
    """Tokenize `data` from its first byte, record by record; blank lines are passed over.

    A malformed record ends with its first line, so that nothing behind it is swallowed. Unless `final`, the last record
    is held back while it could go on in data to come, until it is longer than `max_record` bytes.
    """
    position = 0
    while position < len(data):
        patience = not final and len(data) - position <= max_record
        try:
            record, end = _read_record(data, position, grammar, patience, final)
        except _Incomplete:
            return
        except _Broken as broken:
            end = _skip_line(data, position)
            if not final and end == len(data) and data.endswith(b"\r"):
                return
            text = data[broken.start : min(broken.start + MAX_SHOWN, end)].rstrip(b"\r\n")
            yield Malformed(position, broken.code, broken.field, text)
        else:
            if record is not None:
                yield record
        position = end


def end_of_record(data: bytes, record: Record | Malformed, grammar: Grammar) -> int:
    """Where a record ends that `read_records` found in `data`."""
    if isinstance(record, Malformed):
        return _skip_line(data, record.start)
    return _read_record(data, record.start, grammar, patience=False, final=True)[1]


def _read_record(data: bytes, start: int, grammar: Grammar, patience: bool, final: bool) -> tuple[Record | None, int]:
    match = LINE_END.search(data, start)
    end, after = (match.start(), match.end()) if match else (len(data), len(data))
    if not final and (patience if match is None else may_go_on(data, match)):
        raise _Incomplete
    if not final and match is None:
        raise _Broken("record_too_long", NO_FIELD, start)
    line = data[start:end]
    if not line:
        return (Record(start, [b""]) if grammar.keep_blank else None), after
    has_quote = grammar.quote and grammar.quote in line and _may_open_quotes(line, grammar)
    has_escape = grammar.escape and grammar.escape in line
    if not has_quote and not has_escape:
        fields = line.split(grammar.delimiter)
        return Record(start, [value.lstrip(b" ") for value in fields] if grammar.skip_space else fields), after
    return _Tokenizer(data, grammar, patience, final).read(start)


def _may_open_quotes(line: bytes, grammar: Grammar) -> bool:
    """Whether a field of the line may begin with a quote; one anywhere else is text."""
    return line.startswith(grammar.quote) or grammar.skip_space or grammar.delimiter + grammar.quote in line


@cache
def _patterns(grammar: Grammar) -> tuple[re.Pattern[bytes], re.Pattern[bytes] | None]:
    """What matches an unquoted field, and what its escapes."""
    delimiter, escape = re.escape(grammar.delimiter), re.escape(grammar.escape)
    plain = rb"[^" + delimiter + escape + rb"\r\n]"
    unquoted = re.compile(rb"(?:" + plain + (rb"|" + escape + rb"(?:[\s\S]|\Z)" if escape else rb"") + rb")*")
    return unquoted, re.compile(escape + rb"([\s\S])") if escape else None


class _Tokenizer:
    """Reads one record whose fields may be quoted or escaped."""

    def __init__(self, data: bytes, grammar: Grammar, patience: bool, final: bool) -> None:
        self._data = data
        self._grammar = grammar
        self._patience = patience
        self._final = final
        self._unquoted, self._unescape = _patterns(grammar)

    def read(self, start: int) -> tuple[Record, int]:
        data, grammar = self._data, self._grammar
        fields: list[bytes] = []
        quoted: set[int] = set()
        position = start
        while True:
            while grammar.skip_space and data.startswith(b" ", position):
                position += 1
            if grammar.quote and data.startswith(grammar.quote, position):
                quoted.add(len(fields))
                value, position = self._read_quoted(position + 1, len(fields))
            else:
                match = self._unquoted.match(data, position)
                assert match is not None
                value, position = self._unescaped(match.group()), match.end()
            fields.append(value)
            if not data.startswith(grammar.delimiter, position):
                return Record(start, fields, frozenset(quoted)), self._end_of_record(position)
            position += 1

    def _read_quoted(self, position: int, field: int) -> tuple[bytes, int]:
        """The field whose opening quote stands before `position`, and where it ends."""
        data, grammar = self._data, self._grammar
        opening, parts = position - 1, []
        while True:
            place = data.find(grammar.quote, position)
            escaped = data.find(grammar.escape, position, place if place >= 0 else len(data)) if grammar.escape else -1
            if escaped >= 0 and escaped + 1 < len(data):
                parts.append(data[position:escaped] + data[escaped + 1 : escaped + 2])
                position = escaped + 2
            elif place < 0:
                raise _Incomplete if self._patience else _Broken("unterminated_quote", field, opening)
            elif data.startswith(grammar.quote, place + 1):
                parts.append(data[position : place + 1])
                position = place + 2
            elif self._ends_field(place + 1):
                parts.append(data[position:place])
                return b"".join(parts), place + 1
            elif grammar.lenient_quotes:
                parts.append(data[position : place + 1])
                position = place + 1
            else:
                # A quote that stands wrong on another line more likely opens a field there than closes this one.
                spans = LINE_END.search(data, opening, place) is not None
                raise _Broken("unterminated_quote" if spans else "text_after_quote", field, opening)

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

    def _unescaped(self, value: bytes) -> bytes:
        return self._unescape.sub(rb"\1", value) if self._unescape else value


def may_go_on(data: bytes, line_end: re.Match[bytes]) -> bool:
    """Whether the next block may turn these returns at the end of the data into one line end with a newline."""
    return len(data) - line_end.end() <= 1 and data.endswith(b"\r") and line_end.group() == b"\r"


def _skip_line(data: bytes, position: int) -> int:
    match = LINE_END.search(data, position)
    return match.end() if match else len(data)
