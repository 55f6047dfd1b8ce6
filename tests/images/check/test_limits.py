"""The limits of headers, and sizes scaled down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.images.check.limits import ANIMATION_SQUARES, Header, Limits, check_header, fit_within, master_size
from app.images.check.rejection import Rejected

LIMITS = Limits(pixels=64_000_000, side=16_383, frames=500, animation_pixels=100_000_000, edge=2560)
SIDES = st.integers(1, 65_535)


def rejection(width: int, height: int, frames: int = 1) -> Rejected:
    """The reason for which a picture is rejected."""
    with pytest.raises(Rejected) as caught:
        check_header(Header(width, height, frames), LIMITS)
    return caught.value


class TestHeaders:
    def test_a_picture_within_them_passes(self) -> None:
        check_header(Header(8000, 8000, 1), LIMITS)
        check_header(Header(16_383, 1, 1), LIMITS)
        check_header(Header(400, 500, 500), LIMITS)

    def test_too_many_pixels(self) -> None:
        rejected = rejection(20_000, 20_000)
        assert rejected.document == {
            "code": "too_many_pixels",
            "message": "20000 x 20000 = 400 megapixels; 64 are the most.",
        }

    def test_a_side_that_is_too_long(self) -> None:
        assert rejection(16_384, 1).message == "16384 x 1: a side has 16,383 pixels at most."

    def test_too_many_frames(self) -> None:
        assert rejection(1, 1, 5000).document == {
            "code": "too_many_frames",
            "message": "5,000 frames; 500 are the most.",
        }

    def test_frames_with_too_many_pixels_together(self) -> None:
        assert rejection(1000, 1000, 101).code == "too_many_pixels"


class TestFit:
    @given(SIDES, SIDES, st.integers(64, 16_383))
    def test_no_side_is_longer_than_the_edge_none_is_lost_and_none_grows(
        self, width: int, height: int, edge: int
    ) -> None:
        fitted = fit_within(width, height, edge)
        assert max(fitted) <= max(edge, 1)
        assert min(fitted) >= 1
        assert fitted[0] <= width
        assert fitted[1] <= height

    @given(SIDES, SIDES)
    def test_the_ratio_stays(self, width: int, height: int) -> None:
        fitted = fit_within(width, height, 2560)
        scale = max(fitted) / max(width, height)
        assert abs(fitted[0] - width * scale) <= 1
        assert abs(fitted[1] - height * scale) <= 1


class TestMaster:
    def test_photos_have_the_whole_edge(self) -> None:
        for width, height in ((8000, 6000), (6000, 8000), (6000, 4000)):
            size = master_size(width, height, frames=1, has_alpha=False, edge=2560)
            assert max(size.width, size.height) == 2560

    def test_a_square_and_one_that_shows_through_are_smaller(self) -> None:
        assert master_size(6000, 6000, frames=1, has_alpha=False, edge=2560).width == 2289
        assert master_size(6000, 6000, frames=1, has_alpha=True, edge=2560).width == 1557

    def test_a_small_animation_stays_as_it_is(self) -> None:
        assert master_size(480, 270, frames=100, has_alpha=True, edge=2560).width == 480

    @given(SIDES, SIDES, st.integers(1, 500), st.booleans(), st.integers(64, 16_383))
    def test_any_has_sides_and_no_more_pixels_than_it_may(
        self, width: int, height: int, frames: int, has_alpha: bool, edge: int
    ) -> None:
        size = master_size(width, height, frames=frames, has_alpha=has_alpha, edge=edge)
        assert 1 <= size.width <= min(width, edge)
        assert 1 <= size.height <= min(height, edge)
        if frames > 1 and min(size.width, size.height) > 20:
            assert size.width * size.height * frames <= ANIMATION_SQUARES * edge * edge * 1.06
