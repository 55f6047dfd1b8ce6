"""Records as items: nothing is lost on the way, and items sort as their records do."""

import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.columns.column import Column
from app.columns.types.registry import TYPES
from app.core.aws.dynamo_json import read_response, write_request
from app.records.keyvalue.item import RecordTooLarge, item_of, record_of, settle_documents, write_attribute
from tests.records.keyvalue.values import STABLE, TEXTS, VALUES
from tests.records.model import place
from tests.records.schemas import make_columns, make_schema

OTHERS: dict[str, st.SearchStrategy[Any]] = {"boolean": st.booleans(), "json": st.just('{"a": 1.50}'), "image": TEXTS}
DECIMAL = {"type": "decimal", "precision": 6, "scale": 2}


def column_of(kind: str) -> Column:
    return make_columns({"v": DECIMAL if kind == "decimal" else kind})[0]


def same(one: Any, other: Any) -> bool:
    return bool(place(one) == place(other))


class TestAttributes:
    @pytest.mark.parametrize("kind", [*VALUES, *OTHERS])
    def test_a_value_comes_back(self, kind: str) -> None:
        column = column_of(kind)

        @STABLE
        @given(st.none() | (VALUES | OTHERS)[kind])
        def check(value: Any) -> None:
            sent = write_request({"v": write_attribute(column, value)})
            found: Any = column.kind.read_attribute(read_response(sent)["v"])
            assert same(found, value)
            if isinstance(value, float) and value == 0:
                assert math.copysign(1, found) == math.copysign(1, value)

        check()

    @pytest.mark.parametrize(
        ("kind", "value", "attribute"),
        [
            ("text", "", {"S": ""}),
            ("integer", -5, {"N": "-5"}),
            ("decimal", Decimal("0.1"), {"N": "0.10"}),
            ("number", 0.1, {"N": "0.1"}),
            ("number", -0.0, {"S": "-0.0"}),
            ("number", 1e200, {"S": "1e+200"}),
            ("number", math.inf, {"S": "inf"}),
            ("boolean", False, {"BOOL": False}),
            ("date", None, {"NULL": True}),
        ],
    )
    def test_it_is_of_the_kind_that_holds_it_exactly(self, kind: str, value: Any, attribute: dict[str, Any]) -> None:
        assert write_attribute(column_of(kind), value) == attribute

    def test_a_decimal_of_more_digits_than_dynamodb_has_is_a_text(self) -> None:
        column = make_columns({"v": {"type": "decimal", "precision": 40, "scale": 0}})[0]
        assert write_attribute(column, Decimal(10**39)) == {"S": str(10**39)}

    @pytest.mark.parametrize(("sent", "value"), [("1E+3", 1000), ("-7", -7), ("1000.0", 1000)])
    def test_a_number_may_come_back_written_otherwise(self, sent: str, value: int) -> None:
        assert TYPES["bigint"].read_attribute({"N": sent}) == value


class TestItems:
    def test_a_record_comes_back_as_it_is_shown(self) -> None:
        schema = replace(make_schema({"k": "text", "price": DECIMAL, "more": "json"}, "k"), generation="g")
        values = settle_documents(schema.columns, {"k": "a", "price": Decimal("1.5"), "more": '{"b":1e1,"a":0.10}'})
        item, text = item_of(schema, values)
        assert text == '{"k":"a","price":"1.50","more":{"a": 0.10, "b": 10}}'
        assert record_of(schema, item).values == values

    def test_a_column_that_was_added_later_is_null(self) -> None:
        before = replace(make_schema({"k": "text"}, "k"), generation="g")
        after = replace(make_schema({"k": "text", "n": "integer"}, "k"), generation="g")
        item, _ = item_of(before, {"k": "a"})
        assert record_of(after, item).values == {"k": "a", "n": None}

    def test_an_item_is_no_larger_than_dynamodb_has_room_for(self) -> None:
        schema = replace(make_schema({"k": "text", "t": "text"}, "k"), generation="g")
        item_of(schema, {"k": "a", "t": "x" * 400_000})
        with pytest.raises(RecordTooLarge, match="400 KB at most"):
            item_of(schema, {"k": "a", "t": "é" * 204_000})
