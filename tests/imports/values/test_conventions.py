"""Conventions of a column: proven by one file, remembered for those that follow, given for one of them."""

from typing import Any

import pytest

from tests.imports.conftest import Document, Importer, types
from tests.imports.engine import read_file

FIRST = "id;kg\n1;1.234,567\n2;12,500\n3;7,25\n"
SECOND = "id;kg\n4;1.234\n5;2.500\n"
NO_BREAK = "\u00a0"


def column(shown: Document, name: str) -> Document:
    """A column as an import or a dataset shows it."""
    found: Document = next(item for item in shown["columns"] if item["name"] == name)
    return found


class TestRemembered:
    @pytest.mark.parametrize("store", ["relational", "keyvalue"])
    @pytest.mark.parametrize("mode", ["append", "upsert", "replace"])
    async def test_a_later_file_is_read_as_the_first_proved(self, importer: Importer, store: str, mode: str) -> None:
        await importer.client.post("/datasets", json={"name": "d", "store": store})
        first = await importer("d", FIRST)
        assert column(first, "kg")["decimal_separator"] == ","
        kg = column(await importer.dataset("d"), "kg")
        assert (kg["type"], kg["decimal_separator"], kg["thousands_separator"]) == ("decimal", ",", ".")
        second = await importer("d", SECOND, mode=mode)
        assert second["status"] == "succeeded"
        keys = ["4", "5"]
        records = [(await importer.client.get(f"/datasets/d/records/{key}")).json() for key in keys]
        assert [record["kg"] for record in records] == ["1234.000", "2500.000"]

    async def test_a_point_is_remembered_too(self, importer: Importer) -> None:
        await importer("d", "id;kg\n1;12.50\n")
        shown = await importer("d", "id;kg\n2;1.234,50\n3;1.25\n", on_reject="skip")
        assert [(item["value"], item["code"]) for item in shown["rejections"]] == [("1.234,50", "not_decimal")]
        assert [record["kg"] for record in await importer.records("d")] == ["12.50", "1.25"]

    async def test_what_a_file_proves_of_a_column_that_was_made_is_kept(self, importer: Importer) -> None:
        kg = {"name": "kg", "type": "decimal", "precision": 12, "scale": 3}
        await importer.client.post("/datasets", json={"name": "d", "columns": [{"name": "id", "type": "integer"}, kg]})
        assert (await importer("d", FIRST, dry_run=True))["status"] == "succeeded"
        assert "decimal_separator" not in column(await importer.dataset("d"), "kg")
        assert (await importer("d", FIRST))["status"] == "succeeded"
        kept = column(await importer.dataset("d"), "kg")
        assert (kept["decimal_separator"], kept["thousands_separator"]) == (",", ".")
        await importer("d", SECOND)
        values = [record["kg"] for record in await importer.records("d")]
        assert values == ["1234.567", "12.500", "7.250", "1234.000", "2500.000"]

    async def test_a_doubtful_point_is_read_as_in_json_and_stays_so(self, importer: Importer) -> None:
        kg = {"name": "kg", "type": "decimal", "precision": 12, "scale": 3}
        await importer.client.post("/datasets", json={"name": "d", "columns": [{"name": "id", "type": "integer"}, kg]})
        shown = await importer("d", SECOND)
        assert ["'kg' is read with a point before the fraction" in warning for warning in shown["warnings"]] == [True]
        assert "thousands_separator=." in shown["warnings"][0]
        shown = await importer("d", "id;kg\n6;1.234,50\n7;1.234\n", on_reject="skip")
        assert [item["value"] for item in shown["rejections"]] == ["1.234,50"]
        assert [record["kg"] for record in await importer.records("d")] == ["1.234", "2.500", "1.234"]

    async def test_an_option_goes_before_it_for_one_file(self, importer: Importer) -> None:
        await importer("d", FIRST)
        shown = await importer("d", SECOND, options={"decimal_separator": "."})
        assert shown["status"] == "succeeded"
        assert column(await importer.dataset("d"), "kg")["decimal_separator"] == ","
        assert [record["kg"] for record in await importer.records("d")][3:] == ["1.234", "2.500"]

    async def test_points_in_a_file_of_another_delimiter_are_not_guessed(self, importer: Importer) -> None:
        await importer("d", FIRST)
        shown = await importer("d", "id,kg\n4,1.234\n5,2.500\n", on_reject="skip")
        assert shown["problem"]["type"] == "/problems/options-mismatch"
        assert '"1.234" at line 2' in shown["problem"]["detail"]
        assert "decimal_separator=." in shown["problem"]["hint"]
        shown = await importer("d", "id,kg\n4,1.234\n", options={"decimal_separator": "."})
        assert shown["status"] == "succeeded"
        shown = await importer("d", 'id,kg\n5,1.234\n6,"1.234,50"\n')
        assert shown["status"] == "succeeded"
        values = [record["kg"] for record in await importer.records("d")]
        assert values[3:] == ["1.234", "1234.000", "1234.500"]

    async def test_signs_and_units(self, importer: Importer) -> None:
        await importer("d", 'id,v\n1,"($1,234.50)"\n2,$2.00\n')
        shown = await importer("d", "id,v\n3,($5.25)\n4,€1.00\n5,7.00\n", on_reject="skip")
        assert [item["value"] for item in shown["rejections"]] == ["€1.00"]
        assert shown["rejections"][0]["message"].endswith("numbers of this column are read as 1,234.50 $")
        assert [record["v"] for record in await importer.records("d")] == ["-1234.50", "2.00", "-5.25", "7.00"]

    async def test_integers_in_groups(self, importer: Importer) -> None:
        await importer("d", "id;people\n1;1.234.567\n2;1.000\n")
        assert column(await importer.dataset("d"), "people")["type"] == "integer"
        await importer("d", "id;people\n3;7.000\n")
        assert [record["people"] for record in await importer.records("d")] == [1234567, 1000, 7000]


class TestLargeFiles:
    """Larger than the first part that proposes the columns."""

    @pytest.mark.parametrize(
        ("last", "kind", "value"),
        [
            ("1.234,50", "decimal", "1234.50"),
            ("1.234", "text", "1.234"),
            ("7,5", "number", 7.5),
            ("(5,00)", "decimal", "-5.00"),
        ],
    )
    async def test_what_only_the_end_proves(self, importer: Importer, last: str, kind: str, value: Any) -> None:
        rows = "".join(f"{number};1{number % 100:02}\n" for number in range(40_000))
        shown = await importer("d", f"id;v\n{rows}40000;{last}\n")
        assert (shown["status"], types(shown)["v"]) == ("succeeded", kind)
        record = (await importer.client.get("/datasets/d/records/40000")).json()
        assert record["v"] == value

    async def test_a_near_miss_is_counted_over_all_of_it(self, importer: Importer) -> None:
        rows = "".join(f"{number};{number}.25\n" for number in range(40_000))
        shown = await importer("d", f"id;v\n{rows}40000;ninety\n")
        assert column(shown, "v")["candidates"][0]["fits"] == 40_000
        assert column(shown, "v")["candidates"][0]["misfit"] == {"line": 40_002, "value": "ninety"}
        assert "'v' is text for 1 of its 40,001 values" in shown["warnings"][0]


class TestBooleans:
    def test_a_pair_of_words_needs_both(self) -> None:
        assert read_file("id,country\n1,NO\n2,NO\n").types == ["integer", "text"]
        assert read_file("id,country\n1,NO\n2,Yes\n").types == ["integer", "boolean"]
        assert read_file("id,country\n1,FALSE\n2,false\n").types == ["integer", "boolean"]

    async def test_one_word_is_said_to_prove_nothing(self, importer: Importer) -> None:
        shown = await importer("d", "id,country\n1,NO\n2,NO\n")
        assert types(shown)["country"] == "text"
        assert ["'country' has one word of 'yes' and 'no'" in warning for warning in shown["warnings"]] == [True]

    async def test_words_that_were_given_are_remembered(self, importer: Importer) -> None:
        await importer("d", "id,ok\n1,ja\n2,nein\n", options={"booleans": ["ja", "nein"]})
        assert column(await importer.dataset("d"), "ok")["booleans"] == ["ja", "nein"]
        shown = await importer("d", "id,ok\n3,ja\n4,true\n5,yes\n", on_reject="skip")
        assert [item["value"] for item in shown["rejections"]] == ["yes"]
        assert [record["ok"] for record in await importer.records("d")] == [True, False, True, True]


class TestNulls:
    @pytest.mark.parametrize("store", ["relational", "keyvalue"])
    async def test_words_of_a_column_quoted_or_not(self, importer: Importer, store: str) -> None:
        columns = [
            {"name": "id", "type": "integer", "required": True},
            {"name": "n", "type": "integer", "nulls": ["NA", "-"]},
            {"name": "t", "type": "text", "nulls": ["NA"]},
        ]
        await importer.client.post("/datasets", json={"name": "d", "store": store, "key": ["id"], "columns": columns})
        shown = await importer("d", 'id,n,t\n1,NA,NA\n2,"-",-\n3, NA ,x\n')
        assert shown["status"] == "succeeded", shown
        records = [(await importer.client.get(f"/datasets/d/records/{key}")).json() for key in (1, 2, 3)]
        assert [(record["n"], record["t"]) for record in records] == [(None, None), (None, "-"), (None, "x")]

    def test_quoted_nulls_by_option(self) -> None:
        content = '"id","v","t"\n"1","NULL",""\n"2","5","NULL"\n'
        assert read_file(content, nulls=["NULL"]).types == ["integer", "text", "text"]
        made = read_file(content, nulls=["NULL"], quoted_nulls=True)
        assert made.types == ["integer", "integer", "text"]
        assert made.rows == [{"id": 1, "v": None, "t": ""}, {"id": 2, "v": 5, "t": None}]

    @pytest.mark.parametrize("space", [" ", "   ", NO_BREAK, f" {NO_BREAK}", "\u202f"])
    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            ("7", "integer"),
            ("7.25", "decimal"),
            ("true", "boolean"),
            ("2024-01-31", "date"),
            ("2024-01-31T10:00:00Z", "datetime"),
            ("31.12.2024 10:00", "datetime"),
            ("01234567-89ab-cdef-0123-456789abcdef", "uuid"),
        ],
    )
    def test_cells_of_spaces_and_spaces_around(self, space: str, value: str, kind: str) -> None:
        content = f"id,v,note\n1,{space},a\n2,{space}{value}{space},{space}\n3,{value},c\n"
        made = read_file(content, header=True, delimiter=",")
        assert (made.types, made.rejections) == (["integer", kind, "text"], [])
        values = [row["v"] for row in made.rows]
        assert values[0] is None
        assert values[1] == values[2] is not None
        assert made.rows[1]["note"] == space
        again = read_file(content, made.columns, header=True, delimiter=",")
        assert again.rows == made.rows

    def test_a_column_of_spaces_is_text(self) -> None:
        assert read_file("id,v\n1,  \n2, \n", header=True, delimiter=",").types == ["integer", "text"]


class TestDates:
    @pytest.mark.parametrize(
        ("written", "text", "day"),
        [
            ("DD/MM/YY", "13/05/24", "2024-05-13"),
            ("DD/MM/YY", "31/12/69", "1969-12-31"),
            ("DD/MM/YY", "31/12/68", "2068-12-31"),
            ("MM/DD/YY", "5/3/00", "2000-05-03"),
            ("DD-MON-YY", "13-May-99", "1999-05-13"),
            ("YYYYMMDD", "20240513", "2024-05-13"),
            ("DDMMYYYY", "13052024", "2024-05-13"),
            ("YYMMDD", "240513", "2024-05-13"),
        ],
    )
    def test_of_formats_that_are_given(self, written: str, text: str, day: str) -> None:
        made = read_file(f"id,d\n1,{text}\n", header=True, date_format={"d": written})
        assert made.types == ["integer", "date"]
        assert str(made.rows[0]["d"]) == day
        again = read_file(f"id,d\n1,{text}\n", made.columns, header=True)
        assert again.rows == made.rows

    @pytest.mark.parametrize("text", ["20240230", "2024513", "202405131", "13/05/24"])
    def test_what_is_none_of_a_given_format(self, text: str) -> None:
        made = read_file(f"id,d\n1,20240513\n2,{text}\n", header=True, date_format={"d": "YYYYMMDD"})
        assert made.types[1] != "date"

    async def test_a_year_of_two_digits_is_never_guessed_and_the_format_is_named(self, importer: Importer) -> None:
        content = "id,d\n1,13/05/24\n2,31/12/69\n"
        shown = await importer("a", content)
        assert types(shown)["d"] == "text"
        assert "d=DD/MM/YY" in shown["warnings"][0]
        shown = await importer("b", content, options={"date_format": {"d": "DD/MM/YY"}})
        assert types(shown)["d"] == "date"
        assert "years 69 to 99 are 1969 to 1999" in column(shown, "d")["evidence"][0]
        assert [record["d"] for record in await importer.records("b")] == ["2024-05-13", "1969-12-31"]

    async def test_a_format_is_given_by_the_label_or_the_name(self, importer: Importer) -> None:
        content = "id,Fecha Alta\n1,01/02/2024\n2,03/04/2024\n"
        for dataset, name in (("a", "Fecha Alta"), ("b", "fecha_alta")):
            shown = await importer(dataset, content, options={"date_format": {name: "DD/MM/YYYY"}})
            assert types(shown) == {"id": "integer", "fecha_alta": "date"}
            later = content.replace("\n1", "\n3").replace("\n2", "\n4")
            again = await importer(dataset, later, options={"date_format": {name: "MM/DD/YYYY"}})
            assert again["status"] == "succeeded"
            assert [record["fecha_alta"] for record in await importer.records(dataset)] == [
                "2024-02-01",
                "2024-04-03",
                "2024-01-02",
                "2024-03-04",
            ]

    async def test_a_name_that_no_column_has_is_an_error(self, importer: Importer) -> None:
        for _ in range(2):
            shown = await importer("d", "id,day\n1,01/02/2024\n", options={"date_format": {"dya": "DD/MM/YYYY"}})
            assert shown["status"] == "failed"
            assert shown["problem"]["type"] == "/problems/options-mismatch"
            assert "'dya'" in shown["problem"]["detail"]
            assert "Did you mean 'day'?" in shown["problem"]["detail"]
            await importer("d", "id,day\n1,x\n")

    @pytest.mark.parametrize("pinned", [True, False])
    def test_seven_digits_of_a_second_and_utc(self, pinned: bool) -> None:
        content = (
            "id,t\n1,2024-05-13 13:05:00.0000000\n2,2024-05-14 00:00:00.1200000\n3,2024-05-14 00:00:00 UTC\n"
            "4,2024-05-14T00:00:00.1234560Z\n"
        )
        made = read_file(content)
        assert made.types == ["integer", "datetime"]
        if pinned:
            made = read_file(content, made.columns)
        assert [str(row["t"]) for row in made.rows] == [
            "2024-05-13 13:05:00",
            "2024-05-14 00:00:00.120000",
            "2024-05-14 00:00:00",
            "2024-05-14 00:00:00.123456",
        ]

    def test_no_digit_of_a_second_is_lost(self) -> None:
        assert read_file("id,t\n1,2024-05-13 13:05:00.1234567\n").types == ["integer", "text"]


class TestIntegers:
    async def test_a_fraction_of_noughts_is_an_integer_in_a_column_of_integers(self, importer: Importer) -> None:
        await importer("d", "id,qty\n1,5\n")
        shown = await importer("d", "id,qty\n2,10.0\n3,\n4,30.00\n5,10.5\n", on_reject="skip")
        assert [item["value"] for item in shown["rejections"]] == ["10.5"]
        assert [record["qty"] for record in await importer.records("d")] == [5, 10, None, 30]

    def test_codes_with_an_e_stay_text(self) -> None:
        content = "sku,qty\n12E3,1\n45E6,2\n7E1,3\n"
        assert read_file(content).types == ["text", "integer"]
        made: Any = read_file(content, [*read_file("sku,qty\n1.5e3,1\n").columns])
        assert [row["sku"] for row in made.rows] == [12_000, 45_000_000, 70]
