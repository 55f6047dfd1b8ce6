"""Splitting: the same records wherever a block ends."""

import csv
import io
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.formats.csv.split import MAX_CHUNK, MAX_LINES, MAX_TOKENIZED, Chunk, Splitter
from app.imports.formats.csv.tokenizer import LINE_END, Grammar, Malformed, Record, Tokenizer

LINE_ENDS = ["\n", "\r\n", "\r", "\r\r\n"]
FIELDS = st.text(alphabet='ab ,"\n\ré', max_size=6)
SOUP = st.lists(st.sampled_from([b"a", b",", b'"', b"\n", b"\r", b"\\", b" "]), max_size=40).map(b"".join)
GRAMMARS = [
    Grammar(),
    Grammar(keep_blank=True),
    Grammar(lenient_quotes=True),
    Grammar(skip_space=True),
    Grammar(escape=b"\\"),
    Grammar(escape=b"\\", lenient_quotes=True),
    Grammar(quote=b""),
]


@dataclass(frozen=True)
class Found:
    """A record with its places in the file."""

    offset: int
    line: int
    number: int
    content: Record | Malformed


def split(data: bytes, block: int, grammar: Grammar, max_record: int = 1 << 20) -> list[Chunk]:
    splitter = Splitter(grammar, max_record=max_record)
    chunks = [chunk for start in range(0, len(data), block) for chunk in splitter.feed(data[start : start + block])]
    return [*chunks, *splitter.finish()]


def find(chunks: list[Chunk], grammar: Grammar) -> list[Found]:
    """Every record, moved to its place in the file."""
    found: list[Found] = []
    for chunk in chunks:
        records = chunk.records if chunk.records is not None else list(Tokenizer(grammar).read(chunk.data, final=True))
        assert [record.start for record in records] == chunk.starts.tolist()
        lines = chunk.lines(chunk.starts)
        for place, (record, line) in enumerate(zip(records, lines, strict=True)):
            at = chunk.offset + record.start
            if isinstance(record, Record):
                moved: Record | Malformed = Record(at, record.fields, record.quoted)
            else:
                moved = Malformed(at, record.code, record.field, record.text)
            found.append(Found(at, int(line), chunk.record + place, moved))
    return found


def write(rows: list[list[str]], ends: list[str], quote_all: bool) -> str:
    """A well-formed file whose line ends differ."""
    lines = []
    for row, end in zip(rows, ends, strict=True):
        fields = [
            '"' + field.replace('"', '""') + '"' if quote_all or any(mark in field for mark in ',"\r\n') else field
            for field in row
        ]
        lines.append(",".join(fields) + end)
    return "".join(lines)


class TestWellFormed:
    @given(
        st.lists(st.tuples(st.lists(FIELDS, min_size=2, max_size=4), st.sampled_from(LINE_ENDS)), max_size=12),
        st.integers(1, 40),
        st.booleans(),
        st.booleans(),
    )
    def test_gives_the_fields_that_were_written(
        self, written: list[tuple[list[str], str]], block: int, quote_all: bool, final_end: bool
    ) -> None:
        rows = [row for row, _ in written]
        ends = [end for _, end in written]
        if ends and not final_end:
            ends[-1] = ""
        data = write(rows, ends, quote_all).encode()
        found = find(split(data, block, Grammar()), Grammar())
        assert [
            [value.decode() for value in item.content.fields] for item in found if isinstance(item.content, Record)
        ] == rows
        assert [item.number for item in found] == list(range(1, len(rows) + 1))

    @given(st.lists(st.lists(FIELDS, min_size=2, max_size=3), min_size=1, max_size=8), st.integers(1, 30))
    def test_reads_as_pythons_csv_does(self, rows: list[list[str]], block: int) -> None:
        text = write(rows, ["\r\n"] * len(rows), quote_all=False)
        wanted = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        found = find(split(text.encode(), block, Grammar()), Grammar())
        assert [
            [value.decode() for value in item.content.fields] for item in found if isinstance(item.content, Record)
        ] == wanted


class TestAnything:
    @pytest.mark.parametrize("grammar", GRAMMARS)
    @given(SOUP, st.integers(1, 12))
    def test_blocks_of_any_size_give_the_same(self, grammar: Grammar, data: bytes, block: int) -> None:
        wanted = find(split(data, len(data) + 1, grammar), grammar)
        assert find(split(data, block, grammar), grammar) == wanted

    @pytest.mark.parametrize("grammar", GRAMMARS)
    @given(SOUP, st.integers(1, 12))
    def test_is_what_the_tokenizer_reads(self, grammar: Grammar, data: bytes, block: int) -> None:
        wanted = list(Tokenizer(grammar).read(data, final=True))
        assert [item.content for item in find(split(data, block, grammar), grammar)] == wanted

    @given(SOUP, st.integers(1, 12))
    def test_loses_no_byte(self, data: bytes, block: int) -> None:
        chunks = split(data, block, Grammar())
        assert b"".join(chunk.data for chunk in chunks) == data
        offsets = np.cumsum([0, *(len(chunk.data) for chunk in chunks)])
        assert [chunk.offset for chunk in chunks] == offsets[:-1].tolist()

    @given(SOUP, st.integers(1, 12))
    def test_lines_are_physical_lines(self, data: bytes, block: int) -> None:
        for item in find(split(data, block, Grammar()), Grammar()):
            assert item.line == 1 + len(LINE_END.findall(data[: item.offset]))

    @given(SOUP, st.integers(1, 12), st.integers(4, 12))
    def test_a_limit_on_open_quotes_swallows_nothing(self, data: bytes, block: int, limit: int) -> None:
        chunks = split(data, block, Grammar(), max_record=limit)
        assert b"".join(chunk.data for chunk in chunks) == data
        found = find(chunks, Grammar())
        covered = {item.line for item in found}
        lines = LINE_END.split(data)
        broken = [item for item in found if isinstance(item.content, Malformed)]
        assert all(lines[item.line - 1] for item in broken)
        assert not covered or max(covered) <= len(lines)


class TestLongLines:
    @pytest.mark.parametrize("block", [1, 3, 7, 64])
    def test_one_without_an_end_in_sight_is_one_mistake(self, block: int) -> None:
        data = b"1,a\n2," + b"x" * 60 + b",y\r\n3,b\n"
        found = find(split(data, block, Grammar(), max_record=20), Grammar())
        assert [(item.offset, item.line, item.number) for item in found] == [(0, 1, 1), (4, 2, 2), (70, 3, 3)]
        assert [isinstance(item.content, Malformed) for item in found] == [False, True, False]

    def test_a_line_end_over_two_blocks_is_one(self) -> None:
        chunks = split(b'x\n"a"b\r\n1\r\n', 8, Grammar())
        assert [item.line for item in find(chunks, Grammar())] == [1, 2, 3]


class TestMemory:
    @pytest.mark.parametrize("data", [b"x\n", b"1,2\n", b'a"b\n', b'"a"b\n', b"\r", b'"a\n', b",,,,", b'1,"\n'])
    def test_a_chunk_is_never_large(self, data: bytes) -> None:
        size, times = 0, MAX_CHUNK // len(data)
        splitter = Splitter(Grammar(), max_record=MAX_CHUNK)
        for block in (data * times, data * (times // 4)):
            for chunk in splitter.feed(block):
                size += len(chunk.data)
                assert len(chunk.data) <= MAX_CHUNK + len(block)
                assert len(chunk.starts) <= MAX_LINES
                assert len(chunk.line_ends) <= len(chunk.data)
        assert size + sum(len(chunk.data) for chunk in splitter.finish()) == (times + times // 4) * len(data)

    def test_a_long_irregular_rest_is_read_piece_by_piece(self) -> None:
        data = b'1,"open\n' + b"2,a pipe\n" * (2 * MAX_TOKENIZED // 9)
        chunks = split(data, 1 << 16, Grammar(), max_record=2 * MAX_TOKENIZED - (1 << 18))
        assert b"".join(chunk.data for chunk in chunks) == data
        assert max(len(chunk.data) for chunk in chunks) <= 2 * MAX_TOKENIZED + 20
        assert sum(len(chunk.starts) for chunk in chunks) == data.count(b"\n")
