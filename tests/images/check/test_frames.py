"""Frames on a pipe."""

import io

from app.images.check.frames import read_frame, write_frame


class TestFrames:
    def test_what_is_written_is_read(self) -> None:
        pipe = io.BytesIO()
        write_frame(pipe, {"a": "ä"}, b"one", b"")
        write_frame(pipe, {}, b"\x00" * 10)
        pipe.seek(0)
        assert read_frame(pipe) == ({"a": "ä"}, b"one")
        assert read_frame(pipe) == ({}, b"\x00" * 10)
        assert read_frame(pipe) is None
