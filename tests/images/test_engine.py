"""libvips, closed but for the loaders that are needed."""

import pytest

from app.images.engine import PictureError, open_picture

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


class TestLoaders:
    @pytest.mark.parametrize("data", [SVG, b"P5\n1 1\n255\na", b"%PDF-1.4\n", b"1,2\n3,4\n"], ids=str)
    def test_others_are_closed(self, data: bytes) -> None:
        with pytest.raises(PictureError):
            open_picture(data, "")
