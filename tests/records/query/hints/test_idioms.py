from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import Problem
from app.records.near_keys import MOST_CANDIDATES, near_keys
from app.records.query.aggregate_query import MEMBERS as RESULT_MEMBERS
from app.records.query.aggregate_query import aggregate_from_address
from app.records.query.hints.idioms import translate_group, translate_measure, translate_sort
from app.records.query.hints.near_values import near_value
from app.records.query.hints.operator_idioms import find_column, find_condition, find_in_value
from app.records.query.hints.unknown_parameters import unknown_parameter
from app.records.query.record_query import MEMBERS, query_from_body
from tests.records.shapes import LIMITS, make_shape, products

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


class TestNearKeys:
    def test_zeros_case_and_what_surrounds_it(self) -> None:
        columns = make_shape({"k": {"type": "text", "required": True}}, "k").key
        assert ("000364",) in near_keys(columns, ["364"])
        assert ("364",) in near_keys(columns, ["000364"])
        assert ("ab-1",) in near_keys(columns, [" AB-1/"])
        assert ("a",) in near_keys(columns, ["a.json"])

    def test_they_are_bounded_and_never_the_key_itself(self) -> None:
        names = [f"k{number}" for number in range(8)]
        shape = make_shape({name: {"type": "text", "required": True} for name in names}, *names)
        candidates = near_keys(shape.key, ["7"] * 8)
        assert len(candidates) == MOST_CANDIDATES
        assert ("7",) * 8 not in candidates

    def test_only_texts_are_varied(self) -> None:
        assert near_keys(make_shape({"n": "integer"}).key, ["7"]) == []
