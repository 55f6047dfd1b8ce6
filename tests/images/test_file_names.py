"""Names of the files of images."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.images.file_names import media_type_of, normal_filename


class TestFilename:
    @pytest.mark.parametrize("name", ["", " ", ".", "..", "a/b.png", "a\\b.png", "a\n.png", "a\u200e.png", "\x00"])
    def test_what_is_none(self, name: str) -> None:
        with pytest.raises(ValueError, match="without a folder"):
            normal_filename(name)

    @given(st.text())
    def test_each_that_is_taken_is_in_form_c(self, name: str) -> None:
        try:
            normal = normal_filename(name)
        except ValueError:
            return
        assert unicodedata.is_normalized("NFC", normal)
        assert normal_filename(normal) == normal


class TestMediaType:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("a.jpg", "image/jpeg"),
            ("A.JPEG", "image/jpeg"),
            ("a.b.webp", "image/webp"),
            ("a.avif", "image/avif"),
            ("a.tif", "image/tiff"),
            ("a.heic", "image/heic"),
            ("a", "application/octet-stream"),
            (".png", "application/octet-stream"),
            ("a.svg", None),
            ("a.svgz", None),
            ("a.png.exe", None),
            ("a.", "application/octet-stream"),
        ],
    )
    def test_is_what_the_name_says(self, name: str, expected: str | None) -> None:
        assert media_type_of(name) == expected
