from dataclasses import replace

import pytest

from app.core.errors import ParameterInvalid, UnknownParameter
from app.records.errors import ParameterRepeated, QueryTooLarge
from app.records.query.record_query import (
    next_cursor,
    query_from_address,
)
from tests.records.query.asking import SHAPE, ask, refuse, stated
from tests.records.schemas import LIMITS

JOIN_THEM = "Give it once, or join conditions by `_and` or `_or` in POST …/records/query."


class TestAddress:
    @pytest.mark.parametrize("address", ["stock=1&stock=2", "_limit=1&_limit=1", "name=a&name=a"])
    def test_a_parameter_is_given_once(self, address: str) -> None:
        assert "is given more than once" in refuse(address, ParameterRepeated).detail

    @pytest.mark.parametrize(
        ("commas", "repeated"),
        [
            ("name__in=a,b", "name__in=a&name__in=b"),
            ('name__in="a,b",c', 'name__in="a,b"&name__in=c'),
            ("name__in=a,b,", "name__in=a,b&name__in="),
            ("name__nin=a,b&stock=1", "name__nin=a&stock=1&name__nin=b"),
            ("stock__between=1,5", "stock__between=1&stock__between=5"),
            ("_select=sku,price", "_select=sku&_select=price"),
            ("_sort=-price,name", "_sort=-price&_sort=name"),
            ("_embed=maker", "_embed=maker"),
        ],
    )
    def test_a_list_may_be_several_parameters(self, commas: str, repeated: str) -> None:
        assert ask(commas) == ask(repeated)
        assert next_cursor(SHAPE, ask(commas), ["1"]) == next_cursor(SHAPE, ask(repeated), ["1"])

    @pytest.mark.parametrize(
        ("address", "message"),
        [
            ("_select=sku&_select=sku", "'_select' cannot be used: it names 'sku' twice"),
            ("stock__between=1&stock__between=2&stock__between=3", "it takes two values, not 3"),
            ('name__in="a&name__in=b"', "the quote at character 1 of the list is not closed"),
            ("name__inn=a&name__inn=b", "there is no operator 'inn'. Did you mean 'in'?"),
        ],
    )
    def test_each_of_them_is_read_as_a_list_is(self, address: str, message: str) -> None:
        assert message in refuse(address, ParameterInvalid).detail

    @pytest.mark.parametrize(
        ("address", "hint"),
        [
            ("name=a&name=b", "List the values: name__in=a,b"),
            ("name__eq=a&name__eq=b", "List the values: name__in=a,b"),
            ("name=a,b&name=%22c", 'List the values: name__in="a,b","""c"'),
            ("name__ne=a&name__ne=b", "List the values: name__nin=a,b"),
            (
                "active=true&active=false",
                "Give it once, or join conditions by `_and` or `_or` in POST …/records/query.",
            ),
            ("price__gt=1&price__gt=2", JOIN_THEM),
            ("_limit=1&_limit=2", "Give it once."),
        ],
    )
    def test_what_takes_one_value_says_how_several_are_asked_for(self, address: str, hint: str) -> None:
        assert refuse(address, ParameterRepeated).hint == hint

    def test_a_list_counts_as_one_condition(self) -> None:
        limits = replace(LIMITS, terms=1, list_values=3)
        address = b"name__in=a&name__in=b&name__in=c"
        assert query_from_address(SHAPE, address, limits).where.conditions[0].values == ("a", "b", "c")
        with pytest.raises(QueryTooLarge) as raised:
            query_from_address(SHAPE, address + b"&name__in=d", limits)
        assert "TOLVA_MAX_LIST_VALUES" in str(raised.value.hint)

    @pytest.mark.parametrize("address", ["name=%ff", "%ff=1", "name=%ed%a0%80"])
    def test_what_is_not_utf8_is_refused(self, address: str) -> None:
        assert refuse(address, ParameterInvalid).detail == "The URL is not UTF-8."

    def test_bytes_that_are_not_encoded_are_read_as_utf8(self) -> None:
        assert stated(ask("name=Zoë")) == stated(ask("name=Zo%C3%AB"))
        with pytest.raises(ParameterInvalid):
            query_from_address(SHAPE, b"name=\xff", LIMITS)

    def test_a_long_name_is_cut_in_the_message(self) -> None:
        assert len(refuse("x" * 1_000_000 + "=1", UnknownParameter).detail) < 200
