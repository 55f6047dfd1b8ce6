"""The outcome of a check, as it goes through the pipe. Pure."""

import re
from dataclasses import dataclass
from typing import Any

_COLOR = re.compile("#[0-9a-f]{6}")
_PLACEHOLDER = re.compile("data:image/webp;base64,[A-Za-z0-9+/]{1,2000}={0,2}")
MASTER_TYPES = ("image/jpeg", "image/webp")


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
    """The outcome out of what came through the pipe.

    Raises:
        ValueError: no honest process says that. A picture that took one over gets no further by it.
    """
    if not _is_honest(members):
        raise ValueError("the process that checks pictures says what none says")
    master, first = parts
    size = members.pop("first_size")
    return CheckedPicture(**members, master=master, first=first, first_size=(size[0], size[1]))


def _is_honest(members: dict[str, Any]) -> bool:
    numbers = (members["width"], members["height"], members["frames"], *members["first_size"])
    return (
        all(type(number) is int and number > 0 for number in numbers)
        and type(members["has_alpha"]) is bool
        and _COLOR.fullmatch(members["color"]) is not None
        and _PLACEHOLDER.fullmatch(members["placeholder"]) is not None
        and members["master_type"] in MASTER_TYPES
        and all(isinstance(warning, str) for warning in members["warnings"])
    )
