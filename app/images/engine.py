"""libvips with a single thread, no cache, and those loaders alone that the accepted formats need.

Loading this module loads libvips: a function that decodes nothing never imports it.
"""

import os
from typing import Any

# Read as the library starts: what it warns of is in what it raises.
os.environ.setdefault("VIPS_WARNING", "hidden")

import pyvips

LOADERS = (
    "VipsForeignLoadJpeg",
    "VipsForeignLoadPng",
    "VipsForeignLoadWebp",
    "VipsForeignLoadHeif",
    "VipsForeignLoadNsgif",
    "VipsForeignLoadTiff",
)

# Its messages would be logged by Python in a thread of libvips. If garbage is collected there, pictures are freed amid
# that thread's work, and the process aborts. There is no public way.
pyvips._remove_log_handler()
# Pictures are checked side by side in processes of their own: threads within one would only compete.
pyvips.concurrency_set(1)
# No picture is asked for twice; what a cache holds is memory that the next one lacks.
pyvips.cache_set_max(0)
pyvips.cache_set_max_mem(0)
pyvips.cache_set_max_files(0)
pyvips.operation_block_set("VipsForeignLoad", True)
for loader in LOADERS:
    pyvips.operation_block_set(loader, False)

# The library has no types that mypy reads.
Picture = Any
PictureError: type[Exception] = pyvips.Error
open_picture = pyvips.Image.new_from_buffer
thumbnail = pyvips.Image.thumbnail_buffer


def from_pixels(pixels: bytes, width: int, height: int, bands: int) -> Picture:
    """A picture of pixels that another library has decoded, a byte a band."""
    return pyvips.Image.new_from_memory(pixels, width, height, bands, "uchar")


def attach_profile(picture: Picture, profile: bytes) -> Picture:
    """The picture with a colour profile."""
    copy = picture.copy()
    copy.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return copy


def join_frames(frames: list[Picture], like: Picture) -> Picture:
    """An animation of frames of one size, with the times and loops of another one."""
    strip = pyvips.Image.arrayjoin(frames, across=1).copy()
    for name, kind in (("delay", pyvips.GValue.array_int_type), ("loop", pyvips.GValue.gint_type)):
        if name in like.get_fields():
            strip.set_type(kind, name, like.get(name))
    strip.set_type(pyvips.GValue.gint_type, "page-height", frames[0].height)
    return strip
