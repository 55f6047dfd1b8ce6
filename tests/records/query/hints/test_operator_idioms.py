import pytest

from app.records.query.hints.operator_idioms import find_column, find_condition
from tests.records.schemas import make_schema


class TestFindColumn:
    @pytest.mark.parametrize(
        "name", ["weight_kg", "WEIGHT_KG", "Weight (kg)", "weight (KG)", "Weight KG", " weight_kg "]
    )
    def test_in_other_letters_or_by_its_label(self, name: str) -> None:
        schema = make_schema({"weight_kg": {"type": "number", "label": "Weight (kg)"}})
        found = find_column(schema.columns, name)
        assert found is not None
        assert found.name == "weight_kg"

    def test_a_label_that_says_nothing_of_the_name(self) -> None:
        schema = make_schema({"a": {"type": "number", "label": "Größe"}, "b": "text"})
        found = find_column(schema.columns, "größe")
        assert found is not None
        assert found.name == "a"

    @pytest.mark.parametrize("name", ["", "weight", "weight_kg>", "weight_kg[gt]"])
    def test_others_are_none(self, name: str) -> None:
        schema = make_schema({"weight_kg": {"type": "number", "label": "Weight (kg)"}})
        assert find_column(schema.columns, name) is None

    def test_a_column_that_is_called_as_a_parameter_of_another_api_is_one(self) -> None:
        schema = make_schema({"page": "integer", "price_gt": "integer", "price": "integer"})
        assert find_column(schema.columns, "price_gt") is not None
        idiom = find_condition(schema.columns, "price_gt_gte", "3")
        assert idiom is not None
        assert idiom.spell("query") == "price_gt__gte=3"
