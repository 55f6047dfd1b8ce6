from decimal import Decimal

import pytest

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


def _example(column: str, code: str, key: str, value: str | None, message: str) -> Document:
    return {"column": column, "code": code, "key": key, "value": value, "message": message}


class TestConstraints:
    @pytest.mark.parametrize(
        ("column", "constraint", "example"),
        [
            ("name", {"required": True}, _example("name", "required", "c", None, "a value is required")),
            ("name", {"max_length": 4}, _example("name", "max_length", "b%2F1", "Chair", "longer than 4")),
            ("name", {"pattern": "L.*"}, _example("name", "pattern", "b%2F1", "Chair", "does not fit the pattern L.*")),
            ("name", {"min": "Ch", "max": "D"}, _example("name", "max", "a", "Lamp", "more than D")),
            ("name", {"one_of": ["Lamp"]}, _example("name", "one_of", "b%2F1", "Chair", "not one of Lamp")),
            ("price", {"min": 1.75}, _example("price", "min", "a", "1.50", "less than 1.75")),
            ("price", {"one_of": ["2"]}, _example("price", "one_of", "a", "1.50", "not one of 2")),
            ("count", {"max": 6}, _example("count", "max", "c", "7", "more than 6")),
        ],
    )
    async def test_the_records_are_judged_by_a_new_one(
        self, stock: Things, column: str, constraint: Document, example: Document
    ) -> None:
        problem = await stock.refused({"columns": {column: constraint}}, "records-incompatible")
        assert problem["errors"] == [example]
        assert problem["detail"] == (
            f"Some records of 'things' do not fit: '{column}': {example['message']} (1 record)."
        )

    @pytest.mark.parametrize(
        ("column", "constraint"),
        [
            ("name", {"max_length": 5, "pattern": "[A-Z][a-z]+", "min": "A", "one_of": ["Lamp", "Chair"]}),
            ("price", {"min": 1.5, "max": "2.00", "unique": True}),
            ("count", {"min": 5, "max": 7, "one_of": [5, 7]}),
        ],
    )
    async def test_what_they_fulfil_is_kept_and_removed(self, stock: Things, column: str, constraint: Document) -> None:
        changed = await stock.change({"columns": {column: constraint}})
        kept = next(shown for shown in changed["columns"] if shown["name"] == column)
        assert constraint.items() <= kept.items()
        removed = await stock.change({"columns": {column: dict.fromkeys(constraint)}})
        after = next(shown for shown in removed["columns"] if shown["name"] == column)
        assert after["unique"] is False
        assert not (constraint.keys() - {"unique"}) & after.keys()

    async def test_up_to_ten_are_named_and_all_are_counted(self, things: Things) -> None:
        rows = [(number, f"x{number}" if number % 2 else "y") for number in range(30)]
        await things.make({"n": "integer", "a": "text"}, rows, key=["n"])
        for rule in ({"max_length": 1}, {"pattern": "y"}):
            problem = await things.refused({"columns": {"a": rule}}, "records-incompatible")
            assert "(15 records)" in problem["detail"]
            assert [example["key"] for example in problem["errors"]] == [str(n) for n in range(1, 20, 2)]

    async def test_all_reasons_are_told_at_once(self, stock: Things) -> None:
        body = {"columns": {"name": {"max_length": 4}, "price": {"min": 2}, "count": {"required": True}}}
        problem = await stock.refused(body, "records-incompatible")
        assert [example["code"] for example in problem["errors"]] == ["max_length", "min", "required"]

    async def test_a_value_for_the_records_that_lack_one(self, stock: Things) -> None:
        await stock.change({"columns": {"name": {"required": True, "fill": "?"}, "count": {"fill": 0}}})
        assert await stock.values("name") == ["Lamp", "Chair", "?"]
        assert await stock.values("count") == [5, 0, 7]
        assert (await stock.layout())["name"] == "text NOT NULL"
        await stock.change({"columns": {"name": {"required": False}}})
        assert (await stock.layout())["name"] == "text"

    async def test_a_value_that_only_one_record_may_have(self, things: Things) -> None:
        await things.make({"n": "integer", "u": {"type": "text", "unique": True}}, [(1, None), (2, None)], key=["n"])
        problem = await things.refused({"columns": {"u": {"fill": "x"}}}, "request-invalid")
        assert problem["detail"] == "`fill` of 'u': no two records may share a value."

    async def test_unique_names_those_who_share(self, things: Things) -> None:
        rows = [("a", "x"), ("b", "y"), ("c", "x"), ("d", None), ("e", None)]
        await things.make({"k": "text", "u": "text"}, rows, key=["k"])
        problem = await things.refused({"columns": {"u": {"unique": True}}}, "records-incompatible")
        message = "another record has the same value"
        assert problem["errors"] == [_example("u", "repeated_value", key, "x", message) for key in ("a", "c")]

    @pytest.mark.parametrize(
        ("column", "constraint", "reason"),
        [
            ("count", {"max_length": 5}, "'count': `max_length` goes with text, not with integer."),
            ("name", {"pattern": "("}, "'name': `pattern` is not a regular expression of RE2"),
            ("count", {"min": "low"}, "'count': 'low' is not an integer"),
            ("count", {"precision": 5}, "belong to decimal"),
            ("sku", {"required": False}, "'sku' is part of the key, which is never null."),
            ("name", {"type": None}, "The type of 'name' cannot be removed."),
            ("name", {"date_format": "D/M"}, "'D/M' is not a format of dates"),
        ],
    )
    async def test_what_does_not_fit_together(
        self, stock: Things, column: str, constraint: Document, reason: str
    ) -> None:
        problem = await stock.refused({"columns": {column: constraint}}, "request-invalid")
        assert reason in problem["detail"]

    async def test_patterns_are_those_of_imports(self, things: Things) -> None:
        # To PostgreSQL \d is every script's digit, and (?i) at this place an error.
        await things.make({"a": "text"}, [("٣",)])
        await things.refused({"columns": {"a": {"pattern": r"\d"}}}, "records-incompatible")
        await things.change({"columns": {"a": {"pattern": r"\p{Nd}|(?i:x)"}}})
