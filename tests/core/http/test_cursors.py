from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from app.core.errors import CursorInvalid
from app.core.http.cursors import decode_cursor, decode_newest, encode_cursor, encode_newest


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
        with pytest.raises(CursorInvalid, match="did not issue the cursor"):
            decode_cursor(cursor, "q", length=1)

    @pytest.mark.parametrize(
        "position", [b'["\\ud800"]', b'["\\u0000"]', b"[NaN]", b"[1e9999]", b"[" + b"9" * 5000 + b"]", b'["\xff"]']
    )
    def test_a_forged_position_that_no_one_has_is_refused(self, position: bytes) -> None:
        fingerprint = urlsafe_b64decode(encode_cursor([], "q") + "==")[1:15]
        forged = urlsafe_b64encode(b"[" + fingerprint + b"," + position + b"]").decode()
        with pytest.raises(CursorInvalid, match=r"did not issue the cursor|does not fit any list"):
            decode_cursor(forged, "q", length=1)

    def test_a_position_of_another_length_is_refused(self) -> None:
        with pytest.raises(CursorInvalid):
            decode_cursor(encode_cursor([1, 2], "q"), "q", length=1)


class TestNewest:
    def test_it_gives_back_its_place_in_utc(self) -> None:
        made = datetime(2026, 1, 31, 1, 2, 3, 4, timezone(timedelta(hours=2)))
        cursor = encode_newest(made, UUID(int=1), "q")
        assert decode_newest(cursor, "q") == (made.astimezone(UTC), UUID(int=1))
        assert decode_newest(None, "q") is None

    @pytest.mark.parametrize(
        "position",
        [
            ["9999-12-31T23:59:59-14:00", str(UUID(int=1))],
            ["0001-01-01T00:00:00+14:00", str(UUID(int=1))],
            ["2026-01-31T00:00:00", str(UUID(int=1))],
            ["2026-01-31T00:00:00Z", "1"],
            [1, str(UUID(int=1))],
            [None, None],
            [{}, []],
        ],
    )
    def test_a_forged_one_is_refused(self, position: list[Any]) -> None:
        with pytest.raises(CursorInvalid, match="did not issue the cursor"):
            decode_newest(encode_cursor(position, "q"), "q")
