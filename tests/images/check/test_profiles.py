"""Colour profiles that can be relied on."""

import struct

from app.images.check.profiles import is_sound


class TestProfiles:
    def test_one_of_its_size_is_sound(self) -> None:
        assert is_sound(struct.pack(">I", 200) + bytes(32) + b"acsp" + bytes(160))

    def test_one_that_lies_about_its_size_is_not(self) -> None:
        assert not is_sound(struct.pack(">I", 480) + bytes(32) + b"acsp" + bytes(160))

    def test_one_that_is_no_profile_or_nothing_is_not(self) -> None:
        assert not is_sound(struct.pack(">I", 200) + bytes(196))
        assert not is_sound(b"")
