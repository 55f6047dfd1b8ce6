"""The encoding of variants, from masters that our own check has made. Loading this module loads libvips."""

from typing import Any

from app.images.engine import Picture, join_frames, open_picture, thumbnail
from app.images.variants.ladder import Format, Output

# AVIF at libvips' default quality. Its effort decides the bill: the default one takes ten times as long, and of photos
# it makes as many bytes.
ENCODERS: dict[Format, tuple[str, dict[str, Any]]] = {
    "webp": (".webp", {"Q": 80, "effort": 4}),
    "avif": (".avif", {"Q": 50, "effort": 1}),
    "jpeg": (".jpg", {"Q": 80, "background": [255, 255, 255]}),
}
CENTER = (0.5, 0.5)


def make_variant(master: bytes, output: Output, focal_point: tuple[float, float] | None) -> bytes:
    """A variant of a master: scaled down as a whole, or scaled down and cropped around what matters in it.

    An animation stays one as WebP; as JPEG and AVIF it is its first frame.
    """
    frames = _count_frames(master) if output.format == "webp" else 1
    picture = _crop(master, output, focal_point or CENTER, frames) if output.is_crop else _scale(master, output, frames)
    suffix, options = ENCODERS[output.format]
    encoded: bytes = picture.write_to_buffer(suffix, keep="none", **options)
    return encoded


def _count_frames(master: bytes) -> int:
    opened = open_picture(master, "")
    return int(opened.get("n-pages")) if "n-pages" in opened.get_fields() else 1


def _load(master: bytes, width: int, height: int, frames: int) -> Picture:
    """The master scaled to just this size, every frame of it."""
    loading = "n=-1" if frames > 1 else ""
    return thumbnail(master, width, height=height, size="force", option_string=loading)


def _scale(master: bytes, output: Output, frames: int) -> Picture:
    return _load(master, output.width, output.height, frames)


def _crop(master: bytes, output: Output, focal_point: tuple[float, float], frames: int) -> Picture:
    opened = open_picture(master, "")
    scale = max(output.width / opened.width, output.height / opened.height)
    wide = max(output.width, round(opened.width * scale))
    high = max(output.height, round(opened.height * scale))
    left = _begin(wide, output.width, focal_point[0])
    top = _begin(high, output.height, focal_point[1])
    scaled = _load(master, wide, high, frames)
    if frames == 1:
        return scaled.crop(left, top, output.width, output.height)
    # Frames stand one below another: each is cropped by itself, in their order, so that they are read but once.
    parts = [scaled.crop(left, number * high + top, output.width, output.height) for number in range(frames)]
    return join_frames(parts, like=scaled)


def _begin(whole: int, part: int, center: float) -> int:
    """The first pixel of a part whose middle is as near to the focal point as the picture's edges allow."""
    return min(max(0, round(whole * center - part / 2)), whole - part)
