from typing import Any

import pytest

from app.records.errors import QueryTooLarge
from app.records.query.record_query import (
    query_from_body,
)
from tests.records.query.asking import refuse, refuse_body
from tests.records.schemas import LIMITS, make_schema


class TestLimits:
    @pytest.mark.parametrize(
        ("address", "setting"),
        [
            ("&".join(f"x{n}=1" for n in range(30)), "TOLVA_MAX_QUERY_TERMS"),
            ("stock__in=" + ",".join(map(str, range(6))), "TOLVA_MAX_LIST_VALUES"),
            ("name=" + "x" * 101, "TOLVA_MAX_QUERY_TEXT"),
            ("name__in=a," + "x" * 101, "TOLVA_MAX_QUERY_TEXT"),
            ("_q=" + "x" * 101, "TOLVA_MAX_QUERY_TEXT"),
        ],
    )
    def test_an_address_that_asks_for_too_much(self, address: str, setting: str) -> None:
        assert f"({setting})" in str(refuse(address, QueryTooLarge).hint)

    @pytest.mark.parametrize(
        ("where", "setting"),
        [
            ({"_or": [{} for _ in range(11)]}, "TOLVA_MAX_QUERY_TERMS"),
            ({"_and": [{"stock": {"ne": n}} for n in range(6)]}, "TOLVA_MAX_QUERY_TERMS"),
            ({"_not": {"_not": {"_not": {}}}}, "TOLVA_MAX_QUERY_DEPTH"),
            ({"stock": {"in": list(range(10_000))}}, "TOLVA_MAX_LIST_VALUES"),
            ({"name": "x" * 101}, "TOLVA_MAX_QUERY_TEXT"),
        ],
    )
    def test_a_body_that_asks_for_too_much(self, where: Any, setting: str) -> None:
        assert f"({setting})" in str(refuse_body({"where": where}, QueryTooLarge).hint)

    def test_a_sort_by_too_many_columns(self) -> None:
        schema = make_schema({f"c{n}": "integer" for n in range(11)})
        with pytest.raises(QueryTooLarge):
            query_from_body(schema, {"sort": [f"c{n}" for n in range(11)]}, LIMITS)
