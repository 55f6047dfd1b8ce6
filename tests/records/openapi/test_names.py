from dataclasses import replace

import pytest

from app.records.openapi.names import about, choices_name, column_part, conditions_name, filter_name, part_of, title_of
from tests.records.schemas import make_schema, products

SHAPE = products()


class TestParts:
    def test_a_part_is_named_for_its_dataset(self) -> None:
        assert part_of(SHAPE, "record") == {"$ref": "#/components/schemas/products_record"}
        assert (conditions_name("text"), filter_name("bigint")) == ("TextConditions", "BigintFilter")

    def test_that_of_a_column_is_none_of_the_dataset(self) -> None:
        assert column_part(SHAPE, SHAPE.by_name["name"], "page") == "products.name_page"

    @pytest.mark.parametrize(("name", "choices"), [("category", "products.category_choice"), ("name", None)])
    def test_allowed_values_have_a_name(self, name: str, choices: str | None) -> None:
        assert choices_name(SHAPE, SHAPE.by_name[name]) == choices

    @pytest.mark.parametrize("kind", ["boolean", "number"])
    def test_but_for_those_that_generators_make_no_class_of(self, kind: str) -> None:
        schema = make_schema({"a": {"type": kind, "one_of": [True] if kind == "boolean" else [1.5]}})
        assert choices_name(schema, schema.by_name["a"]) is None


class TestProse:
    def test_a_title_is_one_line_and_ends_no_comment(self) -> None:
        assert title_of(replace(SHAPE, title=" All\n our */ products ")) == "All our * / products"
        assert title_of(SHAPE) == "products"

    def test_so_does_a_description(self) -> None:
        assert about(replace(SHAPE, description='Say """ it')) == "Say ''' it"
        assert about(SHAPE) is None
