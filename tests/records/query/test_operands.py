import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.columns.types.registry import TYPES
from app.records.query.operands import (
    QueryError,
    comparable,
    join_list,
    named,
    shown,
    split_list,
    text_of,
)
from tests.records.schemas import products

COLUMNS = products().by_name


class TestLists:
    @settings(deadline=None, derandomize=True)
    @given(st.lists(st.text(alphabet='ab," \n', max_size=5), min_size=1, max_size=5))
    def test_what_is_joined_is_split_into_the_same(self, items: list[str]) -> None:
        assert split_list(join_list(items), "x") == items

    @pytest.mark.parametrize(
        ("text", "items"),
        [
            ("", [""]),
            ("a,", ["a", ""]),
            (' "a"', [' "a"']),
            ('""', [""]),
            ('"",""', ["", ""]),
            ('a"b,c', ['a"b', "c"]),
        ],
    )
    def test_a_quote_counts_at_the_beginning_of_an_item_only(self, text: str, items: list[str]) -> None:
        assert split_list(text, "x") == items

    @pytest.mark.parametrize(("text", "at"), [('"', 1), ('a,"b', 3), ('"a"b', 1), ('"a""', 1)])
    def test_a_quote_that_is_not_closed_is_named_by_its_place(self, text: str, at: int) -> None:
        with pytest.raises(QueryError, match=f"the quote at character {at} of the list"):
            split_list(text, "x")


class TestTextOf:
    @pytest.mark.parametrize(
        ("name", "value", "text"),
        [
            ("name", "x", "x"),
            ("stock", Decimal("5.00"), "5"),
            ("stock", 1.5, "1.5"),
            ("ean", Decimal("1E+18"), "1000000000000000000"),
            ("price", 0.1, "0.1"),
            ("weight", Decimal("1E-9"), "1E-9"),
            ("weight", "-Infinity", "-Infinity"),
            ("active", False, "false"),
            ("tags", {"a": [None]}, '{"a":[null]}'),
            ("tags", "x", '"x"'),
        ],
    )
    def test_json_becomes_what_an_address_would_hold(self, name: str, value: Any, text: str) -> None:
        assert text_of(value, COLUMNS[name], "x") == text

    @pytest.mark.parametrize(
        ("name", "value"),
        [("name", 1), ("stock", "1"), ("stock", True), ("weight", "inf"), ("active", 1), ("price", None), ("name", [])],
    )
    def test_another_type_is_refused(self, name: str, value: Any) -> None:
        with pytest.raises(QueryError, match=re.escape(f"{named(value)} is not {COLUMNS[name].kind.article}")):
            text_of(value, COLUMNS[name], "x")


class TestComparable:
    @pytest.mark.parametrize(
        ("name", "texts"),
        [
            ("price", ["1.5", "1.50", "15e-1", "1.5E0"]),
            ("weight", ["1000", "1e3", "1000.0"]),
            ("weight", ["0", "-0", "-0.0"]),
            ("updated", ["2024-01-01T01:00:00+01:00", "2024-01-01 00:00Z", "2024-01-01T00:00:00.000"]),
            ("batch", ["0000000A-0000-0000-0000-000000000000", "0000000a-0000-0000-0000-000000000000"]),
        ],
    )
    def test_all_ways_of_writing_a_value_have_one_text(self, name: str, texts: list[str]) -> None:
        assert len({comparable(text, COLUMNS[name], "x") for text in texts}) == 1

    def test_numbers_that_are_not_finite_stay_as_they_are(self) -> None:
        assert comparable("-Infinity", COLUMNS["weight"], "x") == "-Infinity"

    @pytest.mark.parametrize("text", ["\0", "a\ud800"])
    def test_what_no_database_holds_is_refused(self, text: str) -> None:
        with pytest.raises(QueryError, match="NUL or half of a surrogate pair"):
            comparable(text, COLUMNS["name"], "x")


class TestBeginOfDay:
    @pytest.mark.parametrize(
        ("text", "time"),
        [("2024-01-31", "2024-01-31T00:00:00Z"), ("2024-01-31T10:00", "2024-01-31T10:00"), ("soon", "soon")],
    )
    def test_a_day_alone_is_its_midnight(self, text: str, time: str) -> None:
        assert TYPES["datetime"].complete(text) == time


class TestShown:
    def test_a_long_text_is_cut(self) -> None:
        assert shown("x" * 100) == "x" * 100
        assert shown("x" * 101) == "x" * 100 + "…"

    @pytest.mark.parametrize(
        ("value", "text"),
        [({}, "an object"), ([1], "an array"), (None, "null"), ("é", '"é"'), (True, "true"), (Decimal("1.50"), "1.50")],
    )
    def test_a_json_value_is_named_as_json_writes_it(self, value: Any, text: str) -> None:
        assert named(value) == text
