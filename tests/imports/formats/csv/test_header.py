"""Hard files, cases 18 to 20, 23 and 24: the header."""

from app.columns.column import is_name
from tests.imports.conftest import Importer, types
from tests.imports.engine import read_file

ALL_TEXT = "Every column is text: line 1 was taken as the header: 'ana, red'. Pass header=false if it is data."


class TestHeader:
    async def test_case_18_none_where_the_first_row_types_like_the_rest(self, importer: Importer) -> None:
        shown = await importer("d", "1,x,2024-01-01\n2,y,2024-01-02\n3,z,2024-01-03\n")
        assert shown["dialect"]["header"] is False
        assert types(shown) == {"column_1": "integer", "column_2": "text", "column_3": "date"}
        assert shown["renamed"] == {}
        assert len(await importer.records("d")) == 3

    async def test_case_18_all_text_takes_the_first_row_and_warns(self, importer: Importer) -> None:
        shown = await importer("d", "ana,red\nben,blue\ncleo,green\n")
        assert shown["dialect"]["header"] == 1
        assert shown["warnings"] == [ALL_TEXT]
        assert await importer.records("d") == [{"ana": "ben", "red": "blue"}, {"ana": "cleo", "red": "green"}]

    async def test_case_18_the_option_decides(self, importer: Importer) -> None:
        shown = await importer("d", "ana,red\nben,blue\n", options={"header": False})
        assert shown["warnings"] == []
        assert [record["column_1"] for record in await importer.records("d")] == ["ana", "ben"]

    def test_case_18_years_may_be_names(self) -> None:
        assert read_file("2024,2025\n1,2\n3,4\n").dialect.labels == ["2024", "2025"]
        assert read_file("2024,1\n2025,2\n2026,3\n").dialect.header_line == 0

    async def test_case_19_a_preamble_is_skipped_and_listed(self, importer: Importer) -> None:
        content = 'Sales report\n"Created by\nthe office"\n\nid,name,price\n1,fig,2.50\n2,kiwi,3.10\n'
        shown = await importer("d", content)
        assert shown["dialect"]["header"] == 5
        assert shown["dialect"]["skipped_lines"] == [1, 2, 3, 4]
        assert types(shown) == {"id": "integer", "name": "text", "price": "decimal"}
        assert [record["price"] for record in await importer.records("d")] == ["2.50", "3.10"]

    def test_case_19_the_option_names_the_line(self) -> None:
        made = read_file("a,b,c\nx,y,z\nid,name,price\n1,fig,2.50\n", header=3)
        assert made.dialect.labels == ["id", "name", "price"]
        assert made.dialect.skipped == [1, 2]
        assert made.types == ["integer", "text", "decimal"]

    async def test_case_20_names_over_two_rows_are_joined(self, importer: Importer) -> None:
        content = "id,Films seen,,,age\n,A,B,C,\n1,yes,no,yes,30\n2,no,yes,no,41\n"
        shown = await importer("d", content)
        assert types(shown) == {
            "id": "integer",
            "films_seen_a": "boolean",
            "films_seen_b": "boolean",
            "films_seen_c": "boolean",
            "age": "integer",
        }
        assert shown["warnings"] == ["The header has two rows: line 1 and line 2; their names are joined."]
        assert shown["result"]["added"] == 2

    def test_case_20_a_row_of_units_is_part_of_the_header(self) -> None:
        made = read_file("place,height,weight\n,in m,in kg\nhere,1.5,20\nthere,2.5,30\n")
        assert made.dialect.labels == ["place", "height - in m", "weight - in kg"]
        assert made.types == ["text", "number", "integer"]

    def test_case_20_a_record_without_values_is_none(self) -> None:
        made = read_file("place,height,weight\nhere,n/a,n/a\nthere,2.5,30\nfar,2.5,30\n")
        assert made.dialect.labels == ["place", "height", "weight"]
        assert made.rows[0] == {"place": "here", "height": "n/a", "weight": "n/a"}


class TestNames:
    async def test_case_23_names_are_distinct_and_renames_reported(self, importer: Importer) -> None:
        labels = ["a", "", "A", "a", '"x\ny"', "z" * 80, "z" * 81, " b ", "a_2", "Ünï (%)", "9", "ctid"]
        content = ",".join(labels) + "\n" + ",".join(str(number) for number in range(1, 13)) + "\n"
        shown = await importer("d", content)
        names = [
            "a",
            "column_2",
            "a_3",
            "a_4",
            "x_y",
            "z" * 63,
            "z" * 61 + "_2",
            "b",
            "a_2",
            "uni",
            "n_9",
            "ctid_column",
        ]
        assert list(types(shown)) == names
        assert all(is_name(name) for name in names)
        assert await importer.records("d") == [{name: place for place, name in enumerate(names, 1)}]
        assert shown["renamed"] == {
            "": "column_2",
            "A": "a_3",
            "a": ["a", "a_4"],
            "x\ny": "x_y",
            "z" * 80: "z" * 63,
            "z" * 81: "z" * 61 + "_2",
            "Ünï (%)": "uni",
            "9": "n_9",
            "ctid": "ctid_column",
        }

    async def test_case_23_the_same_names_for_the_next_file(self, importer: Importer) -> None:
        for number in (1, 2):
            assert (await importer("d", f"a,,A,a\n{number},x,y,z\n"))["status"] == "succeeded"
        assert await importer.records("d") == [
            {"a": number, "column_2": "x", "a_2": "y", "a_3": "z"} for number in (1, 2)
        ]

    async def test_case_24_a_mark_before_a_quoted_header(self, importer: Importer) -> None:
        shown = await importer("d", b'\xef\xbb\xbf"a","b"\n1,x\n2\n', on_reject="skip")
        assert list(types(shown)) == ["a", "b"]
        assert shown["renamed"] == {}
        assert [(item["line"], item["offset"]) for item in shown["rejections"]] == [(3, 15)]
