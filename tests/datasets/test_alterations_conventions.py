"""Conventions: a text column is changed by how its texts are written, and conventions are changed by themselves."""

from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient

from tests.datasets.conftest import Document, Things

MONEY: Document = {"type": "decimal", "precision": 12, "scale": 2}


def _rows(*texts: str | None) -> list[tuple[str | None]]:
    return [(text,) for text in texts]


class TestTextsOfAConvention:
    @pytest.mark.parametrize(
        ("texts", "change", "values"),
        [
            (
                ["1.234,50 €", "€ 5", "-0,99\xa0€", "n/a", " ", None],
                {**MONEY, "decimal_separator": ",", "thousands_separator": ".", "units": ["€"], "nulls": ["n/a"]},
                ["1234.50", "5.00", "-0.99", None, None, None],
            ),
            (
                ["$1,228.55", "($987.65)", "5.00-"],
                {**MONEY, "thousands_separator": ",", "units": ["$"], "accounting": True},
                ["1228.55", "-987.65", "-5.00"],
            ),
            (["12'345", "1\u2019234"], {"type": "integer", "thousands_separator": "'"}, [12345, 1234]),
            (["sí", "no", ""], {"type": "boolean", "booleans": ["sí", "no"]}, [True, False, None]),
            (["31/12/69", "1/1/68"], {"type": "date", "date_format": "DD/MM/YY"}, ["1969-12-31", "2068-01-01"]),
            (["20240513"], {"type": "date", "date_format": "YYYYMMDD"}, ["2024-05-13"]),
            (["12,5%", "0,1 %"], {"type": "number", "decimal_separator": ",", "units": ["%"]}, [12.5, 0.1]),
        ],
    )
    async def test_they_become_values_and_it_is_remembered(
        self, things: Things, texts: list[str | None], change: Document, values: list[Any]
    ) -> None:
        await things.make({"a": "text"}, _rows(*texts))
        changed = await things.change({"columns": {"a": change}})
        assert await things.values("a") == values
        assert changed["columns"][0] == {"name": "a", "required": False, "unique": False, **change}

    async def test_what_is_written_otherwise_is_in_the_way(self, things: Things) -> None:
        await things.make({"a": "text"}, _rows("1.234,50", "12.34", "5 $", "1.234"))
        body = {"columns": {"a": {**MONEY, "decimal_separator": ",", "thousands_separator": "."}}}
        problem = await things.refused(body, "records-incompatible")
        assert [example["value"] for example in problem["errors"]] == ["12.34", "5 $"]
        assert "(2 records)" in problem["detail"]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"type": "date", "date_format": "DD/MM/YY"}, "not a date written DD/MM/YY"),
            ({"type": "boolean", "booleans": ["sí", "no"]}, "neither 'sí' nor 'no'"),
            (
                {**MONEY, "decimal_separator": ",", "thousands_separator": ".", "units": ["€"]},
                "not a decimal with at most 10 digits before and 2 after the decimal point, written as 1.234,50 €",
            ),
            (
                {"type": "bigint", "thousands_separator": " "},
                "not a 64-bit integer (as 9007199254740993, without leading zeros), written as 1 234",
            ),
        ],
    )
    async def test_it_is_said_how_they_should_be_written(self, things: Things, change: Document, message: str) -> None:
        await things.make({"a": "text"}, _rows("x"))
        problem = await things.refused({"columns": {"a": change}}, "records-incompatible")
        assert problem["errors"][0]["message"] == message

    async def test_a_column_that_files_are_read_with_gives_its_conventions(self, things: Things) -> None:
        await things.make({"a": {"type": "text", "nulls": ["-"]}}, _rows("-", "7"))
        changed = await things.change({"columns": {"a": {"type": "integer"}}})
        assert changed["columns"][0]["nulls"] == ["-"]
        assert await things.values("a") == [None, 7]

    async def test_a_blank_text_is_no_value_of_a_required_column(self, things: Things) -> None:
        await things.make({"k": "text", "a": {"type": "text", "required": True}}, [("x", "1"), ("y", " ")], key=["k"])
        problem = await things.refused({"columns": {"a": {"type": "integer"}}}, "records-incompatible")
        assert problem["errors"] == [
            {"column": "a", "code": "required", "key": "y", "value": " ", "message": "a value is required"}
        ]
        await things.refused({"columns": {"a": {"type": "integer", "nulls": ["1"]}}}, "records-incompatible")
        await things.change({"columns": {"a": {"type": "integer", "required": False}}})
        assert await things.values("a") == [1, None]

    async def test_a_blank_text_of_a_required_column_is_filled(self, things: Things) -> None:
        await things.make({"a": {"type": "text", "required": True}, "b": "text"}, [("1", "x"), ("", "y")], key=["a"])
        await things.refused({"columns": {"a": {"type": "integer"}}}, "records-incompatible")
        await things.change({"columns": {"a": {"type": "integer", "fill": 0}}})
        assert await things.values("a") == [0, 1]
        assert (await things.layout())["a"] == "bigint NOT NULL"

    async def test_a_column_is_renamed_in_the_same_request(self, things: Things) -> None:
        await things.make({"a": "text", "b": "integer"}, [("1,5", 2)])
        body = {"columns": {"a": {"name": "b", **MONEY, "decimal_separator": ","}, "b": {"name": "a"}}}
        await things.change(body)
        assert await things.records() == [{"_id": 1, "b": "1.50", "a": 2}]


class TestConventionsAlone:
    async def test_the_records_are_not_touched(self, things: Things, connections: asyncpg.Connection) -> None:
        await things.make({"a": MONEY, "b": "boolean", "c": "date", "d": "text"}, [(1, True, None, "x")])
        place = "SELECT relfilenode FROM pg_class WHERE oid = 'data.things'::regclass"
        before, etag = await connections.fetchval(place), await _etag(things.client)
        changes: Document = {
            "a": {"decimal_separator": ",", "units": ["€"], "accounting": True},
            "b": {"booleans": ["sí", "no"]},
            "c": {"date_format": "DD/MM/YY"},
            "d": {"nulls": ["n/a", "x"]},
        }
        changed = await things.change({"columns": changes})
        assert [{**column} for column in changed["columns"]] == [
            {**column, **changes[column["name"]]} for column in changed["columns"]
        ]
        assert await connections.fetchval(place) == before
        assert await _etag(things.client) == etag
        assert await things.values("d") == ["x"]
        changed = await things.change({"columns": {"a": {"units": None, "accounting": None}}})
        assert {"units", "accounting"}.isdisjoint(changed["columns"][0])

    async def test_they_go_with_their_type(self, things: Things) -> None:
        conventions = {"decimal_separator": ",", "thousands_separator": ".", "units": ["€"], "nulls": ["-"]}
        await things.make({"a": {**MONEY, **conventions}, "b": {"type": "boolean", "booleans": ["x", "y"]}})
        changed = await things.change({"columns": {"a": {"type": "integer"}, "b": {"type": "integer"}}})
        assert changed["columns"] == [
            {"name": "a", "type": "integer", "required": False, "unique": False, **conventions},
            {"name": "b", "type": "integer", "required": False, "unique": False},
        ]
        changed = await things.change({"columns": {"a": {"type": "text"}}})
        assert changed["columns"][0] == {
            "name": "a",
            "type": "text",
            "required": False,
            "unique": False,
            "nulls": ["-"],
        }

    @pytest.mark.parametrize(
        ("change", "detail"),
        [
            ({"units": ["€"]}, "'a': `units` goes with numbers, not with text."),
            ({"type": "date", "thousands_separator": "."}, "`thousands_separator` goes with numbers, not with date"),
            ({"booleans": ["a", "b"]}, "'a': `booleans` goes with boolean, not with text."),
            ({"date_format": "DD/MM/YYYY"}, "'a': `date_format` goes with date and datetime, not with text."),
            ({"type": "integer", "date_format": "YYYYMMDD"}, "`date_format` goes with date and datetime"),
            ({"type": "integer", "thousands_separator": ",", "decimal_separator": ","}, "are the same"),
            ({"type": "integer", "units": ["5"]}, "'5' is no unit"),
        ],
    )  # fmt: skip
    async def test_those_of_another_type_are_refused(self, things: Things, change: Document, detail: str) -> None:
        await things.make({"a": "text"})
        problem = await things.refused({"columns": {"a": change}}, "request-invalid")
        assert detail in problem["detail"]

    async def test_key_value_datasets_have_them_too(self, client: AsyncClient) -> None:
        columns = [{"name": "k", "type": "text"}, {"name": "a", "type": "integer"}]
        await client.post("/datasets", json={"name": "kept", "store": "keyvalue", "columns": columns, "key": ["k"]})
        await client.post("/datasets/kept/records", json={"k": "x", "a": 1})
        change = {"columns": {"a": {"units": ["kg"], "nulls": ["-"]}}}
        response = await client.patch("/datasets/kept", json=change)
        assert response.status_code == 200, response.text
        assert response.json()["columns"][1]["units"] == ["kg"]
        assert (await client.get("/datasets/kept/records/x")).json() == {"k": "x", "a": 1}


async def _etag(client: AsyncClient) -> str:
    return (await client.get("/datasets/things/records/1")).headers["ETag"]
