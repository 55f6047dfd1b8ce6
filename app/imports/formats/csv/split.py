"""Split: bytes of any length in, chunks of whole records out, independent of blocks.

Two ways lead to the same records. A chunk whose quotes are all regular (an opening one at the beginning of a field, a
closing one at its end) is cut by the parity of its quotes: whole arrays at a time. Any other chunk goes through the
tokenizer, which follows every field and knows each fault and its position.

Pure: no I/O.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from app.imports.formats.csv.tokenizer import (
    LINE_END,
    NEWLINE,
    RETURN,
    Grammar,
    Malformed,
    Record,
    Tokenizer,
    may_go_on,
    without_end_mark,
)
from app.imports.formats.table import Positions

# A chunk ends once it has so many bytes, lines or cells, for any records: its results take memory by each of them. Only
# one record that is longer makes a longer chunk.
MAX_CHUNK = 1280 * 1024
MAX_LINES = 32 * 1024
MAX_CELLS = 256 * 1024
# The tokenizer makes objects of what it reads: fewer at once.
MAX_TOKENIZED = 1024 * 1024
MAX_RECORDS = 16 * 1024
# More than a dataset may have columns: the fields after them are only counted.
MAX_FIELDS = 2000


@dataclass
class Chunk:
    """Whole records: `data` begins with one and ends with one.

    `offset` is the first byte's place in the decoded file, `line` its physical line and `record` the number of the
    first record, both from 1. `quotes` holds the positions of the quotes if they are regular; otherwise `records` holds
    the tokenizer's records.
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
        """Return whether all of `data` is UTF-8."""
        return is_utf8(self.data)

    @cached_property
    def starts(self) -> Positions:
        """The beginning of each record in `data`; blank lines are left out."""
        if self.records is not None:
            return np.fromiter((record.start for record in self.records), np.int64, len(self.records))
        return _record_starts(self.data, self.line_ends, self.quotes, self.keep_blank)

    @cached_property
    def line_ends(self) -> Positions:
        """The end of each physical line in `data`, up to the beginning of its last record: that one may be long."""
        if self.records is None:
            return _line_ends(self.data)
        return _line_ends(self.data[: self.records[-1].start] if self.records else b"")

    @property
    def record_ends(self) -> Positions:
        """The end of each line in regular `data` that is not inside quotes."""
        return _outside(self.line_ends, self.quotes)

    def lines(self, starts: Positions) -> Positions:
        """The physical lines of some positions in `data`, at which records begin."""
        return self.line + np.searchsorted(self.line_ends, starts, side="left")


def is_utf8(data: bytes) -> bool:
    """Return whether all of `data` is UTF-8; a part at a time, as four bytes may be taken for each character."""
    if data.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), MAX_CHUNK):
            decoder.decode(data[start : start + MAX_CHUNK], final=start + MAX_CHUNK >= len(data))
    except UnicodeDecodeError:
        return False
    return True


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
        self._tokenizer = Tokenizer(grammar, max_record=max_record, max_fields=MAX_FIELDS)
        # What has been cut already stands before `_start`; what follows these bytes waits in `_blocks`.
        self._data, self._start = b"", 0
        self._blocks: list[bytes] = []
        self._size = 0
        # So many bytes have been read in vain: they do not hold all of their first record.
        self._tried = 0
        self._offset = offset
        self._line = line
        self._record = 1
        self._skips_line = False

    def feed(self, block: bytes) -> Iterator[Chunk]:
        """The chunks that `block` completes."""
        self._blocks.append(block)
        self._size += len(block)
        # A long record is looked at again once there is twice as much of it, not with each block.
        if self._size >= 2 * self._tried or self._size > self._max_record:
            yield from self._cut(final=False)

    def finish(self) -> Iterator[Chunk]:
        """The remaining records when the file has ended, with or without a final newline."""
        yield from self._cut(final=True)

    def _cut(self, *, final: bool) -> Iterator[Chunk]:
        self._data, self._start = b"".join((self._data[self._start :], *self._blocks)), 0
        self._blocks.clear()
        if final:
            self._data = without_end_mark(self._data)
            self._size = len(self._data)
        while self._size and (chunk := self._next_chunk(final=final)) is not None:
            self._tried = 0
            yield chunk
        self._tried = self._size

    def _next_chunk(self, *, final: bool) -> Chunk | None:
        if self._skips_line:
            return self._skip_line(final=final)
        stop = _end_of_window(self._data, self._start, self._grammar.delimiter)
        window = self._data[self._start : stop]
        return self._cut_by_quotes(window, is_last=final and stop == len(self._data)) or self._tokenize(final=final)

    def _cut_by_quotes(self, window: bytes, *, is_last: bool) -> Chunk | None:
        """The whole records of a part of the data, if its quotes are regular."""
        quotes = _places(window, self._grammar.quote)
        end = len(window) if is_last and len(quotes) % 2 == 0 else _last_record_end(window, quotes)
        quotes = quotes[: np.searchsorted(quotes, end)]
        if end and self._is_regular(window, quotes, end):
            return self._emit(end, quotes, None)
        return None

    def _skip_line(self, *, final: bool) -> Chunk | None:
        """The rest of a line whose beginning was too long to be a record."""
        match = LINE_END.search(self._data, self._start)
        if match is not None and not final and may_go_on(self._data, match):
            return None
        self._skips_line = match is None
        return self._emit(self._size if match is None else match.end() - self._start, np.empty(0, np.int64), [])

    def _is_regular(self, data: bytes, quotes: Positions, end: int) -> bool:
        escape = self._grammar.escape
        if escape and data.find(escape, 0, end) >= 0:
            return False
        if len(quotes) == 0:
            return True
        # Arrow does not tell a space that belongs to the delimiter from one that is quoted.
        return not self._grammar.skip_space and _quotes_are_regular(data, quotes, end, self._grammar.delimiter)

    def _tokenize(self, *, final: bool) -> Chunk | None:
        records: list[Record | Malformed] = []
        is_all, cells = True, 0
        for record in self._tokenizer.read(self._data, self._start, final=final, offset=self._offset):
            records.append(record)
            cells += len(record.fields) if isinstance(record, Record) else 1
            if record.end >= MAX_TOKENIZED or len(records) == MAX_RECORDS or cells >= MAX_CELLS:
                is_all = False
                break
        if not records and not final:
            return None
        last = records[-1] if records else None
        self._skips_line = isinstance(last, Malformed) and last.code == "record_too_long"
        length = self._size if last is None or (final and is_all) else last.end
        return self._emit(length, np.empty(0, np.int64), records)

    def _emit(self, length: int, quotes: Positions, records: list[Record | Malformed] | None) -> Chunk:
        data = self._data[self._start : self._start + length]
        chunk = Chunk(data, self._offset, self._line, self._record, quotes, records, self._grammar.keep_blank)
        self._start += length
        self._size -= length
        self._offset += length
        self._line += len(chunk.line_ends) if records is None else _count_line_ends(data)
        self._record += len(chunk.starts)
        return chunk


def _end_of_window(data: bytes, start: int, delimiter: bytes) -> int:
    """The end of the part of the data to look at first: it has few enough bytes, lines and cells for a chunk."""
    stop = min(start + MAX_CHUNK, len(data))
    while True:
        # Faster than counting bytes, if many of them are alike.
        window = np.frombuffer(data, np.uint8, stop - start, start)
        returns, newlines, delimiters = (np.count_nonzero(window == code) for code in (RETURN, NEWLINE, delimiter[0]))
        lines = max(returns, newlines)
        cells = lines + delimiters
        excess = max(lines / MAX_LINES, cells / MAX_CELLS)
        if excess <= 1:
            return stop
        stop = start + int((stop - start) / excess)


def _places(data: bytes, character: bytes) -> Positions:
    if not character or character not in data:
        return np.empty(0, np.int64)
    return np.flatnonzero(np.frombuffer(data, np.uint8) == character[0])


def _last_record_end(data: bytes, quotes: Positions) -> int:
    """The end of the last whole record, by the parity of the quotes; 0 without one.

    Up to two returns at the end of the data are left for the next block: a newline may follow.
    """
    limit = len(data) - (2 if data.endswith(b"\r\r") else 1 if data.endswith(b"\r") else 0)
    end = max(data.rfind(b"\n", 0, limit), data.rfind(b"\r", 0, limit)) + 1
    if end == 0 or np.searchsorted(quotes, end) % 2 == 0:
        return end
    outside = _outside(_line_ends(data[:limit]), quotes)
    return int(outside[-1]) + 1 if len(outside) else 0


def _outside(line_ends: Positions, quotes: Positions) -> Positions:
    """The ends of lines that are not inside quotes: those of records."""
    return line_ends[np.searchsorted(quotes, line_ends) % 2 == 0] if len(quotes) else line_ends


def _count_line_ends(data: bytes) -> int:
    """Count the line ends in data that does not begin or end inside one; see `_line_ends`."""
    newlines = data.count(b"\n")
    if b"\r" not in data:
        return newlines
    return newlines + data.count(b"\r") - data.count(b"\r\n") - data.count(b"\r\r\n")


def _quotes_are_regular(data: bytes, quotes: Positions, end: int, delimiter: bytes) -> bool:
    """Return whether each quote is at its field's border or half of a doubled one: then parity tells inside from
    outside."""
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
    """The end of each physical line, its last byte: a return, a newline, both, or two returns and a newline."""
    array = np.frombuffer(data, np.uint8)
    if b"\r" not in data:
        return np.flatnonzero(array == NEWLINE)
    newline, back = array == NEWLINE, array == RETURN
    lone = back.copy()
    lone[:-1] &= ~newline[1:]
    lone[:-2] &= ~(back[1:-1] & newline[2:])
    return np.flatnonzero(newline | lone)


def _record_starts(data: bytes, line_ends: Positions, quotes: Positions, keep_blank: bool) -> Positions:
    starts = np.concatenate((np.zeros(1, np.int64), _outside(line_ends, quotes) + 1))
    if starts[-1] == len(data):
        starts = starts[:-1]
    if keep_blank:
        return starts
    array = np.frombuffer(data, np.uint8)
    blank = (array[starts] == NEWLINE) | (array[starts] == RETURN)
    return np.asarray(starts[~blank])
