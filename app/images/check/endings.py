"""Files that end before their format says they do. Pure."""

from typing import Literal

_BOX = 8


def is_cut(data: bytes, form: str) -> bool:
    """Return whether a file of a format lacks its end; one of a format that does not say where it ends is whole."""
    if form == "jpeg":
        return b"\xff\xd9" not in data[-65_536:]
    if form == "png":
        return b"IEND" not in data[-65_536:]
    if form == "gif":
        return b"\x3b" not in data[-2:]
    if form == "tiff":
        order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
        return int.from_bytes(data[4:8], order) >= len(data)
    if form == "webp":
        return int.from_bytes(data[4:8], "little") + _BOX > len(data)
    return form in ("avif", "heic") and _ends_within_box(data)


def _ends_within_box(data: bytes) -> bool:
    place = 0
    while place + _BOX <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        if size == 1:
            size = int.from_bytes(data[place + _BOX : place + 2 * _BOX], "big")
        if size == 0:
            return False
        if size < _BOX or place + size > len(data):
            return True
        place += size
    return place < len(data)
