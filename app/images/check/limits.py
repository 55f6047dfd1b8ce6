"""The limits of a picture, which its header is held against before any pixel is decoded. Pure."""

import math
from dataclasses import dataclass

from app.images.check.rejection import Rejected

MEGA = 1_000_000


@dataclass(frozen=True)
class Header:
    """The size of one frame of a picture and the number of frames, as its header has them."""

    width: int
    height: int
    frames: int


@dataclass(frozen=True)
class Limits:
    """The most that a picture may have, and the longer side of its master."""

    pixels: int
    side: int
    frames: int
    animation_pixels: int
    edge: int


def check_header(header: Header, limits: Limits) -> None:
    """Raise Rejected for a picture that would take too much to decode."""
    width, height, frames = header.width, header.height, header.frames
    size = f"{width} x {height}"
    pixels = width * height
    if pixels > limits.pixels:
        raise Rejected("too_many_pixels", f"{size} = {_mega(pixels)} megapixels; {_mega(limits.pixels)} are the most.")
    if max(width, height) > limits.side:
        raise Rejected("too_many_pixels", f"{size}: a side has {limits.side:,} pixels at most.")
    if frames > limits.frames:
        raise Rejected("too_many_frames", f"{frames:,} frames; {limits.frames:,} are the most.")
    if frames > 1 and pixels * frames > limits.animation_pixels:
        raise Rejected(
            "too_many_pixels",
            f"{frames:,} frames of {size} = {_mega(pixels * frames)} megapixels; "
            f"{_mega(limits.animation_pixels)} are the most.",
        )


def _mega(pixels: int) -> str:
    return f"{pixels / MEGA:,.1f}".removesuffix(".0")


@dataclass(frozen=True)
class Master:
    """The size of an image's master, or of one frame of it."""

    width: int
    height: int


# What a master has at most, in squares of its longest edge: so much of it a maker can encode in 150 MB, and in seconds.
STILL_SQUARES, CLEAR_SQUARES, ANIMATION_SQUARES = 0.8, 0.37, 2.5


def master_size(width: int, height: int, *, frames: int, has_alpha: bool, edge: int) -> Master:
    """The size of the master of an upright picture, by what is known of a ready image and by the setting alone."""
    squares = CLEAR_SQUARES if has_alpha else STILL_SQUARES
    pixels = squares * edge * edge
    if frames > 1:
        pixels = min(pixels, ANIMATION_SQUARES * edge * edge / frames)
    longest = min(edge, math.floor(max(width, height) * math.sqrt(pixels / (width * height))))
    return Master(*fit_within(width, height, max(1, longest)))


def fit_within(width: int, height: int, edge: int) -> tuple[int, int]:
    """The size of a picture whose sides are scaled down to at most `edge`, and at least one pixel."""
    longer = max(width, height)
    if longer <= edge:
        return width, height
    return max(1, round_half_up(width * edge, longer)), max(1, round_half_up(height * edge, longer))


def fit_width(width: int, height: int, widest: int) -> tuple[int, int]:
    """The size of a picture scaled down to a width, with at least one row."""
    if width <= widest:
        return width, height
    return widest, max(1, round_half_up(height * widest, width))


def round_half_up(value: int, by: int) -> int:
    """A quotient as a whole number."""
    return (2 * value + by) // (2 * by)
