"""Changes of a dataset's columns: their effect on its records, and the reasons to refuse them."""

from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient

from tests.datasets.conftest import Columns, Document, Things

COLUMNS: Columns = {
    "sku": "text",
    "name": {"type": "text", "label": "Product name"},
    "price": {"type": "decimal", "precision": 8, "scale": 2},
    "count": "integer",
}
ROWS = [("a", "Lamp", Decimal("1.50"), 5), ("b/1", "Chair", Decimal("2.00"), None), ("c", None, None, 7)]


@pytest.fixture
async def stock(things: Things) -> Things:
    """A dataset with a key and three records."""
    await things.make(COLUMNS, ROWS, key=["sku"])
    return things


class TestDescription:
    async def test_what_is_given_changes_and_the_rest_stays(self, stock: Things) -> None:
        before = await stock.change({"title": "Stock", "description": "All of it."})
        changed = await stock.change({"title": None})
        assert (changed["title"], changed["description"]) == (None, "All of it.")
        assert changed["updated_at"] > before["updated_at"]

    async def test_the_same_again_is_no_change(self, stock: Things) -> None:
        before = await stock.change({"title": "Stock", "columns": {"count": {"min": 0}}})
        assert await stock.change({"title": "Stock", "columns": {"count": {"min": 0}, "sku": {}}}) == before

    async def test_a_columns_words_are_changed_and_kept_for_the_database(
        self, stock: Things, connections: asyncpg.Connection
    ) -> None:
        changed = await stock.change({"columns": {"name": {"label": "It's", "description": "What it is called."}}})
        assert changed["columns"][1] == {
            "name": "name",
            "type": "text",
            "required": False,
            "unique": False,
            "label": "It's",
            "description": "What it is called.",
        }
        comment = "SELECT col_description('data.things'::regclass, 2)"
        assert await connections.fetchval(comment) == "It's"
        await stock.change({"columns": {"name": {"label": None}}})
        assert await connections.fetchval(comment) is None


class TestAddColumns:
    async def test_the_records_have_null_there(self, stock: Things) -> None:
        changed = await stock.change(
            {"add_columns": [{"name": "color", "type": "text"}, {"name": "day", "type": "date"}]}
        )
        assert [column["name"] for column in changed["columns"]] == ["sku", "name", "price", "count", "color", "day"]
        assert (await stock.records())[0] == {
            "sku": "a",
            "name": "Lamp",
            "price": "1.50",
            "count": 5,
            "color": None,
            "day": None,
        }

    @pytest.mark.parametrize(
        ("members", "fill", "shown"),
        [
            ({"type": "text"}, 'it\'s \\ "€"', 'it\'s \\ "€"'),
            ({"type": "integer"}, 5, 5),
            ({"type": "bigint"}, "9007199254740993", "9007199254740993"),
            ({"type": "number"}, 0.1, 0.1),
            ({"type": "number"}, "NaN", "NaN"),
            ({"type": "decimal", "precision": 20, "scale": 2}, "123456789012345678.9", "123456789012345678.90"),
            ({"type": "boolean"}, False, False),
            ({"type": "date"}, "2024-02-29", "2024-02-29"),
            ({"type": "datetime"}, "2024-02-29T12:00:00+02:00", "2024-02-29T10:00:00.000000Z"),
            ({"type": "uuid"}, "01234567-89AB-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"),
            ({"type": "json"}, {"a": ["€", None, 0.5]}, {"a": ["€", None, 0.5]}),
            ({"type": "json"}, "plain", "plain"),
        ],
    )
    async def test_a_value_for_the_records_that_are_there(
        self, stock: Things, members: Document, fill: Any, shown: Any
    ) -> None:
        changed = await stock.change({"add_columns": [{"name": "more", **members, "required": True, "fill": fill}]})
        assert await stock.values("more") == [shown] * 3
        assert "fill" not in changed["columns"][-1]
        # Only those: a new record has to say it.
        layout = await stock.layout()
        assert layout["more"].endswith(" NOT NULL")
        assert "DEFAULT" not in layout["more"]

    @pytest.mark.parametrize(
        ("members", "fill", "reason"),
        [
            ({"type": "integer"}, "5", '"5" is not an integer as JSON shows it'),
            ({"type": "integer"}, 1.5, "1.5 is not an integer as JSON shows it"),
            ({"type": "integer"}, True, "true is not an integer as JSON shows it"),
            ({"type": "integer"}, 2**53, "'9007199254740992' is not an integer"),
            ({"type": "number"}, "1.5", '"1.5" is not a number as JSON shows it'),
            ({"type": "boolean"}, "true", '"true" is not a boolean as JSON shows it'),
            ({"type": "decimal", "precision": 4, "scale": 2}, 0.1, "0.1 is not a decimal as JSON shows it"),
            ({"type": "decimal", "precision": 4, "scale": 2}, "100", "'100' does not fit decimal(4,2)"),
            ({"type": "text"}, {"a": 1}, '{"a": 1} is not a text as JSON shows it'),
            ({"type": "text"}, "a\0b", "add_columns/0/fill: A string contains NUL"),
            ({"type": "json"}, {"a": "\0"}, "NUL"),
            ({"type": "date"}, "2023-02-29", "'2023-02-29' is not a date"),
            ({"type": "integer", "min": 5}, 4, "less than 5"),
            ({"type": "text", "max_length": 1}, "ab", "longer than 1"),
            ({"type": "text", "pattern": "[a-z]+"}, "A", "does not fit the pattern [a-z]+"),
            ({"type": "text", "one_of": ["a", "b"]}, "c", "not one of a, b"),
        ],
    )
    async def test_a_value_that_does_not_fit(self, stock: Things, members: Document, fill: Any, reason: str) -> None:
        body = {"add_columns": [{"name": "more", **members, "fill": fill}]}
        assert reason in (await stock.refused(body, "request-invalid"))["detail"]

    async def test_a_required_one_needs_a_value_where_there_are_records(self, stock: Things) -> None:
        body = {"add_columns": [{"name": "more", "type": "text", "required": True}]}
        problem = await stock.refused(body, "records-incompatible")
        assert problem["detail"] == "Some records of 'things' do not fit: 'more': a value is required (3 records)."
        assert "`fill`" in problem["hint"]
        assert [example["key"] for example in problem["errors"]] == ["a", "b%2F1", "c"]

    async def test_a_required_one_needs_none_where_there_are_no_records(self, things: Things) -> None:
        await things.make(COLUMNS, key=["sku"])
        await things.change({"add_columns": [{"name": "more", "type": "text", "required": True}]})
        assert (await things.layout())["more"] == "text NOT NULL"

    async def test_one_value_for_all_is_not_unique(self, stock: Things) -> None:
        body = {"add_columns": [{"name": "more", "type": "text", "unique": True, "fill": "x"}]}
        assert (await stock.refused(body, "records-incompatible"))["errors"][0]["code"] == "repeated_value"

    async def test_a_dataset_without_columns_gets_its_table(self, client: AsyncClient, things: Things) -> None:
        await client.post("/datasets", json={"name": "things"})
        columns = [{"name": "sku", "type": "text"}, {"name": "n", "type": "integer"}]
        changed = await things.change({"add_columns": columns, "key": ["sku"], "indexes": [{"columns": ["-n"]}]})
        assert changed["columns"][0]["required"] is True
        assert await things.layout() == {
            "sku": "text NOT NULL",
            "n": "bigint",
            "things__pkey": "PRIMARY KEY (sku)",
            "things__n__idx_d": "btree (n DESC, sku DESC)",
        }

    @pytest.mark.parametrize(
        ("column", "kind"),
        [
            ({"name": "sku", "type": "text"}, "request-invalid"),
            ({"name": "a b", "type": "text"}, "request-invalid"),
            ({"name": "xmin", "type": "text"}, "request-invalid"),
            ({"name": "more"}, "request-invalid"),
            ({"name": "more", "type": "decimal"}, "request-invalid"),
            ({"name": "more", "type": "text", "references": "absent"}, "reference-invalid"),
            ({"name": "more", "type": "text", "default": 1}, "request-invalid"),
        ],
    )
    async def test_what_is_no_column(self, stock: Things, column: Document, kind: str) -> None:
        await stock.refused({"add_columns": [column]}, kind)


class TestRenameColumns:
    async def test_everything_follows(self, stock: Things) -> None:
        await stock.change({"columns": {"name": {"unique": True}}, "indexes": [{"columns": ["name", "-count"]}]})
        changed = await stock.change({"columns": {"name": {"name": "title"}, "sku": {"name": "code"}}})
        assert changed["key"] == ["code"]
        assert await stock.records() == [
            {"code": sku, "title": name, "price": None if price is None else str(price), "count": count}
            for sku, name, price, count in ROWS
        ]
        assert [index["name"] for index in changed["indexes"]] == [
            "things__pkey",
            "things__title__count__idx_ad",
            "things__title__key",
        ]

    async def test_two_may_change_their_names(self, stock: Things) -> None:
        names = {column: {"unique": True} for column in ("name", "price")}
        await stock.change({"columns": names, "indexes": [{"columns": ["name"]}, {"columns": ["price"]}]})
        before = await stock.records()
        await stock.change({"columns": {"name": {"name": "price"}, "price": {"name": "name"}}})
        swapped = [{**record, "name": record["price"], "price": record["name"]} for record in before]
        assert await stock.records() == swapped
        layout = await stock.layout()
        assert (layout["things__name__key"], layout["things__name__idx"]) == ("UNIQUE (name)", "btree (name, sku)")

    async def test_a_dropped_ones_name_is_free(self, stock: Things) -> None:
        await stock.change({"columns": {"name": None, "count": {"name": "name"}}, "indexes": [{"columns": ["name"]}]})
        assert await stock.values("name") == [5, None, 7]
        await stock.change({"columns": {"name": None}, "add_columns": [{"name": "name", "type": "text", "fill": "x"}]})
        assert await stock.values("name") == ["x", "x", "x"]
        assert "things__name__idx" not in await stock.layout()

    @pytest.mark.parametrize("name", ["price", "A", "a__b", "", None, "ctid"])
    async def test_what_is_no_name(self, stock: Things, name: str | None) -> None:
        await stock.refused({"columns": {"name": {"name": name}}}, "request-invalid")


class TestDropColumns:
    async def test_its_values_go_with_it(self, stock: Things) -> None:
        await stock.change({"indexes": [{"columns": ["name", "price"]}, {"columns": ["count"]}, {"search": True}]})
        changed = await stock.change({"columns": {"name": None}})
        assert await stock.records() == [
            {"sku": "a", "price": "1.50", "count": 5},
            {"sku": "b/1", "price": "2.00", "count": None},
            {"sku": "c", "price": None, "count": 7},
        ]
        assert [index["name"] for index in changed["indexes"]] == [
            "things__count__idx",
            "things__pkey",
            "things__search",
        ]

    async def test_one_of_the_key_stays(self, stock: Things) -> None:
        problem = await stock.refused({"columns": {"sku": None}}, "request-invalid")
        assert problem["detail"] == "'sku' cannot be dropped: the key is made of it."
        await stock.change({"columns": {"sku": None}, "key": []})
        assert [record["_id"] for record in await stock.records()] == [1, 2, 3]

    async def test_the_last_one_stays(self, things: Things) -> None:
        await things.make({"a": "text"}, [("x",)])
        assert (
            "keeps at least one column" in (await things.refused({"columns": {"a": None}}, "request-invalid"))["detail"]
        )

    async def test_one_that_is_not_there(self, stock: Things) -> None:
        problem = await stock.refused({"columns": {"prise": None, "nme": {}}}, "column-not-found")
        assert problem["detail"] == (
            "There is no column 'prise'. Did you mean 'price'? There is no column 'nme'. Did you mean 'name'?"
        )

    async def test_a_view_that_needs_it_is_named(self, stock: Things, connections: asyncpg.Connection) -> None:
        await connections.execute("CREATE VIEW data.seen AS SELECT name, price FROM data.things")
        problem = await stock.refused({"columns": {"name": None}}, "column-in-use")
        assert "view data.seen depends on column" in problem["detail"]
        await stock.refused({"columns": {"price": {"type": "number"}}}, "column-in-use")
        await stock.change({"columns": {"name": {"name": "title"}}})


class TestTypes:
    async def test_the_values_are_converted(self, stock: Things) -> None:
        await stock.change(
            {"columns": {"count": {"type": "decimal", "precision": 5, "scale": 1}, "price": {"type": "text"}}}
        )
        assert await stock.values("count") == ["5.0", None, "7.0"]
        assert await stock.values("price") == ["1.50", "2.00", None]
        changed = await stock.change({"columns": {"count": {"type": "integer"}}})
        assert changed["columns"][3] == {"name": "count", "type": "integer", "required": False, "unique": False}
        assert await stock.values("count") == [5, None, 7]

    async def test_those_that_do_not_are_named(self, stock: Things) -> None:
        body = {"columns": {"price": {"type": "integer"}, "name": {"type": "date"}}}
        problem = await stock.refused(body, "records-incompatible")
        assert [(example["column"], example["key"], example["value"]) for example in problem["errors"]] == [
            ("name", "a", "Lamp"),
            ("name", "b%2F1", "Chair"),
            ("price", "a", "1.50"),
        ]

    async def test_json_is_read_as_imports_read_it(self, things: Things) -> None:
        await things.make({"a": "text"}, [('{"x": 1}',), ('{"x":1,"x":2}',), ("[" * 5000,), (None,)])
        problem = await things.refused({"columns": {"a": {"type": "json"}}}, "records-incompatible")
        assert [example["key"] for example in problem["errors"]] == ["2", "3"]

    async def test_dates_of_a_format(self, things: Things) -> None:
        await things.make({"day": "text"}, [("01/02/2024",), ("31/12/2023",), (None,)])
        changed = await things.change({"columns": {"day": {"type": "date", "date_format": "DD/MM/YYYY"}}})
        assert changed["columns"][0]["date_format"] == "DD/MM/YYYY"
        assert await things.values("day") == ["2024-02-01", "2023-12-31", None]

    async def test_rules_are_checked_of_the_new_values(self, things: Things) -> None:
        await things.make({"a": "text"}, [("10",), ("9",)])
        body: Document = {"columns": {"a": {"type": "integer", "min": 10}}}
        assert (await things.refused(body, "records-incompatible"))["errors"][0]["value"] == "9"

    async def test_values_that_become_the_same_are_not_unique_any_more(self, things: Things) -> None:
        await things.make({"a": {"type": "text", "unique": True}}, [("1.0",), ("1.00",)])
        problem = await things.refused({"columns": {"a": {"type": "number"}}}, "records-incompatible")
        assert [example["code"] for example in problem["errors"]] == ["repeated_value"] * 2

    async def test_indexes_stay(self, things: Things) -> None:
        await things.make({"a": "text", "b": "text"}, [("1", "x")], indexes=[{"columns": ["-a"]}, {"search": True}])
        changed = await things.change({"columns": {"a": {"type": "integer", "required": True}}})
        assert {"columns": ["-a"], "name": "things__a__idx_d", "origin": "declared"} in changed["indexes"]
        layout = await things.layout()
        assert layout["things__a__idx_d"] == "btree (a DESC, _id DESC)"
        assert '"a"' not in layout["things__search"]

    async def test_one_of_the_same_kind_is_checked_only(self, things: Things) -> None:
        await things.make({"a": "bigint"}, [(2**53 - 1,)])
        await things.change({"columns": {"a": {"type": "integer"}}})
        assert await things.values("a") == [2**53 - 1]
        await things.change({"columns": {"a": {"type": "bigint"}}})
        assert await things.values("a") == [str(2**53 - 1)]

    async def test_what_can_never_be(self, stock: Things) -> None:
        problem = await stock.refused({"columns": {"count": {"type": "uuid"}}}, "type-conversion-not-supported")
        assert problem["hint"] == "They can become bigint, number, decimal, boolean, text."

    async def test_rules_of_the_old_type_have_to_go(self, stock: Things) -> None:
        await stock.change({"columns": {"name": {"max_length": 9}}})
        problem = await stock.refused({"columns": {"name": {"type": "json"}}}, "request-invalid")
        assert problem["detail"] == "'name': `max_length` goes with text, not with json."
        assert problem["errors"][0]["path"] == "columns/name"
