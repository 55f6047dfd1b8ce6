"""Split: bytes of any length in, chunks of whole records out, wherever a block ends.

Two ways lead to the same records. A chunk whose quotes all stand where they belong (an opening one where a field
begins, a closing one where it ends) is cut by the parity of its quotes: whole arrays at a time. Any other chunk goes
through `read_records`, a tokenizer that follows every field and knows what is wrong where. RFC 4180 is the grammar;
quotes in the middle of an unquoted field are text.

Pure: no I/O.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]

NEWLINE, RETURN = 10, 13
LINE_END = re.compile(rb"\r\r\n|\r\n|\n|\r")
# Bytes of a field that is shown to a reader, before it is cut to a number of characters.
MAX_SHOWN = 800
NO_FIELD = -1
# Bytes that the tokenizer reads at once.
MAX_TOKENIZED = 2 * 1024 * 1024


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


@dataclass
class Chunk:
    """Whole records: `data` begins with one and ends with one.

    `offset` is the first byte's place in the decoded file, `line` its physical line and `record` the number of the
    first record, both from 1. `quotes` holds the places of the quotes where they are regular; otherwise `records` holds
    what the tokenizer found.
    """

    data: bytes
    offset: int
    line: int
    record: int
    quotes: Positions
    records: list[Record | Malformed] | None
    keep_blank: bool

    @cached_property
    def is_utf8(self) -> bool:
        """Whether all of `data` is UTF-8."""
        if self.data.isascii():
            return True
        try:
            self.data.decode()
        except UnicodeDecodeError:
            return False
        return True

    @cached_property
    def starts(self) -> Positions:
        """Where in `data` each record begins; blank lines are left out."""
        if self.records is not None:
            return np.fromiter((record.start for record in self.records), np.int64, len(self.records))
        return _record_starts(self.data, self.line_ends, self.quotes, self.keep_blank)

    @cached_property
    def line_ends(self) -> Positions:
        """Where in `data` each physical line ends."""
        return _line_ends(self.data)

    def lines(self, starts: Positions) -> Positions:
        """The physical lines of some places in `data`."""
        return self.line + np.searchsorted(self.line_ends, starts, side="left")


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


def _read_record(data: bytes, start: int, grammar: Grammar, patience: bool, final: bool) -> tuple[Record | None, int]:
    match = LINE_END.search(data, start)
    end, after = (match.start(), match.end()) if match else (len(data), len(data))
    if not final and (patience if match is None else _may_go_on(data, match)):
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
        if not self._final and _may_go_on(self._data, match):
            raise _Incomplete
        return match.end()

    def _unescaped(self, value: bytes) -> bytes:
        return self._unescape.sub(rb"\1", value) if self._unescape else value


def _may_go_on(data: bytes, line_end: re.Match[bytes]) -> bool:
    """Whether the next block may turn these returns at the end of the data into one line end with a newline."""
    return len(data) - line_end.end() <= 1 and data.endswith(b"\r") and line_end.group() == b"\r"


def _skip_line(data: bytes, position: int) -> int:
    match = LINE_END.search(data, position)
    return match.end() if match else len(data)


class Splitter:
    """Cuts a stream of blocks into chunks of whole records.

    for block in blocks:
        for chunk in splitter.feed(block): ...
    for chunk in splitter.finish(): ...

    A record of more than `max_record` bytes whose end has not been seen counts as one whose quote is never closed; when
    not even its line ends, it is malformed, and so is the rest of the line.
    """

    def __init__(self, grammar: Grammar, *, max_record: int, offset: int = 0, line: int = 1) -> None:
        self._grammar = grammar
        self._max_record = max_record
        self._rest = b""
        self._offset = offset
        self._line = line
        self._record = 1
        self._skips_line = False

    def feed(self, block: bytes) -> Iterator[Chunk]:
        """The chunks that `block` completes."""
        self._rest += block
        yield from self._cut(final=False)

    def finish(self) -> Iterator[Chunk]:
        """What is left when the file has ended, with or without a final newline."""
        yield from self._cut(final=True)

    def _cut(self, *, final: bool) -> Iterator[Chunk]:
        while self._rest:
            chunk = self._next_chunk(self._rest, final=final)
            if chunk is None:
                return
            yield chunk

    def _next_chunk(self, data: bytes, *, final: bool) -> Chunk | None:
        if self._skips_line:
            return self._skip_line(data, final=final)
        quotes = _places(data, self._grammar.quote)
        end = len(data) if final and len(quotes) % 2 == 0 else _last_record_end(data, quotes)
        quotes = quotes[: np.searchsorted(quotes, end)]
        if end and self._is_regular(data, quotes, end):
            return self._emit(data[:end], quotes, None)
        if end or final or len(data) > self._max_record:
            return self._tokenize(data, final=final)
        return None

    def _skip_line(self, data: bytes, *, final: bool) -> Chunk | None:
        """The rest of a line whose beginning was too long to be a record."""
        match = LINE_END.search(data)
        if match is not None and not final and _may_go_on(data, match):
            return None
        self._skips_line = match is None
        return self._emit(data if match is None else data[: match.end()], np.empty(0, np.int64), [])

    def _is_regular(self, data: bytes, quotes: Positions, end: int) -> bool:
        escape = self._grammar.escape
        if escape and data.find(escape, 0, end) >= 0:
            return False
        return len(quotes) == 0 or _quotes_are_regular(data, quotes, end, self._grammar.delimiter)

    def _tokenize(self, data: bytes, *, final: bool) -> Chunk | None:
        found = read_records(data, self._grammar, final=final, max_record=self._max_record)
        # The rest may be long where a quote was followed in vain; its records need not be held all at once.
        records: list[Record | Malformed] = []
        while (not records or records[-1].start < MAX_TOKENIZED) and (record := next(found, None)) is not None:
            records.append(record)
        if not records and not final:
            return None
        is_all = final and (not records or records[-1].start < MAX_TOKENIZED)
        end = len(data) if is_all else self._end_of_last(data, records[-1])
        last = records[-1] if records else None
        self._skips_line = isinstance(last, Malformed) and last.code == "record_too_long"
        return self._emit(data[:end], np.empty(0, np.int64), records)

    def _end_of_last(self, data: bytes, last: Record | Malformed) -> int:
        if isinstance(last, Malformed):
            return _skip_line(data, last.start)
        return _read_record(data, last.start, self._grammar, patience=False, final=True)[1]

    def _emit(self, data: bytes, quotes: Positions, records: list[Record | Malformed] | None) -> Chunk:
        chunk = Chunk(data, self._offset, self._line, self._record, quotes, records, self._grammar.keep_blank)
        self._rest = self._rest[len(data) :]
        self._offset += len(data)
        self._line += len(chunk.line_ends)
        self._record += len(chunk.starts)
        return chunk


def _places(data: bytes, character: bytes) -> Positions:
    if not character or character not in data:
        return np.empty(0, np.int64)
    return np.flatnonzero(np.frombuffer(data, np.uint8) == character[0])


def _last_record_end(data: bytes, quotes: Positions) -> int:
    """Where the last whole record ends, by the parity of the quotes; 0 when there is none.

    Returns at the end of the data are left for the next block: a newline may follow.
    """
    limit = len(data.rstrip(b"\r"))
    end = max(data.rfind(b"\n", 0, limit), data.rfind(b"\r", 0, limit)) + 1
    if end == 0 or np.searchsorted(quotes, end) % 2 == 0:
        return end
    array = np.frombuffer(data, np.uint8, limit)
    ends = np.flatnonzero((array == NEWLINE) | (array == RETURN)) + 1
    outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
    return int(outside[-1]) if len(outside) else 0


def _quotes_are_regular(data: bytes, quotes: Positions, end: int, delimiter: bytes) -> bool:
    """Whether each quote is at its field's border or half of a doubled one: then parity tells inside from outside."""
    if len(quotes) % 2:
        return False
    array = np.frombuffer(data, np.uint8, end)
    quote = array[quotes[0]]
    opening, closing = quotes[0::2], quotes[1::2]
    before = array[np.maximum(opening - 1, 0)]
    after = array[np.minimum(closing + 1, end - 1)]
    opens = (opening == 0) | _is_border(before, delimiter)
    doubled = np.zeros(len(opening), np.bool_)
    doubled[1:] = opening[1:] == closing[:-1] + 1
    closes = (closing == end - 1) | _is_border(after, delimiter) | (after == quote)
    return bool(np.all(opens | doubled) and np.all(closes))


def _is_border(characters: npt.NDArray[np.uint8], delimiter: bytes) -> npt.NDArray[np.bool_]:
    return np.isin(characters, np.frombuffer(delimiter + b"\r\n", np.uint8))


def _line_ends(data: bytes) -> Positions:
    """Where each physical line ends: its last byte; a return, a newline, both, or two returns and a newline."""
    array = np.frombuffer(data, np.uint8)
    if b"\r" not in data:
        return np.flatnonzero(array == NEWLINE)
    newline, back = array == NEWLINE, array == RETURN
    lone = back.copy()
    lone[:-1] &= ~newline[1:]
    lone[:-2] &= ~(back[1:-1] & newline[2:])
    return np.flatnonzero(newline | lone)


def _record_starts(data: bytes, line_ends: Positions, quotes: Positions, keep_blank: bool) -> Positions:
    ends = line_ends
    if len(quotes):
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    starts = np.concatenate((np.zeros(1, np.int64), ends + 1))
    if starts[-1] == len(data):
        starts = starts[:-1]
    if keep_blank:
        return starts
    array = np.frombuffer(data, np.uint8)
    blank = (array[starts] == NEWLINE) | (array[starts] == RETURN)
    return np.asarray(starts[~blank])
