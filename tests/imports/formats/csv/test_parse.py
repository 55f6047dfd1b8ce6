"""Hard files, cases 9 to 17, 21, 22, 25, 44, 74 and 75: the shape of records."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.settings import get_settings
from app.imports.formats.csv.parse import Layout, parse_chunk
from app.imports.formats.csv.split import Chunk, Splitter
from app.imports.formats.csv.tokenizer import Grammar, Tokenizer
from app.imports.formats.table import Fault, Table
from tests.imports.conftest import Importer, rejection, types
from tests.imports.engine import read_file

MIB = 1024 * 1024


class TestWidth:
    async def test_case_09_too_few_fields(self, importer: Importer) -> None:
        shown = await importer("d", "a,b,c\n1,2,3\n4,5\n6\n7,8,9\n", on_reject="skip")
        assert shown["rejections"] == [
            rejection(3, 2, 12, None, "4,5", "too_few_fields", "expected 3 fields, found 2"),
            rejection(4, 3, 16, None, "6", "too_few_fields", "expected 3 fields, found 1"),
        ]
        assert [record["a"] for record in await importer.records("d")] == [1, 7]

    async def test_case_09_padded_by_option(self, importer: Importer) -> None:
        shown = await importer("d", "a,b,c\n1,2,3\n4,5\n", options={"pad_short_rows": True})
        assert shown["rejections"] == []
        assert [record["c"] for record in await importer.records("d")] == [3, None]

    async def test_case_10_too_many_fields(self, importer: Importer) -> None:
        shown = await importer("d", "a,b\n1,2\n3,4,5\n6,7,,\n8,9,,0\n", on_reject="skip")
        assert shown["rejections"] == [
            rejection(3, 2, 8, None, "3,4,5", "too_many_fields", "expected 2 fields, found 3"),
            rejection(5, 4, 20, None, "8,9,,0", "too_many_fields", "expected 2 fields, found 4"),
        ]
        assert [record["a"] for record in await importer.records("d")] == [1, 6]
        assert shown["warnings"] == [
            "1 record has more fields than the header, all of them empty (line 4); they were left out."
        ]

    async def test_case_11_trailing_delimiter_on_the_header_or_on_the_rows(self, importer: Importer) -> None:
        for name, content in (("header", "a,b,\n1,2\n3,4\n"), ("rows", "a,b\n1,2,\n3,4,\n")):
            shown = await importer(name, content)
            assert shown["rejections"] == []
            assert [(record["a"], record["b"]) for record in await importer.records(name)] == [(1, 2), (3, 4)]
            assert len(shown["columns"]) == 2

    async def test_case_22_the_width_grows(self, importer: Importer) -> None:
        content = "a,b\n" + "1,2\n" * 700 + "5,6,7\n" * 900 + "8,9\n"
        shown = await importer("d", content, on_reject="skip")
        assert types(shown) == {"a": "integer", "b": "integer"}
        assert shown["result"]["added"] == 701
        assert shown["totals"] == [{"column": None, "code": "too_many_fields", "count": 900}]
        assert shown["rejections"][0] == rejection(
            702, 701, 2804, None, "5,6,7", "too_many_fields", "expected 2 fields, found 3"
        )


class TestLines:
    async def test_case_12_blank_lines_are_skipped_but_counted(self, importer: Importer) -> None:
        shown = await importer("d", "\na,b\n1,2\n\n\r\n3,x,4\n\n5,6\n\n", on_reject="skip")
        assert shown["rejections"] == [
            rejection(6, 2, 12, None, "3,x,4", "too_many_fields", "expected 2 fields, found 3")
        ]
        assert [record["a"] for record in await importer.records("d")] == [1, 5]

    async def test_case_12_a_blank_line_in_a_file_of_one_column_is_null(self, importer: Importer) -> None:
        await importer("d", "n\n1\n\n3\n")
        assert [record["n"] for record in await importer.records("d")] == [1, None, 3]

    async def test_case_13_no_final_newline(self, importer: Importer) -> None:
        for name, content in (("plain", "a,b\n1,2\n3,4"), ("quoted", 'a,b\n1,2\n3,"4"'), ("empty", "a,b\n1,2\n3,")):
            shown = await importer(name, content)
            assert shown["result"]["added"] == 2
            assert [record["a"] for record in await importer.records(name)] == [1, 3]

    @pytest.mark.parametrize("block", [1, 2, 3, 4, 5, 100])
    def test_case_14_line_ends_of_every_kind(self, block: int) -> None:
        made = read_file("a,b\n1,2\r\n3,4\r5,6\r\r\n7,8\n9,x\r\r\n", block=block)
        assert [(row["a"], row["b"]) for row in made.rows] == [(1, "2"), (3, "4"), (5, "6"), (7, "8"), (9, "x")]
        assert made.rejections == []

    async def test_case_14_are_counted_as_lines(self, importer: Importer) -> None:
        shown = await importer("d", "a,b\n1,2\r\n3,4\r5,6\r\r\n7\n9,8\n", on_reject="skip")
        assert shown["rejections"] == [rejection(5, 4, 19, None, "7", "too_few_fields", "expected 2 fields, found 1")]
        assert shown["result"]["added"] == 4

    async def test_case_15_returns_only(self, importer: Importer) -> None:
        shown = await importer("d", 'a,b\r1,"x\ry"\r2\r3,z\r', on_reject="skip")
        assert shown["rejections"] == [rejection(4, 2, 12, None, "2", "too_few_fields", "expected 2 fields, found 1")]
        assert [record["b"] for record in await importer.records("d")] == ["x\ry", "z"]


class TestNothing:
    async def test_case_16_an_empty_file(self, importer: Importer) -> None:
        await importer("d", "a,b\n1,2\n")
        for mode in ("append", "replace"):
            shown = await importer("d", "", mode=mode, allow_empty=True)
            assert shown["status"] == "failed"
            assert shown["problem"]["type"] == "/problems/file-empty"
        assert [record["a"] for record in await importer.records("d")] == [1]

    async def test_case_16_nothing_but_line_ends(self, importer: Importer) -> None:
        shown = await importer("d", "\n\r\n\n")
        assert shown["problem"]["type"] == "/problems/file-empty"

    async def test_case_17_a_header_only(self, importer: Importer) -> None:
        await importer("d", "a,b\n1,2\n")
        assert (await importer("d", "a,b\n"))["result"] == {"added": 0, "changed": 0, "unchanged": 0}
        refused = await importer("d", "a,b\n", mode="replace")
        assert refused["problem"]["type"] == "/problems/file-without-records"
        assert len(await importer.records("d")) == 1
        shown = await importer("d", "a,b\n", mode="replace", allow_empty=True)
        assert shown["status"] == "succeeded"
        assert await importer.records("d") == []


class TestForeignRows:
    async def test_case_21_a_repeated_header_and_a_total(self, importer: Importer) -> None:
        content = "id,name,n\n1,a,2\nid,name,n\n2,b,3\n\nGrand total,,5\n"
        shown = await importer("d", content, on_reject="skip")
        assert types(shown) == {"id": "integer", "name": "text", "n": "integer"}
        assert shown["rejections"] == [
            rejection(3, 2, 16, None, "id,name,n", "repeated_header", "the header again"),
            rejection(6, 4, 33, None, "Grand total", "total_row", "a total of the rows above, not a record"),
        ]

    async def test_case_21_a_second_table(self, importer: Importer) -> None:
        content = "id;name;n\n1;a;2\n2;b;3\n\nregion,share\nnorth,1\n"
        shown = await importer("d", content, on_reject="skip")
        assert shown["dialect"]["delimiter"] == ";"
        assert [(item["line"], item["value"], item["code"]) for item in shown["rejections"]] == [
            (5, "region,share", "too_few_fields"),
            (6, "north,1", "too_few_fields"),
        ]
        assert types(shown) == {"id": "integer", "name": "text", "n": "integer"}

    @pytest.mark.parametrize("block", [1, 4, 10, 1000])
    def test_case_21_wherever_a_block_ends(self, block: int) -> None:
        made = read_file("id,n\n1,2\nid,n\nTotal,9\n2,3\nTotal,5\n", block=block)
        assert [(item["line"], item["code"]) for item in made.rejections] == [(3, "repeated_header")]
        # A total in the middle is a value like any other: the column is text, and so the last one is a value too.
        assert [row["id"] for row in made.rows] == ["1", "Total", "2", "Total"]
        made = read_file("id,n\n1,2\n2,3\nTotal,5\n", block=block)
        assert made.types == ["integer", "integer"]
        assert [(item["line"], item["code"]) for item in made.rejections] == [(4, "total_row")]

    def test_case_21_a_total_among_texts_is_a_value(self) -> None:
        made = read_file("team,n\nred,2\nblue,3\nTotal,5\n")
        assert made.rejections == []
        assert made.types == ["text", "integer"]

    async def test_case_21_a_total_among_texts_is_warned_of(self, importer: Importer) -> None:
        shown = await importer("d", "team,n\nred,2\nblue,3\nTotal,5\n")
        [warning] = shown["warnings"]
        assert warning.startswith("Line 4, the last one, begins with 'Total' and is a record like the others")
        assert (await importer("e", "team,n\nTotal,5\nblue,3\n"))["warnings"] == []

    def test_case_21_pinned_columns_report_every_one(self) -> None:
        columns = read_file("id,n\n1,2\n").columns
        made = read_file("id,n\nTotal,9\n1,2\nSub-total:,2\n", columns)
        assert [(item["line"], item["column"], item["code"]) for item in made.rejections] == [
            (2, None, "total_row"),
            (4, None, "total_row"),
        ]


class TestLongFields:
    @pytest.fixture(autouse=True)
    def limit(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("TOLVA_MAX_FIELD_BYTES", str(4 * MIB))
        get_settings.cache_clear()
        yield
        get_settings.cache_clear()

    async def test_case_25_up_to_the_limit_and_beyond(self, importer: Importer) -> None:
        fields = ["s" * 200_000, '""q\n' * (750 * 1024), "x" * 4 * MIB, "y" * (4 * MIB + 1), "z" * 20 * MIB, "end"]
        content = "id,t\n" + "".join(f'{number},"{text}"\n' for number, text in enumerate(fields, 1))
        shown = await importer("d", content, on_reject="skip")
        assert [(item["record"], item["column"], item["code"], item["message"]) for item in shown["rejections"]] == [
            (4, "t", "field_too_long", "more than 4,194,304 bytes"),
            (5, "t", "field_too_long", "more than 4,194,304 bytes"),
        ]
        assert [item["value"] for item in shown["rejections"]] == ["y" * 200, "z" * 200]
        records = await importer.records("d", limit=1)
        assert [len(record["t"]) for record in records] == [200_000, 3 * 750 * 1024, 4 * MIB, 3]

    def test_case_25_an_open_quote_before_a_long_rest(self) -> None:
        content = 'id,t\n1,"open\n' + "2,b\n" * 50_000
        made = read_file(content, block=4096, max_field=2048)
        assert [item["code"] for item in made.rejections] == ["unterminated_quote"]
        assert len(made.rows) == 50_000


class TestEndMark:
    @pytest.mark.parametrize("size", [2, 70_000])
    @pytest.mark.parametrize("end", ["\n\x1a", "\x1a", "\r\n\x1a\x1a\x1a"])
    @pytest.mark.parametrize("block", [65_536, 1 << 20])
    def test_case_75_is_no_data(self, size: int, end: str, block: int) -> None:
        content = "id,name\n" + "".join(f"{number},pen\n" for number in range(1, size)) + f"{size},ink"
        made = read_file(content + end, block=block)
        assert made.rejections == []
        assert len(made.rows) == size
        assert made.rows[-1] == {"id": size, "name": "ink"}

    def test_case_75_in_one_column(self) -> None:
        assert read_file("n\n1\n2\n\x1a").rows == [{"n": 1}, {"n": 2}]

    def test_one_in_the_middle_is_data(self) -> None:
        assert [row["t"] for row in read_file("id,t\n1,a\x1a\n2,b\n").rows] == ["a\x1a", "b"]


class TestJoinedFiles:
    MARK = "\ufeff"

    @pytest.mark.parametrize("header", ["id,amount", '"id","amount"', 'id,"amount"'])
    async def test_the_header_behind_a_byte_order_mark(self, importer: Importer, header: str) -> None:
        content = f"{self.MARK}{header}\n1,5.5\n2,7\n{self.MARK}{header}\n3,8.25\n"
        shown = await importer("d", content, on_reject="skip")
        assert types(shown) == {"id": "integer", "amount": "decimal"}
        assert [(item["line"], item["code"]) for item in shown["rejections"]] == [(4, "repeated_header")]
        assert shown["result"]["added"] == 3

    def test_a_record_behind_a_byte_order_mark(self) -> None:
        made = read_file(f"id,amount\n1,5.5\n{self.MARK}2,6\n3,7\n")
        assert made.types == ["integer", "decimal"]
        assert [(item["line"], item["code"]) for item in made.rejections] == [(3, "byte_order_mark")]
        assert [row["id"] for row in made.rows] == [1, 3]


class TestWaysOut:
    @pytest.mark.parametrize("on_reject", ["abort", "skip"])
    @pytest.mark.parametrize(
        ("content", "option"),
        [
            ('"a","b","c"\n"1","x"\n"2","y"\n', "pad_short_rows"),
            ('a,b\n1,"x"y\n2,"z"y\n', "lenient_quotes"),
            ('a,b\n1,"x\n2,y\n3,"z\n', "quote"),
        ],
    )
    async def test_case_74_the_hint_names_the_option(
        self, importer: Importer, on_reject: str, content: str, option: str
    ) -> None:
        shown = await importer("d", content, on_reject=on_reject, max_rejections=0)
        assert f"`{option}`" in shown["problem"]["hint"]


SOUP = st.lists(st.sampled_from([b"a", b",", b'"', b"\n", b"\r", b"\\", b" "]), max_size=40).map(b"".join)


LAYOUTS = [
    Layout(2),
    Layout(3, (b"", b"a")),
    Layout(2, pad_short_rows=True),
    Layout(1),
    Layout(2, surplus=1),
    Layout(1, (b"", b"a"), surplus=2),
    Layout(1, pad_short_rows=True, surplus=2),
    Layout(2, surplus=None),
]


def split(data: bytes, block: int, grammar: Grammar, max_record: int = 1 << 20) -> list[Chunk]:
    splitter = Splitter(grammar, max_record=max_record)
    chunks = [chunk for start in range(0, len(data), block) for chunk in splitter.feed(data[start : start + block])]
    return [*chunks, *splitter.finish()]


class TestParsing:
    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize("skip_space", [False, True])
    @given(SOUP)
    def test_the_fast_way_gives_what_the_exact_way_gives(self, layout: Layout, skip_space: bool, data: bytes) -> None:
        grammar = Grammar(keep_blank=layout.fields == 1, skip_space=skip_space)
        for chunk in split(data, len(data) + 1, grammar):
            if chunk.records is not None:
                # The exact way already, and the malformed part may come after the chunk.
                continue
            exact = Chunk(
                chunk.data,
                chunk.offset,
                chunk.line,
                chunk.record,
                chunk.quotes,
                list(Tokenizer(grammar).read(chunk.data, final=True)),
                chunk.keep_blank,
            )
            fast, slow = parse_chunk(chunk, grammar, layout), parse_chunk(exact, grammar, layout)
            assert [column.to_pylist() for column in fast.columns] == [column.to_pylist() for column in slow.columns]
            assert fast.rows.tolist() == slow.rows.tolist()
            assert _surplus(fast) == _surplus(slow)
            assert _faults(fast.faults) == _faults(slow.faults)


def _surplus(table: Table) -> list[tuple[int, int]]:
    found = table.doubtful
    return list(zip(found.fault.rows.tolist(), found.surplus.tolist(), strict=True)) if found else []


def _faults(faults: list[Fault]) -> list[tuple[object, ...]]:
    return sorted(
        (row, fault.code, message, fault.field, value)
        for fault in faults
        for row, message, value in zip(fault.rows.tolist(), _messages(fault), fault.values.to_pylist(), strict=True)
    )


def _messages(fault: Fault) -> list[str]:
    if isinstance(fault.message, str):
        return [fault.message] * len(fault.rows)
    messages: list[str] = fault.message.to_pylist()
    return messages
