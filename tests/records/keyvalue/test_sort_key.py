from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.columns.column import Column
from app.columns.types.base import ColumnType
from app.columns.types.registry import TYPES
from app.records.keyvalue.sort_key import KeyTooLong, bucket_of, item_key, successor
from tests.records.keyvalue.values import STABLE, TEXTS, VALUES
from tests.records.model import place
from tests.records.schemas import make_columns

DECIMAL = {"type": "decimal", "precision": 6, "scale": 2}


def column_of(kind: str) -> Column:
    return make_columns({"v": DECIMAL if kind == "decimal" else kind})[0]


def same(one: Any, other: Any) -> bool:
    return bool(place(one) == place(other))


class TestSortKeys:
    def test_every_type_that_can_be_a_key_has_them(self) -> None:
        having = {name for name, kind in TYPES.items() if type(kind).sort_key is not ColumnType.sort_key}
        assert having >= set(VALUES) == {name for name, kind in TYPES.items() if kind.can_be_key}

    def test_no_other_type_has(self) -> None:
        with pytest.raises(TypeError, match="boolean has no sort key"):
            TYPES["boolean"].sort_key(True)

    @pytest.mark.parametrize("kind", VALUES)
    def test_texts_sort_as_values_do_and_differ_where_they_differ(self, kind: str) -> None:
        column = column_of(kind)

        @STABLE
        @given(VALUES[kind], VALUES[kind])
        def check(one: Any, other: Any) -> None:
            texts = column.kind.sort_key(one).encode(), column.kind.sort_key(other).encode()
            assert (texts[0] < texts[1]) == (place(one) < place(other))
            assert (texts[0] == texts[1]) == same(one, other)

        check()

    @STABLE
    @given(st.tuples(TEXTS, st.integers(-9, 9)), st.tuples(TEXTS, st.integers(-9, 9)))
    def test_so_do_keys_of_two_values(self, one: tuple[str, int], other: tuple[str, int]) -> None:
        columns = make_columns({"a": "text", "b": "integer"})
        keys = [item_key("g", columns, key)[1].encode() for key in (one, other)]
        assert (keys[0] < keys[1]) == (one < other)
        assert (keys[0] == keys[1]) == (one == other)

    @STABLE
    @given(VALUES["decimal"], st.decimals(-(10**6), 10**6, allow_nan=False, places=5))
    def test_a_bound_may_have_more_digits_than_the_column(self, value: Decimal, bound: Decimal) -> None:
        column = column_of("decimal")
        text = column.kind.sort_key(value)
        assert (text >= column.kind.least_sort_key(bound)) == (value >= bound)
        assert (text <= column.kind.greatest_sort_key(bound)) == (value <= bound)

    @STABLE
    @given(TEXTS.filter(bool), TEXTS)
    def test_the_successor_is_behind_all_that_begin_so(self, text: str, rest: str) -> None:
        if text.strip("\U0010ffff"):
            assert (text + rest).encode() < successor(text).encode()
            assert not successor(text).startswith(text)

    def test_the_characters_before_the_surrogates_have_a_successor(self) -> None:
        assert successor("a\ud7ff") == "a\ue000"


class TestItemKey:
    def test_a_partition_is_named_for_the_first_value(self) -> None:
        columns = make_columns({"a": "text", "b": "integer"})
        partitions = {item_key("g", columns, ["x", number])[0] for number in range(50)}
        assert partitions == {bucket_of("g", "x")}

    def test_a_key_is_no_longer_than_dynamodb_has_room_for(self) -> None:
        columns = make_columns({"a": "text"})
        assert item_key("g", columns, ["é" * 511])[1].endswith("\0")
        with pytest.raises(KeyTooLong, match="1,024 bytes at most"):
            item_key("g", columns, ["é" * 512])
