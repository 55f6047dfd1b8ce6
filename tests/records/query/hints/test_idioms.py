from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import Problem
from app.records.query.aggregate_query import MEMBERS as RESULT_MEMBERS
from app.records.query.aggregate_query import aggregate_from_address
from app.records.query.hints.idioms import translate_group, translate_measure, translate_sort
from app.records.query.hints.near_values import near_value
from app.records.query.hints.operator_idioms import find_in_value
from app.records.query.hints.unknown_parameters import unknown_parameter
from app.records.query.record_query import MEMBERS, query_from_body
from tests.records.schemas import LIMITS, products

SHAPE = products()
STABLE = settings(deadline=None, derandomize=True, max_examples=300)
# Pieces that other APIs put together.
SIGNS = '[]().,:_-=>!<~*%{}\\" \0é'
WORDS = ["gt", "not", "in", "$or", "__", "filter", "sort", "page", "limit", "desc", "null", "1", "2024-01-01"]
PIECES = st.sampled_from([*SHAPE.by_name, *WORDS, *SIGNS])
TEXTS = st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)


class TestAnything:
    @STABLE
    @given(TEXTS, TEXTS, st.sampled_from([MEMBERS, RESULT_MEMBERS]))
    def test_an_unknown_parameter_has_a_short_answer(self, name: str, value: str, members: Any) -> None:
        problem = unknown_parameter(SHAPE, members, name, value, takes_conditions=True)
        assert len(f"{problem.detail} {problem.hint}") < 900

    @STABLE
    @given(st.dictionaries(st.sampled_from(["where", *MEMBERS]) | TEXTS, JSON, max_size=4))
    def test_a_body_is_a_query_or_a_problem(self, document: Any) -> None:
        said = ""
        try:
            query_from_body(SHAPE, document, LIMITS)
        except Problem as problem:
            said = f"{problem.detail} {problem.hint}"
        assert len(said) < 1500

    @STABLE
    @given(TEXTS)
    def test_a_value_that_is_meant_is_one(self, text: str) -> None:
        for column in SHAPE.columns:
            near = near_value(column, text)
            if near is not None:
                column.parse_comparable(near)
            find_in_value(column, text)

    @STABLE
    @given(TEXTS)
    def test_a_measure_or_a_group_that_is_meant_is_one(self, text: str) -> None:
        measure, group = translate_measure(SHAPE.columns, text), translate_group(SHAPE.columns, text)
        if measure is not None:
            assert aggregate_from_address(SHAPE, f"_aggregate={measure}".encode(), LIMITS).measures
        if group is not None and group != "tags":
            assert aggregate_from_address(SHAPE, f"_group={group}".encode(), LIMITS).groups


class TestTranslateSort:
    @pytest.mark.parametrize(
        ("text", "sort"),
        [
            ("price.desc", "-price"),
            ("price.desc.nullslast,name.asc", "-price,name"),
            ("price:DESC", "-price"),
            ("price desc, name asc", "-price,name"),
            ("price,desc", "-price"),
            ("desc(price)", "-price"),
            ("-price", "-price"),
            ("Price", "price"),
            ("nope", None),
            ("price.nope", None),
            ("", None),
        ],
    )
    def test_as_it_is_written_here(self, text: str, sort: str | None) -> None:
        assert translate_sort(SHAPE.columns, text) == sort
