"""Files that are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.images.check.endings import is_cut
from tests.images import pictures

SUFFIXES = {"jpeg": ".jpg", "png": ".png", "gif": ".gif", "webp": ".webp", "avif": ".avif", "tiff": ".tif"}


class TestEndings:
    @pytest.mark.parametrize("form", SUFFIXES)
    def test_a_whole_file_is_not_cut_and_one_without_its_end_is(self, form: str) -> None:
        data = pictures.encoded(SUFFIXES[form])
        assert not is_cut(data, form)
        assert is_cut(data[: len(data) * 6 // 10], form)

    def test_heic(self) -> None:
        data = pictures.heic()
        assert not is_cut(data, "heic")
        assert is_cut(data[:-1], "heic")

    @given(st.binary(max_size=60), st.sampled_from([*SUFFIXES, "heic"]))
    def test_any_bytes_have_an_answer(self, data: bytes, form: str) -> None:
        assert is_cut(data, form) in (True, False)
