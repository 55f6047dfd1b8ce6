"""The rules by which imports and writes judge a column's values."""

import re

import pytest

from app.columns.column import Column
from app.columns.rules import ADDRESSABLE, UNADDRESSABLE, address_rule, constraint_rules, type_rule


class TestAddressRule:
    def test_a_key_of_one_text_has_it(self) -> None:
        rule = address_rule(Column(name="sku", type="text"), ["sku"])
        assert rule is not None
        assert rule.code == "key_not_addressable"

    @pytest.mark.parametrize(("kind", "key"), [("integer", ["a"]), ("text", ["a", "b"]), ("text", ["b"])])
    def test_other_columns_have_none(self, kind: str, key: list[str]) -> None:
        assert address_rule(Column(name="a", type=kind), key) is None

    @pytest.mark.parametrize("text", ["", "a", "..a", ".a", "...", "a.", "\n"])
    def test_its_pattern_fits_all_others(self, text: str) -> None:
        assert re.fullmatch(ADDRESSABLE, text)
        assert not any(re.fullmatch(ADDRESSABLE, dots) for dots in UNADDRESSABLE)


class TestConstraintRules:
    def test_they_are_those_that_are_declared_in_their_order(self) -> None:
        column = Column(name="a", type="text", one_of=["x"], max_length=3, required=True)
        assert [rule.code for rule in constraint_rules(column)] == ["required", "max_length", "one_of"]

    def test_of_a_column_without_constraints_there_are_none(self) -> None:
        assert constraint_rules(Column(name="a", type="text")) == []


def test_the_first_rule_is_the_types() -> None:
    assert type_rule(Column(name="a", type="date")).code == "not_date"
