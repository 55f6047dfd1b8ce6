from dataclasses import replace
from typing import Any

import pytest

from app.records.openapi.parameters import (
    aggregate_parameters,
    filter_references,
    list_parameters,
    own_parameters,
    parameters_of,
    shared_parameters,
    view_parameters,
)
from tests.records.schemas import make_schema, products

SHAPE = products()
OWN = own_parameters(SHAPE)
SHARED = shared_parameters(SHAPE)


class TestOwnParameters:
    def test_they_are_those_that_say_something_of_the_dataset(self) -> None:
        assert "products.name" in OWN
        assert "products.category__in" in OWN
        assert "price__gte.decimal" in SHARED
        assert not {*OWN} & {*SHARED}
        assert parameters_of(SHAPE) == OWN | SHARED

    def test_an_example_of_a_record_is_in_them(self) -> None:
        schema = replace(SHAPE, examples={"name": "Lamp", "category": "Garden"})
        assert own_parameters(schema)["products.name"]["schema"]["examples"] == ["Lamp"]
        assert "examples" not in own_parameters(schema)["products.category"]["schema"]

    def test_the_owners_words_end_no_comment(self) -> None:
        schema = make_schema({"a": {"type": "text", "description": "never */ so"}})
        assert own_parameters(schema)["products.a"]["description"] == "never * / so"


class TestSharedParameters:
    @pytest.mark.parametrize(
        ("name", "schema"),
        [
            ("price__between.decimal", {"minItems": 2, "maxItems": 2}),
            ("name__isnull.text", {"type": "boolean"}),
            ("stock__in.integer", {"type": "array", "minItems": 1}),
            ("tags__contains.json", {"format": "json"}),
        ],
    )
    def test_each_takes_what_its_operator_does(self, name: str, schema: dict[str, Any]) -> None:
        assert schema.items() <= SHARED[name]["schema"].items()

    def test_times_say_what_a_day_is(self) -> None:
        assert "midnight in UTC" in SHARED["updated__gte.datetime"]["description"]

    def test_what_is_never_missing_is_not_asked_for_being_so(self) -> None:
        assert "sku__isnull.text" not in SHARED


class TestOperations:
    def test_every_reference_leads_to_a_parameter(self) -> None:
        given = [*list_parameters(SHAPE, ["maker"]), *aggregate_parameters(SHAPE), *filter_references(SHAPE)]
        names = [one["$ref"].rpartition("/")[2] for one in given if "$ref" in one]
        assert set(names) <= {*parameters_of(SHAPE)}

    def test_what_can_be_embedded_is_offered(self) -> None:
        assert [one["name"] for one in view_parameters(SHAPE, ["maker"])] == ["_select", "_embed"]
        assert [one["name"] for one in view_parameters(SHAPE, [])] == ["_select"]

    def test_a_group_is_a_column_or_a_period(self) -> None:
        (groups,) = [one for one in aggregate_parameters(SHAPE) if one.get("name") == "_group"]
        names = groups["schema"]["items"]["enum"]
        assert {"name", "released__month", "updated"} <= {*names}
        assert "tags" not in names

    def test_a_key_value_list_asks_for_its_key(self) -> None:
        schema = replace(make_schema({"a": "text", "b": "integer", "c": "text"}, "a", "b"), store="keyvalue")
        parameters = parameters_of(schema)
        assert parameters["products.a"]["required"]
        assert "products.c" not in parameters
        (sort,) = [one for one in list_parameters(schema, []) if one.get("name") == "_sort"]
        assert sort["schema"]["items"]["enum"] == ["b", "-b"]
