"""Hard files, cases 35 to 38: types."""

from typing import Any

import pytest

from app.columns.column import Column
from tests.imports.conftest import Importer, rejection, types
from tests.imports.engine import read_file

INTEGER = "not an integer (as 42, from -9007199254740991 to 9007199254740991, without leading zeros)"
DATE = "not a date (as 2026-01-31)"


def inferred(values: list[str], **options: Any) -> Column:
    """The column of a file with these values and a row number."""
    rows = "".join(f"{place},{value}\n" for place, value in enumerate(values))
    return read_file(f"row,x\n{rows}", **options).columns[1]


class TestNumbers:
    async def test_case_35_what_looks_like_a_number_and_is_none(self, importer: Importer) -> None:
        content = "zip,phone,account,big,price\n00501,+34600,0000123456789012345,18446744073709551616,0.10\n"
        content += "10001,+34601,1000123456789012345,1,12.5\n"
        shown = await importer("d", content)
        assert types(shown) == {"zip": "text", "phone": "text", "account": "text", "big": "decimal", "price": "decimal"}
        assert await importer.records("d") == [
            {
                "zip": "00501",
                "phone": "+34600",
                "account": "0000123456789012345",
                "big": "18446744073709551616",
                "price": "0.10",
            },
            {"zip": "10001", "phone": "+34601", "account": "1000123456789012345", "big": "1", "price": "12.50"},
        ]
        assert shown["columns"][0]["evidence"][0] == 'not integer: "00501" at line 2'

    @pytest.mark.parametrize(
        ("surprise", "kind"),
        [
            ("1.5", "number"),
            ("1.55", "decimal"),
            ("007", "text"),
            ("1e+3", "number"),
            ("1e3", "text"),
            ("0164A", "text"),
            ("9007199254740993", "bigint"),
            ("-9223372036854775809", "decimal"),
            ("NaN", "number"),
        ],
    )
    def test_case_36_a_surprise_far_down_widens_the_column(self, surprise: str, kind: str) -> None:
        made = read_file("n\n" + "1\n" * 25_000 + surprise + "\n", block=65_536)
        assert made.types == [kind]
        assert made.rejections == []
        assert len(made.rows) == 25_001

    async def test_case_36_with_pinned_columns_every_one_is_reported(self, importer: Importer) -> None:
        columns = [{"name": "n", "type": "integer"}, {"name": "day", "type": "date"}]
        await importer.client.post("/datasets", json={"name": "d", "columns": columns})
        surprises = ["1.5", "007", "1e3", "0164A", "NaN", "Infinity", "1,5"]
        content = "n,day\n" + "2,2024-01-02\n" * 25_000
        content += "".join(f'"{surprise}",2024-01-02\n' for surprise in surprises) + "3,2024-01-02T10:00:00Z\n"
        shown = await importer("d", content, on_reject="skip")
        assert [(item["line"], item["value"]) for item in shown["rejections"][:-1]] == [
            (25_002 + place, surprise) for place, surprise in enumerate(surprises)
        ]
        offset = 6 + 13 * 25_000 + sum(len(surprise) + 14 for surprise in surprises)
        assert shown["rejections"][-1] == rejection(
            25_009, 25_008, offset, "day", "2024-01-02T10:00:00Z", "not_date", DATE
        )
        assert {item["message"] for item in shown["rejections"][:-1]} == {INTEGER}
        assert shown["totals"] == [
            {"column": "n", "code": "not_integer", "count": 7},
            {"column": "day", "code": "not_date", "count": 1},
        ]

    async def test_case_36_nothing_is_rounded(self, importer: Importer) -> None:
        column = {"name": "price", "type": "decimal", "precision": 6, "scale": 2}
        await importer.client.post("/datasets", json={"name": "d", "columns": [column]})
        shown = await importer("d", "price\n1.555\n10000.00\n9999.99\nNaN\n-0.5\n", on_reject="skip")
        message = "not a decimal with at most 4 digits before and 2 after the decimal point"
        assert shown["rejections"] == [
            rejection(2, 1, 6, "price", "1.555", "not_decimal", message),
            rejection(3, 2, 12, "price", "10000.00", "not_decimal", message),
            rejection(5, 4, 29, "price", "NaN", "not_decimal", message),
        ]
        assert [record["price"] for record in await importer.records("d")] == ["9999.99", "-0.50"]


class TestDates:
    async def test_case_37_ambiguous_throughout_stays_text(self, importer: Importer) -> None:
        shown = await importer("d", "id,day\n1,01/02/2024\n2,03/04/2024\n")
        assert types(shown)["day"] == "text"
        assert shown["warnings"] == [
            (
                "'day' could be dates written DD/MM/YYYY or MM/DD/YYYY: it stays text. "
                "Say which with date_format, as day=DD/MM/YYYY."
            )
        ]

    async def test_case_37_the_option_decides(self, importer: Importer) -> None:
        shown = await importer("d", "id,day\n1,01/02/2024\n", options={"date_format": {"day": "DD/MM/YYYY"}})
        assert types(shown)["day"] == "date"
        assert [record["day"] for record in await importer.records("d")] == ["2024-02-01"]

    def test_case_37_both_orders_in_one_column(self) -> None:
        assert inferred(["31/12/2024", "12/31/2024"]).type == "text"

    async def test_case_37_pinned_columns_list_the_other_order(self, importer: Importer) -> None:
        await importer("d", "id,day\n1,31/12/2024\n")
        shown = await importer("d", "id,day\n2,30/12/2024\n3,12/31/2024\n", on_reject="skip")
        assert shown["rejections"] == [
            rejection(3, 2, 20, "day", "12/31/2024", "not_date", "not a date written DD/MM/YYYY")
        ]

    async def test_case_37_two_columns_of_different_formats(self, importer: Importer) -> None:
        shown = await importer("d", "id,here,there\n1,31/12/2024,12/31/2024\n2,01/02/2024,01/02/2024\n")
        assert types(shown) == {"id": "integer", "here": "date", "there": "date"}
        assert [(record["here"], record["there"]) for record in await importer.records("d")] == [
            ("2024-12-31", "2024-12-31"),
            ("2024-02-01", "2024-01-02"),
        ]

    async def test_case_37_a_day_that_does_not_exist(self, importer: Importer) -> None:
        await importer("d", "id,day\n1,2024-02-29\n")
        shown = await importer("d", "id,day\n2,2024-02-30\n3,2023-02-29\n4,2024-03-01\n", on_reject="skip")
        assert shown["rejections"] == [
            rejection(2, 1, 7, "day", "2024-02-30", "not_date", DATE),
            rejection(3, 2, 20, "day", "2023-02-29", "not_date", DATE),
        ]


class TestNulls:
    async def test_case_38_null_and_the_empty_string(self, importer: Importer) -> None:
        await importer("d", 'id,name,n\n1,,\n2,"",""\n3,Null,3\n4,NA,4\n5,-,5\n')
        assert [(record["name"], record["n"]) for record in await importer.records("d")] == [
            (None, None),
            ("", None),
            ("Null", 3),
            ("NA", 4),
            ("-", 5),
        ]

    async def test_case_38_other_nulls_by_option(self, importer: Importer) -> None:
        content = 'id,name,n\n1,NA,-\n2,Null,2\n3,"NA",3\n'
        shown = await importer("d", content, options={"nulls": ["NA", "-"]})
        assert types(shown)["n"] == "integer"
        assert [(record["name"], record["n"]) for record in await importer.records("d")] == [
            (None, None),
            ("Null", 2),
            ("NA", 3),
        ]

    @pytest.mark.parametrize(
        ("values", "kind"),
        [
            (["yes", "No", "YES"], "boolean"),
            (["true", "FALSE", "true"], "boolean"),
            (["t", "f"], "boolean"),
            (["true", "no"], "text"),
            (["yes", "f"], "text"),
            (["y", "y"], "text"),
            (["0", "1"], "integer"),
        ],
    )
    def test_case_38_one_pair_of_booleans_a_column(self, values: list[str], kind: str) -> None:
        assert inferred(values).type == kind

    def test_case_38_a_pair_by_option(self) -> None:
        made = read_file("id,ok\n1,ja\n2,nein\n", booleans=["ja", "nein"])
        assert [row["ok"] for row in made.rows] == [True, False]
        assert read_file("id,ok\n1,1\n2,0\n", booleans=["1", "0"]).types[1] == "boolean"

    def test_case_38_groups_of_digits_by_option(self) -> None:
        content = 'id,n,p\n1,"1,000","1,234.50"\n2,20,0.10\n'
        assert read_file(content).types == ["integer", "text", "decimal"]
        made = read_file(content, thousands_separator=",")
        assert made.types == ["integer", "integer", "decimal"]
        assert [row["n"] for row in made.rows] == [1000, 20]

    def test_case_38_units_by_option(self) -> None:
        content = "id,price,share,weight\n1,$1234.50,12%,5 kg\n2,-$0.10,7 %,\n3,3.00,-1%,-2kg\n"
        assert read_file(content).types == ["integer", "text", "integer", "text"]
        made = read_file(content, units=["$", "%", "kg"])
        assert made.types == ["integer", "decimal", "integer", "integer"]
        assert [row["share"] for row in made.rows] == [12, 7, -1]
        assert [row["weight"] for row in made.rows] == [5, None, -2]

    @pytest.mark.parametrize("value", ["$", "$$5", "5 $ 6", "5 EUR", "$ $"])
    def test_case_38_what_is_no_number_beside_its_unit(self, value: str) -> None:
        columns = [Column(name="id", type="integer"), Column(name="v", type="number")]
        made = read_file(f"id,v\n1,{value}\n", columns, units=["$"])
        assert [(item["code"], item["value"]) for item in made.rejections] == [("not_number", value)]

    @pytest.mark.parametrize("units", [["k", "kg"], ["kg", "k"]])
    def test_case_38_a_unit_that_begins_as_another(self, units: list[str]) -> None:
        columns = [Column(name="id", type="integer"), Column(name="v", type="integer")]
        made = read_file("id,v\n1,kg 5\n2,5 kg\n3,k7\n", columns, units=units)
        assert [row["v"] for row in made.rows] == [5, 5, 7]
