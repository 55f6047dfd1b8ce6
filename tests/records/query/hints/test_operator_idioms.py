import pytest

from app.records.query.hints.operator_idioms import find_column, find_condition
from tests.records.shapes import make_shape


class TestFindColumn:
    @pytest.mark.parametrize(
        "name", ["weight_kg", "WEIGHT_KG", "Weight (kg)", "weight (KG)", "Weight KG", " weight_kg "]
    )
    def test_in_other_letters_or_by_its_label(self, name: str) -> None:
        shape = make_shape({"weight_kg": {"type": "number", "label": "Weight (kg)"}})
        found = find_column(shape.columns, name)
        assert found is not None
        assert found.name == "weight_kg"

    def test_a_label_that_says_nothing_of_the_name(self) -> None:
        shape = make_shape({"a": {"type": "number", "label": "Größe"}, "b": "text"})
        found = find_column(shape.columns, "größe")
        assert found is not None
        assert found.name == "a"

    @pytest.mark.parametrize("name", ["", "weight", "weight_kg>", "weight_kg[gt]"])
    def test_others_are_none(self, name: str) -> None:
        shape = make_shape({"weight_kg": {"type": "number", "label": "Weight (kg)"}})
        assert find_column(shape.columns, name) is None

    def test_a_column_that_is_called_as_a_parameter_of_another_api_is_one(self) -> None:
        shape = make_shape({"page": "integer", "price_gt": "integer", "price": "integer"})
        assert find_column(shape.columns, "price_gt") is not None
        idiom = find_condition(shape.columns, "price_gt_gte", "3")
        assert idiom is not None
        assert idiom.spell("query") == "price_gt__gte=3"
