import pytest

from app.columns.column import Column
from app.columns.types.registry import TYPES
from app.records.query.operators import OPERATORS, operators_of, parameter_name
from tests.records.schemas import make_columns


class TestParameterName:
    @pytest.mark.parametrize(
        ("operator", "name"), [("eq", "price"), ("gte", "price__gte"), ("isnull", "price__isnull")]
    )
    def test_equality_needs_no_operator(self, operator: str, name: str) -> None:
        assert parameter_name(Column(name="price", type="integer"), operator) == name


class TestOperatorsOf:
    def test_what_is_never_missing_is_not_asked_for_being_so(self) -> None:
        optional, required = make_columns({"a": "boolean", "b": {"type": "boolean", "required": True}})
        assert operators_of(optional) == ("eq", "ne", "isnull")
        assert operators_of(required) == ("eq", "ne")

    def test_every_operator_of_a_type_is_known_and_each_is_some_types(self) -> None:
        offered = {operator for kind in TYPES.values() for operator in kind.operators}
        assert offered == set(OPERATORS)
