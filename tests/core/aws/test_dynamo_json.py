import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.aws.dynamo_json import from_attributes, read_response, to_attributes, write_request

NUMBERS = st.integers(-(10**37), 10**37) | st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6, places=3
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


class TestItems:
    @settings(deadline=None, derandomize=True)
    @given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4))
    def test_an_item_comes_back_through_the_interface(self, item: dict[str, Any]) -> None:
        assert from_attributes(read_response(write_request(to_attributes(item)))) == item

    @pytest.mark.parametrize(
        ("value", "attribute"),
        [
            (None, {"NULL": True}),
            (True, {"BOOL": True}),
            (1, {"N": "1"}),
            (Decimal("1.50"), {"N": "1.50"}),
            ("x", {"S": "x"}),
            (b"x", {"B": b"x"}),
            ([1], {"L": [{"N": "1"}]}),
            ({"a": "x"}, {"M": {"a": {"S": "x"}}}),
        ],
    )
    def test_each_value_is_named_for_its_kind(self, value: Any, attribute: dict[str, Any]) -> None:
        assert to_attributes({"a": value}) == {"a": attribute}

    @pytest.mark.parametrize("value", [1.5, {1}, object(), [1.5]])
    def test_what_would_not_stay_what_it_is_is_refused(self, value: Any) -> None:
        with pytest.raises(TypeError, match="DynamoDB has no"):
            to_attributes({"a": value})

    @pytest.mark.parametrize(("text", "kind"), [("5", int), ("5.0", int), ("1E+2", int), ("5.5", Decimal)])
    def test_a_whole_number_is_an_integer(self, text: str, kind: type[Any]) -> None:
        assert type(from_attributes({"a": {"N": text}})["a"]) is kind

    def test_sets_stay_lists(self) -> None:
        assert from_attributes({"a": {"SS": ["x", "y"]}}) == {"a": ["x", "y"]}


class TestWriteRequest:
    def test_bytes_are_sent_as_base64(self) -> None:
        assert json.loads(write_request({"Key": {"pk": {"B": b"\x00\xff"}}})) == {"Key": {"pk": {"B": "AP8="}}}

    def test_what_json_does_not_have_is_refused(self) -> None:
        with pytest.raises(TypeError):
            write_request({"a": Decimal(1)})
