import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.imports.conftest import Importer
from tests.imports.engine import read_file


class TestSurplus:
    """Empty fields after the last column."""

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


class TestSurplusAndKeys:
    """A record that does not vote on the columns can still show that one of them is not a key."""

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
