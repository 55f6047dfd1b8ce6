"""Split: bytes of any length in, chunks of whole records out, wherever a block ends.

Two ways lead to the same records. A chunk whose quotes all stand where they belong (an opening one where a field
begins, a closing one where it ends) is cut by the parity of its quotes: whole arrays at a time. Any other chunk goes
through the tokenizer, which follows every field and knows what is wrong where.

Pure: no I/O.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from app.imports.tokenizer import (
    LINE_END,
    NEWLINE,
    RETURN,
    Grammar,
    Malformed,
    Record,
    end_of_record,
    may_go_on,
    read_records,
)

Positions = npt.NDArray[np.int64]

# Bytes that the tokenizer reads at once.
MAX_TOKENIZED = 2 * 1024 * 1024


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
        if match is not None and not final and may_go_on(data, match):
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
        end = len(data) if is_all else end_of_record(data, records[-1], self._grammar)
        last = records[-1] if records else None
        self._skips_line = isinstance(last, Malformed) and last.code == "record_too_long"
        return self._emit(data[:end], np.empty(0, np.int64), records)

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
