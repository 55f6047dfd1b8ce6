"""The ladder of variants: the widths, heights and formats there are, and no others. Pure.

One image has 150 of them at most: a caller cannot fill the bucket, nor keep the encoders busy with sizes nobody needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args
from urllib.parse import urlencode

from app.core.errors import ParameterInvalid, UnknownParameter, did_you_mean
from app.images.check.limits import Master, fit_width, round_half_up

Format = Literal["webp", "avif", "jpeg"]
Fit = Literal["contain", "cover"]

RUNGS = (64, 128, 256, 384, 640, 960, 1280, 1920, 2560)
FORMATS: tuple[Format, ...] = get_args(Format)
FITS: tuple[Fit, ...] = get_args(Fit)
MEDIA_TYPES: dict[Format, str] = {"webp": "image/webp", "avif": "image/avif", "jpeg": "image/jpeg"}
MAX_RATIO = 3
PARAMETERS = ("w", "h", "fit", "format", "v")


@dataclass(frozen=True)
class Shape:
    """A variant that a URL asks for: as wide as `width`, or, with a height, a crop of just this size."""

    width: int
    height: int | None = None
    format: Format = "webp"

    @property
    def query(self) -> str:
        """The parameters of its URL, without those that have their default."""
        given: list[tuple[str, object]] = [("w", self.width)]
        if self.height is not None:
            given += [("h", self.height), ("fit", "cover")]
        if self.format != "webp":
            given.append(("format", self.format))
        return urlencode(given)


@dataclass(frozen=True)
class Output:
    """A shape as an image has it: never larger than its master, so that many shapes may be one object."""

    width: int
    height: int
    is_crop: bool
    format: Format

    @property
    def name(self) -> str:
        """The last part of the object's key."""
        return shape_name(self.width, self.height if self.is_crop else None, self.format)


def shape_name(width: int, height: int | None, form: str) -> str:
    """The name of a variant: its width, the height of a crop, and its format."""
    return f"{width}.{form}" if height is None else f"{width}x{height}.{form}"


def all_shapes() -> list[Shape]:
    """Every shape there is."""
    sizes: list[tuple[int, int | None]] = [(width, None) for width in RUNGS]
    sizes += [(width, height) for width, height in product(RUNGS, RUNGS) if _is_croppable(width, height)]
    return [Shape(width, height, form) for width, height in sizes for form in FORMATS]


def _is_croppable(width: int, height: int) -> bool:
    return max(width, height) <= MAX_RATIO * min(width, height)


def parse_query(given: Sequence[tuple[str, str]]) -> tuple[str | None, Shape]:
    """The version and the shape that a URL asks for.

    Raises:
        UnknownParameter, ParameterInvalid: there is no such variant; the message names what is near.
    """
    values: dict[str, str] = {}
    for name, value in given:
        if name not in PARAMETERS:
            raise UnknownParameter(
                f"There is no parameter '{name[:50]}'.{did_you_mean(name, PARAMETERS)}",
                hint=f"A picture is asked for by {', '.join(PARAMETERS)}.",
            )
        if name in values:
            raise _invalid(name, f"'{name}' is given twice.", "Give each parameter once.")
        values[name] = value
    return values.get("v"), _shape(values)


def _shape(values: dict[str, str]) -> Shape:
    if "w" not in values:
        raise _invalid("w", "'w' is missing: the width of the picture.", f"It is one of {_list(RUNGS)}.")
    width = _rung("w", values["w"])
    height = _rung("h", values["h"]) if "h" in values else None
    fit = _choice("fit", values.get("fit", "contain"), FITS)
    form = _choice("format", values.get("format", "webp"), FORMATS)
    if fit == "contain" and height is not None:
        raise _invalid(
            "h",
            "'h' needs fit=cover: without it the height follows from the width.",
            "Add fit=cover to crop the picture, or leave 'h' out.",
        )
    if fit == "cover" and height is None:
        raise _invalid("fit", "fit=cover needs 'h', the height of the crop.", f"It is one of {_list(RUNGS)}.")
    if height is not None and not _is_croppable(width, height):
        raise _invalid(
            "h",
            f"A crop of {width} x {height} is not made here: no side is more than {MAX_RATIO} times the other.",
            f"With w={width}, h is one of {_list([rung for rung in RUNGS if _is_croppable(width, rung)])}.",
        )
    return Shape(width, height, "webp" if form == "webp" else "avif" if form == "avif" else "jpeg")


def _rung(name: str, text: str) -> int:
    # No zeros in front, no sign, no digits of other scripts: one number is one text.
    if text.isascii() and text.isdigit() and not text.startswith("0") and len(text) < 10:
        number = int(text)
        if number in RUNGS:
            return number
        raise _invalid(name, f"{name}={number} is not made here; {_near(number)}.")
    raise _invalid(name, f"{name}='{text[:50]}' is no size of this ladder: it is one of {_list(RUNGS)}.")


def _invalid(name: str, message: str, hint: str | None = None) -> ParameterInvalid:
    return ParameterInvalid(message, hint=hint, errors=[{"in": "query", "path": name, "message": message}])


def _near(number: int) -> str:
    below = [rung for rung in RUNGS if rung < number][-1:]
    above = [rung for rung in RUNGS if rung > number][:1]
    return f"{_list(below + above, ' or ')} is"


def _choice(name: str, text: str, known: Sequence[str]) -> str:
    if text in known:
        return text
    raise _invalid(name, f"{name}='{text[:50]}' is not made here: it is one of {', '.join(known)}.")


def _list(numbers: Sequence[int], comma: str = ", ") -> str:
    return comma.join(map(str, numbers))


def output_of(shape: Shape, master: Master) -> Output:
    """A shape of an image with this master."""
    if shape.height is None:
        return Output(*fit_width(master.width, master.height, shape.width), is_crop=False, format=shape.format)
    # A crop as large as the master allows has the same ratio.
    wide, high = shape.width, shape.height
    if wide > master.width or high > master.height:
        by, of = min((master.width, wide), (master.height, high), key=lambda part: part[0] / part[1])
        wide, high = max(1, round_half_up(wide * by, of)), max(1, round_half_up(high * by, of))
    return Output(min(wide, master.width), min(high, master.height), is_crop=True, format=shape.format)
