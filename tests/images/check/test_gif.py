"""The frames of a GIF."""

from hypothesis import given
from hypothesis import strategies as st

from app.images.check.gif import largest_frame
from tests.images import pictures


class TestLargestFrame:
    def test_of_an_animation(self) -> None:
        assert largest_frame(pictures.animated(width=60, height=40)) == (60, 40)

    def test_one_that_is_larger_than_the_canvas(self) -> None:
        assert largest_frame(pictures.growing_gif()) == (39_711, 16_448)

    @given(st.binary(max_size=200))
    def test_any_bytes_have_an_answer(self, data: bytes) -> None:
        assert min(largest_frame(b"GIF89a" + data)) >= 0
