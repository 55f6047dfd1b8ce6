import pytest
from starlette.requests import Request

from app.columns.column import Column
from app.core.errors import ParameterInvalid
from app.records.deps import read_address, read_conditions, refuse_body

TWO = [Column(name="region", type="text"), Column(name="year", type="integer")]


def _request(raw_path: bytes | None = None, **headers: str) -> Request:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": pairs}
    return Request({**scope, "raw_path": raw_path})


class TestReadAddress:
    def test_the_path_as_it_was_sent_tells_commas_apart(self) -> None:
        address = read_address(_request(b"/datasets/d/records/a%2Cb,2024"), "a,b,2024")
        assert address(TWO) == ["a,b", 2024]

    def test_without_it_the_decoded_one_is_read(self) -> None:
        assert read_address(_request(), "north,2024")(TWO) == ["north", 2024]


class TestReadConditions:
    def test_both_headers_are_read(self) -> None:
        assert read_conditions(_request(if_match='"x"')).digests == ("x",)
        assert read_conditions(_request(if_none_match="*"), creates=True).absent

    def test_what_is_no_tag_is_refused(self) -> None:
        with pytest.raises(ParameterInvalid):
            read_conditions(_request(if_match="x"))


class TestRefuseBody:
    @pytest.mark.parametrize("headers", [{}, {"content_length": "0"}, {"content_length": ""}])
    def test_a_get_without_one_passes(self, headers: dict[str, str]) -> None:
        refuse_body(_request(None, **headers))

    @pytest.mark.parametrize("headers", [{"content_length": "5"}, {"transfer_encoding": "chunked"}])
    def test_one_that_would_be_passed_over_is_refused(self, headers: dict[str, str]) -> None:
        with pytest.raises(ParameterInvalid, match="A GET has no body here"):
            refuse_body(_request(None, **headers))
