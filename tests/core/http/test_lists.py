import pytest
from starlette.requests import Request

from app.core.errors import UnknownParameter
from app.core.http.lists import Page, refuse_unknown_parameters


def _request(query: bytes) -> Request:
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": query, "headers": []})


class TestPage:
    def test_the_last_one_has_no_cursor(self) -> None:
        assert Page[int](data=[1]).model_dump() == {"data": [1], "next": None}


class TestRefuseUnknownParameters:
    def test_those_that_are_known_pass(self) -> None:
        refuse_unknown_parameters(_request(b"_limit=5&_cursor=x"), ["_limit", "_cursor"])

    def test_the_first_other_one_is_named_with_a_near_one(self) -> None:
        with pytest.raises(UnknownParameter) as raised:
            refuse_unknown_parameters(_request(b"_limit=5&_curser=x&y=1"), ["_limit", "_cursor"])
        assert raised.value.detail == "There is no parameter '_curser' here. Did you mean '_cursor'?"
        assert raised.value.hint == "It takes: _limit, _cursor."

    def test_an_address_may_take_none(self) -> None:
        with pytest.raises(UnknownParameter) as raised:
            refuse_unknown_parameters(_request(b"a=1"), [])
        assert raised.value.hint == "It takes none; the data goes into the body."
