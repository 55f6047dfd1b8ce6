"""Hard files, cases 1 to 8: quotes and newlines."""

import pytest

from tests.imports.conftest import Importer, rejection
from tests.imports.engine import read_file

AFTER_QUOTE = "text after a closing quote; a quote inside a quoted field is written twice"
UNTERMINATED = "a quoted field that begins on this line is never closed properly"


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
        # Arrow alone loses the newline where a block of its own, of 1 MiB by default, ends between the two.
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
