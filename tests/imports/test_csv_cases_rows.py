"""Hard files, cases 9 to 17, 21, 22, 25, 44, 74 and 75: the shape of records."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.settings import get_settings
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


class TestSurplus:
    """Empty fields behind the last column."""

    HEADER = "day,qty,code,price,note\n"
    ROWS = "2024-01-01,2,a1,3.50,\n2024-01-03,6,c3,7.00,\n2024-01-04,1,d4,2.00,\n"

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("block", [1, 30, 1000])
    def test_case_44_a_delimiter_too_many_in_mid_row(self, delimiter: str, block: int) -> None:
        content = f"{self.HEADER}2024-01-02,,4,b2,5.25,\n{self.ROWS}".replace(",", delimiter)
        made = read_file(content, block=block)
        assert made.types == ["date", "integer", "text", "decimal", "text"]
        [found] = made.rejections
        assert (found["line"], found["code"]) == (2, "too_many_fields")
        assert found["message"] == "expected 5 fields, found 6"
        assert len(made.rows) == 3

    def test_case_44_in_columns_that_are_pinned(self) -> None:
        columns = read_file(self.HEADER + self.ROWS).columns
        made = read_file(f"{self.HEADER}2024-01-02,,4,b2,5.25,\n2024-01-05,5,e5,1.00,,\n{self.ROWS}", columns)
        assert [(item["line"], item["code"]) for item in made.rejections] == [(2, "too_many_fields")]
        assert [row["qty"] for row in made.rows] == [5, 2, 6, 1]

    @pytest.mark.parametrize(
        ("row", "is_right"),
        [
            ("x1,x2,x3,x4,", True),
            ("x1,x2,x3,x4,,,,", True),
            ("x1,x2,,,", True),
            ('x1,x2,x3,x4,""', True),
            ('x1,x2,x3,,""', False),
            ("x1,,x3,x4,", False),
            ('"x1",,"x2","x3",""', False),
            (",x2,x3,x4,,", False),
        ],
    )
    def test_texts_are_right_where_no_cell_is_empty_before_them(self, row: str, is_right: bool) -> None:
        made = read_file(f"a,b,c,d\nk,l,m,n\n{row}\no,p,q,r\n")
        assert [item["line"] for item in made.rejections] == ([] if is_right else [3])
        assert len(made.rows) == 2 + is_right

    @pytest.mark.parametrize(
        ("row", "is_right"),
        [
            ("7,,2024-01-02,x,", True),
            ("7,,2024-01-02,x,,", True),
            ("7,8,,x,", True),
            (",8,2024-01-02,x,", True),
            ("7,8,9,x,", False),
            ("7,,x,2024-01-02,", False),
        ],
    )
    def test_types_prove_a_row_with_an_empty_cell(self, row: str, is_right: bool) -> None:
        made = read_file(f"n,m,day,t\n1,2,2024-01-01,a\n{row}\n3,4,2024-01-03,b\n")
        assert made.types == ["integer", "integer", "date", "text"]
        assert [item["line"] for item in made.rejections] == ([] if is_right else [3])
        assert len(made.rows) == 2 + is_right

    def test_a_row_that_does_not_fit_ruins_no_type(self) -> None:
        made = read_file("n,m\n1,2\nx,y,\n3,4\n")
        assert made.types == ["integer", "integer"]
        assert [item["line"] for item in made.rejections] == [3]

    @pytest.mark.parametrize("content", ["a,b,\n1,2,\n3,4,\n", "a,b,,\n1,2,,\n3,4,,\n", "a,b\n1,2,\n,4,\n"])
    def test_case_11_all_rows_have_it(self, content: str) -> None:
        made = read_file(content)
        assert [column.name for column in made.columns] == ["a", "b"]
        assert made.rejections == []
        assert [row["b"] for row in made.rows] == [2, 4]
        assert len(made.dialect.warnings) == (made.dialect.width == 2)

    def test_case_11_a_row_among_them_without_a_delimiter(self) -> None:
        made = read_file("a,b,c\n1,2,3,\n4,56,\n7,8,9\n1,2,3,\n1,2,3,4\n1,2,3,\n")
        assert [(item["line"], item["message"]) for item in made.rejections] == [
            (3, "expected 4 fields, found 3"),
            (6, "expected 3 fields, found 4"),
        ]
        assert [row["a"] for row in made.rows] == [1, 7, 1, 1]

    @pytest.mark.parametrize(
        "content", ['a,b"c",d\n1,2,"x",\n3,4,"y",\n', "a,bc,d\n1,2,x,y\n3,4,y,\n5,6,z,\n7,8,z,\n9,1,z,w\n"]
    )
    def test_a_header_that_may_lack_a_delimiter_is_fitted_to_no_row(self, content: str) -> None:
        made = read_file(content)
        assert {item["code"] for item in made.rejections} == {"too_many_fields"}
        assert made.rows == []

    @given(
        st.lists(st.sampled_from(["1,2,x", ",2,x", "1,,x", "1,2,x,", ",2,x,", "1,,x,,", "1,2,,", "1,2", "1,2,,,z"])),
        st.integers(1, 30),
    )
    def test_does_not_depend_on_blocks(self, rows: list[str], block: int) -> None:
        content = "\n".join(["a,b,c", "1,2,x", "3,4,y", *rows])
        whole, cut = read_file(content), read_file(content, block=block)
        assert (cut.columns, cut.rows, cut.rejections) == (whole.columns, whole.rows, whole.rejections)
        # No row is lost, and none is moved: 1 and x never stand elsewhere.
        assert len(whole.rows) + len(whole.rejections) == len(rows) + 2
        assert all(row["a"] in (None, 1, 3) and row["b"] in (None, 2, 4) for row in whole.rows)

    async def test_the_warning_names_lines(self, importer: Importer) -> None:
        shown = await importer("d", "a,b\n1,2\n" + "3,4,\n5,6\n" * 12)
        [warning] = shown["warnings"]
        assert warning.startswith("12 records have more fields than the header, all of them empty (lines 3, 5, 7, 9, ")
        assert warning.endswith("21 and on); they were left out.")


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


class TestFormulas:
    @pytest.mark.parametrize("cell", ['="00123"', '"=""00123"""'])
    async def test_one_that_holds_a_text_is_kept_and_warned_of(self, importer: Importer, cell: str) -> None:
        shown = await importer("d", f"code;n\n{cell};1\nx=y;2\n")
        assert [record["code"] for record in await importer.records("d")] == ['="00123"', "x=y"]
        [warning] = shown["warnings"]
        assert warning.startswith("1 cell is written =\"…\" in 'code'")


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


class TestSurplusAndKeys:
    """A record that does not vote on the columns can still say that one of them is no key."""

    @pytest.mark.parametrize("row", [",c,", "1,c,"])
    async def test_a_key_that_it_lacks_or_repeats_is_none(self, importer: Importer, row: str) -> None:
        shown = await importer("d", f"id,name\n1,a\n2,b\n{row}\n")
        assert shown["status"] == "succeeded"
        assert shown["result"]["added"] == 3
        assert (await importer.client.get("/datasets/d")).json()["key"] == []

    async def test_a_key_value_dataset_takes_another(self, importer: Importer) -> None:
        assert (await importer.client.post("/datasets", json={"name": "d", "store": "keyvalue"})).status_code == 201
        shown = await importer("d", "id,name,code\n1,a,p\n2,b,q\n,c,r,\n")
        assert shown["status"] == "succeeded", shown["problem"]
        assert (await importer.client.get("/datasets/d")).json()["key"] == ["code"]
