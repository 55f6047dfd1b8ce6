from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from app.records.openapi.queries import key_schema, query_schemas, shared_schemas, sort_names
from tests.records.schemas import make_columns, make_schema, products

SHAPE = products()
SCHEMAS = {**shared_schemas(), **query_schemas(SHAPE, ["maker"])}


def _fits(name: str, document: object) -> bool:
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    return bool(Draft202012Validator(schema).is_valid(document))


class TestQueryBody:
    @pytest.mark.parametrize(
        "document",
        [
            {},
            {"where": {"name": "Lamp", "price": {"gte": "1.50", "lt": "9"}}},
            {"where": {"_or": [{"stock": {"in": [1, 2]}}, {"_not": {"active": True}}]}},
            {"where": {"category": {"eq": "Garden"}, "name": {"isnull": False}}},
            {"where": {"released": {"between": ["2024-01-01", "2024-12-31"]}}},
            {"select": ["sku"], "sort": ["-price", "name"], "embed": ["maker"], "limit": 5, "count": "exact"},
            {"cursor": None, "q": "lamp", "spreadsheet": False},
        ],
    )
    def test_what_the_api_takes_fits(self, document: object) -> None:
        assert _fits("products_query", document)

    @pytest.mark.parametrize(
        "document",
        [
            {"were": {}},
            {"where": {"prise": 1}},
            {"where": {"name": {}}},
            {"where": {"active": {"gt": True}}},
            {"where": {"category": {"eq": "Gardn"}}},
            {"where": {"released": {"between": ["2024-01-01"]}}},
            {"where": {"_or": []}},
            {"sort": ["tags"]},
            {"select": []},
            {"limit": 0},
            {"q": " "},
        ],
    )
    def test_what_it_refuses_does_not(self, document: object) -> None:
        assert not _fits("products_query", document)


class TestResults:
    def test_members_have_the_types_of_their_functions(self) -> None:
        result = {"count": 5, "price__sum": "12.50", "stock__avg": 1.5, "released__month": "2024-01", "name": None}
        assert _fits("products_result", result)
        assert not _fits("products_result", {**result, "price__sum": 12.5})
        assert not _fits("products_result", {**result, "name__sum": 5})


class TestKeyValue:
    def test_it_has_no_queries(self) -> None:
        assert list(query_schemas(replace(SHAPE, store="keyvalue"), [])) == ["products.category_choice"]


class TestKeySchema:
    def test_of_one_value_it_is_that_value(self) -> None:
        assert key_schema(make_columns({"a": "text"}))["type"] == "string"

    def test_of_several_it_is_an_array_of_as_many(self) -> None:
        schema = key_schema(make_columns({"a": "text", "b": "integer"}))
        assert (schema["minItems"], schema["maxItems"], len(schema["prefixItems"])) == (2, 2, 2)


class TestSortNames:
    def test_both_directions_of_what_has_an_order(self) -> None:
        assert sort_names(make_schema({"n": "integer", "tags": "json"}, "n")) == ["n", "-n"]
