"""The outcome of a check, as it goes through the pipe. Pure."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CheckedPicture:
    """All that is kept of a picture; `width` and `height` are those of the upright picture."""

    width: int
    height: int
    frames: int
    has_alpha: bool
    color: str
    placeholder: str
    warnings: list[str]
    master: bytes
    master_type: str
    # A WebP of the first rung that is made, or as large as the master.
    first: bytes
    first_size: tuple[int, int]


def checked_picture(members: dict[str, Any], parts: list[bytes]) -> CheckedPicture:
    """The outcome out of what came through the pipe."""
    master, first = parts
    size = members.pop("first_size")
    return CheckedPicture(**members, master=master, first=first, first_size=(size[0], size[1]))
