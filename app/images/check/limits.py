"""The limits of a picture, which its header is held against before any pixel is decoded. Pure."""

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
