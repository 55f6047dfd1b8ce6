"""HEIC by the extra."""

import pytest

from app.images.check.heic import HeicPicture, reads_heic
from tests.images import pictures


class TestHeic:
    def test_the_extra_is_there(self) -> None:
        assert reads_heic()

    @pytest.mark.parametrize("width", [400, 401])
    def test_its_pixels_have_no_padding(self, width: int) -> None:
        heic = HeicPicture(pictures.heic(width=width))
        pixels, bands = heic.decode()
        assert (heic.width, heic.height, heic.pictures, heic.profile) == (width, 300, 1, None)
        assert len(pixels) == width * 300 * bands

    def test_what_is_none_raises(self) -> None:
        with pytest.raises((ValueError, EOFError, RuntimeError, OSError)):
            HeicPicture(b"\x00\x00\x00\x18ftypheic" + bytes(90))
