from base64 import urlsafe_b64encode

import pytest

from app.core.errors import CursorInvalid
from app.core.paging import decode_cursor, encode_cursor


class TestCursor:
    def test_it_gives_back_its_position(self) -> None:
        position = ["Zoë, “quoted”", 7, "9007199254740993", None]
        assert decode_cursor(encode_cursor(position, "q"), "q", length=4) == position

    def test_it_is_safe_in_an_address(self) -> None:
        cursor = encode_cursor(["???>>>~~~\n" * 9], {"a": 1})
        assert cursor.replace("-", "").replace("_", "").isalnum()

    def test_another_query_is_refused(self) -> None:
        with pytest.raises(CursorInvalid, match="another query"):
            decode_cursor(encode_cursor([1], "q"), "p", length=1)

    @pytest.mark.parametrize("cursor", ["", "x", "é", "====", "bnVsbA", "W10", urlsafe_b64encode(b'["a",1]').decode()])
    def test_what_was_not_given_out_is_refused(self, cursor: str) -> None:
        with pytest.raises(CursorInvalid, match="not one that this API gave out"):
            decode_cursor(cursor, "q", length=1)

    def test_a_position_of_another_length_is_refused(self) -> None:
        with pytest.raises(CursorInvalid):
            decode_cursor(encode_cursor([1, 2], "q"), "q", length=1)
