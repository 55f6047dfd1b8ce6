"""Hard files, cases 1 to 8 and 46: quotes, escapes and newlines."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.formats.csv.tokenizer import STRIDE, Grammar, Malformed, Record, Tokenizer
from tests.imports.conftest import Importer, rejection
from tests.imports.engine import read_file

AFTER_QUOTE = (
    "text after a closing quote; a quote inside a quoted field is written twice, "
    "unless `escape` or `lenient_quotes` says otherwise"
)
UNTERMINATED = (
    "a quoted field that begins on this line is never closed properly; give `quote` as empty if quotes are text"
)


class TestQuotedFields:
    async def test_case_01_delimiter_newline_and_quote_inside_quotes(self, importer: Importer) -> None:
        content = 'id,t,n\n1,"a,b ""c""\nd",5\n2,"""",x\n'
        columns = [{"name": "id", "type": "integer"}, {"name": "t", "type": "text"}, {"name": "n", "type": "integer"}]
        await importer.client.post("/datasets", json={"name": "d", "columns": columns})
        shown = await importer("d", content, on_reject="skip")
        message = "not an integer (as 42, from -9007199254740991 to 9007199254740991, without leading zeros)"
        assert shown["rejections"] == [rejection(4, 2, 25, "n", "x", "not_integer", message)]
        assert [record["t"] for record in await importer.records("d")] == ['a,b "c"\nd']

    async def test_case_01_a_record_over_several_lines_is_reported_by_its_first(self, importer: Importer) -> None:
        columns = [{"name": "id", "type": "uuid"}, {"name": "t", "type": "text"}]
        await importer.client.post("/datasets", json={"name": "d", "columns": columns})
        shown = await importer("d", 'id,t\n1,"a\nb"\n2,"c\n\nd"\n', on_reject="skip")
        assert [(item["line"], item["record"], item["offset"]) for item in shown["rejections"]] == [
            (2, 1, 5),
            (4, 2, 13),
        ]

    @pytest.mark.parametrize("block", range(1, 24))
    def test_case_02_crlf_inside_quotes_wherever_a_block_ends(self, block: int) -> None:
        made = read_file('id,t\r\n1,"a\r\nb\r\n\r\nc"\r\n2,"\r\n"\r\n', block=block)
        assert made.rows == [{"id": 1, "t": "a\r\nb\r\n\r\nc"}, {"id": 2, "t": "\r\n"}]
        assert made.rejections == []

    async def test_case_02_crlf_inside_quotes_over_arrows_own_blocks(self, importer: Importer) -> None:
        # Arrow alone loses the newline if a block of its own, of 1 MiB by default, ends between the two.
        wanted = [{"id": place, "t": "x\r\n" * 40} for place in range(1, 9000)]
        content = "id,t\r\n" + "".join(f'{record["id"]},"{record["t"]}"\r\n' for record in wanted)
        shown = await importer("d", content)
        assert shown["result"]["added"] == len(wanted)
        assert await importer.records("d") == wanted

    @pytest.mark.parametrize("block", [1, 2, 3, 5, 7, 11, 16, 64])
    def test_case_03_lines_like_records_inside_quotes(self, block: int) -> None:
        content = "id,t\n" + "".join(f'{number},"x\n{number},y\n9,""z"",\n"\n' for number in range(1, 20))
        made = read_file(content, block=block)
        assert made.rows == [{"id": number, "t": f'x\n{number},y\n9,"z",\n'} for number in range(1, 20)]


class TestStrayQuotes:
    async def test_case_04_a_quote_in_an_unquoted_field_is_text(self, importer: Importer) -> None:
        content = 'id,size,note\n1,5" pipe,a\n2,"q",b\n3,6" x 7",c\n4,"a ""b""\nc",d\n'
        shown = await importer("d", content)
        assert shown["status"] == "succeeded"
        assert [record["size"] for record in await importer.records("d")] == ['5" pipe', "q", '6" x 7"', 'a "b"\nc']

    async def test_case_05_a_quote_inside_quotes_that_is_not_doubled(self, importer: Importer) -> None:
        content = 'id,t,x\n1,a,b\n2,"he said "hi" ok",c\n3,"q",d\n'
        shown = await importer("d", content, on_reject="skip")
        assert shown["rejections"] == [rejection(3, 2, 13, "t", '"he said "hi" ok",c', "text_after_quote", AFTER_QUOTE)]
        assert [record["id"] for record in await importer.records("d")] == [1, 3]

    async def test_case_05_lenient_quotes_keeps_it(self, importer: Importer) -> None:
        content = 'id,t,x\n1,"he said "hi" ok",c\n2,"q",d\n'
        shown = await importer("d", content, options={"lenient_quotes": True})
        assert shown["rejections"] == []
        assert [record["t"] for record in await importer.records("d")] == ['he said "hi" ok', "q"]

    async def test_case_06_text_after_the_closing_quote(self, importer: Importer) -> None:
        shown = await importer("d", 'id,t\n1,"ab"c\n2,"ab" \n3,"d"\n', on_reject="skip")
        assert shown["rejections"] == [
            rejection(2, 1, 5, "t", '"ab"c', "text_after_quote", AFTER_QUOTE),
            rejection(3, 2, 13, "t", '"ab" ', "text_after_quote", AFTER_QUOTE),
        ]
        assert shown["totals"] == [{"column": "t", "code": "text_after_quote", "count": 2}]

    async def test_case_07_a_quote_that_is_never_closed(self, importer: Importer) -> None:
        content = "id,t\n1,x\n" + '2,"open\n' + "".join(f"{number},z\n" for number in range(3, 2000))
        shown = await importer("d", content, on_reject="skip")
        assert shown["rejections"] == [rejection(3, 2, 9, "t", '"open', "unterminated_quote", UNTERMINATED)]
        assert shown["result"]["added"] == 1998

    async def test_case_07_a_quote_that_another_record_seems_to_close(self, importer: Importer) -> None:
        content = 'id,t,x\n1,"open,a\n2,"q",b\n3,"r\ns",c\n'
        shown = await importer("d", content, on_reject="skip")
        assert shown["rejections"] == [rejection(2, 1, 7, "t", '"open,a', "unterminated_quote", UNTERMINATED)]
        assert [record["t"] for record in await importer.records("d")] == ["q", "r\ns"]

    @pytest.mark.parametrize("block", [1, 5, 64, 4096])
    def test_case_07_the_search_for_the_closing_quote_is_bounded(self, block: int) -> None:
        content = 'id,t\n1,"open\n' + "".join(f"{number},z\n" for number in range(2, 400))
        made = read_file(content, block=block, max_field=16)
        assert [item["line"] for item in made.rejections] == [2]
        assert len(made.rows) == 398

    async def test_case_08_quotes_escaped_by_a_backslash(self, importer: Importer) -> None:
        content = 'id,t\n1,"say \\"hi\\", ok"\n2,"a\\\\b"\n3,"c"\n'
        shown = await importer("d", content)
        assert shown["dialect"]["escape"] == "\\"
        assert [record["t"] for record in await importer.records("d")] == ['say "hi", ok', "a\\b", "c"]


class TestQuotesOfACellThatAnotherBegan:
    HEADER = "id,price,name,note\n"
    BEHIND = '3,$7,"plum, blue",z\n'

    @pytest.mark.parametrize(
        "row",
        [
            '2,$6"pear, green",y',
            '2,$6"pear ""x"", green",y',
            '2,"$6",a"pear, green"',
            '2,$6,a"pear, very, green"',
            '2$6"pear, green",y',
            'a" b,2"c,d",y',
        ],
    )
    @pytest.mark.parametrize("block", [1, 7, 1000])
    def test_case_46_where_a_delimiter_is_missing(self, row: str, block: int) -> None:
        made = read_file(f'{self.HEADER}1,$5,"apple, red",x\n{row}\n{self.BEHIND}', block=block)
        assert [item["line"] for item in made.rejections] == [3]
        assert [made_row["name"] for made_row in made.rows] == ["apple, red", "plum, blue"]

    @pytest.mark.parametrize(
        "cells",
        [
            ['5" pipe', "a", "b"],
            ['5" x 6"', "a", "b"],
            ['5"', '6"', '7"'],
            ['5" pipe', '6" rod', "b"],
            ['a "b" c', 'd "e"', "f"],
            ['5""', 'x" y', "z"],
        ],
    )
    def test_case_04_other_quotes_are_text(self, cells: list[str]) -> None:
        made = read_file(f"{self.HEADER}1,{','.join(cells)}\n{self.BEHIND}")
        assert made.rejections == []
        assert list(made.rows[0].values()) == [1, *cells]

    @pytest.mark.parametrize("block", range(1, 20))
    def test_case_04_wherever_a_block_ends(self, block: int) -> None:
        made = read_file('a,b,c\n"x\ny",5" x,6" y"\n', block=block)
        assert made.rows == [{"a": "x\ny", "b": '5" x', "c": '6" y"'}]

    def test_lenient_quotes_keeps_it(self) -> None:
        made = read_file('id,size,name\n1,5" pipe,6"\n2,"q",b\n', lenient_quotes=True)
        assert [row["name"] for row in made.rows] == ['6"', "b"]

    async def test_is_reported(self, importer: Importer) -> None:
        shown = await importer("d", f'{self.HEADER}2,$6"pear, green",y\n{self.BEHIND}', on_reject="skip")
        [found] = shown["rejections"]
        assert (found["line"], found["column"], found["code"]) == (2, "price", "quote_inside_field")
        assert "`quote`" in found["message"]


class TestEscapes:
    def test_case_02a_null_as_mysql_writes_it(self) -> None:
        content = 'id,name,qty\n1,"a \\"b\\" c",5\n2,Ana,\\N\n3,\\N,7\n4,"x \\"y\\"",1\n'
        made = read_file(content, nulls=["\\N"])
        assert made.types == ["integer", "text", "integer"]
        assert [(row["name"], row["qty"]) for row in made.rows] == [
            ('a "b" c', 5),
            ("Ana", None),
            (None, 7),
            ('x "y"', 1),
        ]
        made = read_file(content)
        assert [row["qty"] for row in made.rows] == ["5", "\\N", "7", "1"]

    def test_one_before_the_null_makes_it_a_text(self) -> None:
        made = read_file('1,\\\\N\n2,\\N\n3,"\\N"\n', escape="\\", nulls=["\\N"], header=False)
        assert [row["column_2"] for row in made.rows] == ["\\N", None, "\\N"]

    @pytest.mark.parametrize(
        ("written", "value"),
        [
            (r"C:\tmp", r"C:\tmp"),
            (r'"C:\new"', r"C:\new"),
            (r'"{\"a\": \"\u00e9\"}"', r'{"a": "\u00e9"}'),
            (r'"{\"a\": \"x\\ny\"}"', r'{"a": "x\ny"}'),
            (r"a\,b", "a,b"),
            ("a\\\nb", "a\nb"),
            ("a\\\r\nb", "a\r\nb"),
            (r"a\\", "a\\"),
            (r"a\\,b", None),
            (r'"a\\"', "a\\"),
            (r'"a\,b"', r"a\,b"),
            (r"5\"", '5"'),
        ],
    )
    @pytest.mark.parametrize("block", [1, 4, 1000])
    def test_case_02b_one_takes_nothing_from_what_it_does_not_escape(
        self, written: str, value: str | None, block: int
    ) -> None:
        made = read_file(f'id,t\n1,"say \\"x\\""\n2,{written}\n3,z', escape="\\", block=block)
        wanted = [{"id": 1, "t": 'say "x"'}, {"id": 2, "t": value}, {"id": 3, "t": "z"}]
        if value is None:
            assert [item["code"] for item in made.rejections] == ["too_many_fields"]
            del wanted[1]
        assert made.rows == wanted

    def test_case_02d_without_quotes(self) -> None:
        options: dict[str, Any] = {"delimiter": "\t", "quote": "", "escape": "\\", "header": False, "nulls": ["\\N"]}
        made = read_file("1\t\\N\t5\n2\tA\\tb\t\\N\n3\ta\\\tb\t1\n", **options)
        assert [tuple(row.values()) for row in made.rows] == [(1, None, 5), (2, "A\\tb", None), (3, "a\tb", 1)]

    def test_a_quote_that_is_its_own_escape_is_text_in_an_unquoted_field(self) -> None:
        made = read_file('a,b\n1,x" y\n2,5"\n3,"say ""hi"""\n', escape='"')
        assert [row["b"] for row in made.rows] == ['x" y', '5"', 'say "hi"']


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


class TestTokenizer:
    @pytest.mark.parametrize("grammar", GRAMMARS)
    @given(SOUP, st.integers(1, 12), st.booleans())
    def test_what_was_followed_in_vain_changes_no_other_record(
        self, grammar: Grammar, data: bytes, limit: int, final: bool
    ) -> None:
        found = list(Tokenizer(grammar, max_record=limit).read(data, final=final))
        for record in found:
            alone = next(Tokenizer(grammar, max_record=limit).read(data, record.start, final=final))
            assert replace(alone, start=record.start) == record

    @pytest.mark.parametrize("line", [b"a,,b,c,,d,,", b"a,,,,", b'"a","",b,"c",,d,', b'"a",,,,', b"a,b", b"a"])
    def test_of_many_fields_it_keeps_the_first_and_one_that_is_not_empty(self, line: bytes) -> None:
        (whole,) = Tokenizer(Grammar()).read(line, final=True)
        (cut,) = Tokenizer(Grammar(), max_fields=2).read(line, final=True)
        assert isinstance(whole, Record)
        assert isinstance(cut, Record)
        assert cut.width == whole.width == len(whole.fields)
        assert cut.fields == [*whole.fields[:2], *[value for value in whole.fields[2:] if value][:1]]


class TestManyOpenFields:
    """Each line begins a record whose fields follow one another to the end of the file, the last one open."""

    LINES = 2000

    def test_no_field_is_read_for_each_of_the_lines_before_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        read_quoted, count = Tokenizer._read_quoted, 0

        def count_fields(tokenizer: Tokenizer, opening: int, field: int) -> tuple[bytes, int]:
            nonlocal count
            count += 1
            return read_quoted(tokenizer, opening, field)

        monkeypatch.setattr(Tokenizer, "_read_quoted", count_fields)
        records = list(Tokenizer(Grammar()).read(b'a","\nb' * self.LINES, final=True))
        assert len(records) == self.LINES + 1
        assert count < self.LINES * (STRIDE + 2)

    def test_what_is_wrong_is_the_same_for_each(self) -> None:
        content = b'a","\nb' * self.LINES
        records = list(Tokenizer(Grammar()).read(content, final=True))
        for record in records[:-1:100]:
            (alone,) = list(Tokenizer(Grammar()).read(content[record.start :], final=True))[:1]
            assert isinstance(record, Malformed)
            assert isinstance(alone, Malformed)
            assert (record.code, record.field, record.text) == (alone.code, alone.field, alone.text)
