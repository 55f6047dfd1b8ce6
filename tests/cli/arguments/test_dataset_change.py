from dataclasses import fields
from typing import Any

import pytest
import typer

from app.cli.arguments.dataset_change import ColumnChanges, ColumnFlags, fill_value, merge, split_pair

TYPES = {"price": "decimal", "stock": "integer", "name": "text"}


def _take(**flags: Any) -> dict[str, Any]:
    given: dict[str, Any] = {flag.name: [] for flag in fields(ColumnFlags)}
    return ColumnChanges(TYPES).take(ColumnFlags(**given | flags))


class TestColumnChanges:
    @pytest.mark.parametrize(
        ("flags", "body"),
        [
            ({}, {}),
            ({"rename": ["price=cost"]}, {"columns": {"price": {"name": "cost"}}}),
            (
                {"type": ["price=decimal(12,2)"]},
                {"columns": {"price": {"type": "decimal", "precision": 12, "scale": 2}}},
            ),
            ({"drop": ["price"]}, {"columns": {"price": None}}),
            ({"require": ["price"], "label": ["price="]}, {"columns": {"price": {"label": None, "required": True}}}),
            ({"allow_null": ["price"]}, {"columns": {"price": {"required": False}}}),
            ({"unit": ["price=€", "price=EUR"]}, {"columns": {"price": {"units": ["€", "EUR"]}}}),
            ({"unit": ["price="]}, {"columns": {"price": {"units": None}}}),
            ({"booleans": ["name=yes,no"]}, {"columns": {"name": {"booleans": ["yes", "no"]}}}),
            ({"null": ["name=", "name=NA"]}, {"columns": {"name": {"nulls": ["", "NA"]}}}),
        ],
    )
    def test_flags_are_members_of_a_change(self, flags: dict[str, Any], body: dict[str, Any]) -> None:
        assert _take(**flags) == body

    def test_what_is_said_of_a_new_column_goes_with_it(self) -> None:
        body = _take(add=["color=text"], require=["color"], fill=["color=red"], about=["color=of the lamp"])
        added = {"name": "color", "type": "text", "description": "of the lamp", "required": True, "fill": "red"}
        assert body == {"add_columns": [added]}

    def test_a_fill_is_a_value_of_the_type_that_the_column_will_have(self) -> None:
        assert _take(fill=["stock=5"])["columns"] == {"stock": {"fill": 5}}
        assert _take(fill=["price=5"])["columns"] == {"price": {"fill": "5"}}
        assert _take(fill=["price=5"], type=["price=integer"])["columns"] == {"price": {"type": "integer", "fill": 5}}


class TestFillValue:
    @pytest.mark.parametrize(
        ("text", "kind", "value"),
        [
            ("5", "integer", 5),
            ("true", "boolean", True),
            ("[1]", "json", [1]),
            ("5", "text", "5"),
            ("x", "integer", "x"),
        ],
    )
    def test_it_is_as_json_shows_it(self, text: str, kind: str, value: object) -> None:
        assert fill_value(text, kind) == value


class TestSplitPair:
    def test_the_first_sign_counts(self) -> None:
        assert split_pair(" a =b=c", "--label", "") == ("a", "b=c")

    @pytest.mark.parametrize("pair", ["a", "=b"])
    def test_what_names_no_column(self, pair: str) -> None:
        with pytest.raises(typer.BadParameter, match="write it like x=y"):
            split_pair(pair, "--label", "x=y")


class TestMerge:
    @pytest.mark.parametrize(
        ("body", "said", "merged"),
        [
            ({"title": "a"}, {"title": "b"}, {"title": "b"}),
            ({"columns": {"a": {"min": 0}}}, {"columns": {"a": {"max": 1}}}, {"columns": {"a": {"min": 0, "max": 1}}}),
            ({"columns": {"a": {"min": 0}}}, {"columns": {"a": None}}, {"columns": {"a": None}}),
            ({"columns": {"a": None}}, {"columns": {"a": {"min": 0}}}, {"columns": {"a": {"min": 0}}}),
            ({"add_columns": [1]}, {"add_columns": [2]}, {"add_columns": [1, 2]}),
        ],
    )
    def test_flags_go_before_the_body(self, body: dict[str, Any], said: dict[str, Any], merged: dict[str, Any]) -> None:
        assert merge(body, said) == merged
