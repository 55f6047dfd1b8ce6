"""The decoding of a stranger's picture and what comes of it. It runs in a child process, which may die of it."""

import base64
from typing import Any

from app.images.check.endings import is_cut
from app.images.check.gif import largest_frame
from app.images.check.heic import HEIC_ERRORS, HeicPicture
from app.images.check.limits import Header, Limits, Master, check_header, fit_width, fit_within, master_size
from app.images.check.profiles import is_sound
from app.images.check.rejection import Rejected
from app.images.check.report import CheckedPicture
from app.images.check.sniff import ACCEPTED
from app.images.engine import Picture, PictureError, attach_profile, from_pixels, open_picture, thumbnail

FIRST_WIDTH = 256
PLACEHOLDER_SIDE = 16
ANIMATED = ("gif", "webp")
TURNED = (5, 6, 7, 8)
MASTER_JPEG = {"Q": 90}
MASTER_WEBP = {"lossless": True, "effort": 2}
# An animation is of many frames: a lesser effort keeps the longest one within the time of a check.
MASTER_ANIMATION = {"Q": 90, "effort": 2}
VARIANT_WEBP = {"Q": 80, "effort": 4}
PLACEHOLDER_WEBP = {"Q": 50, "effort": 4}
OPAQUE = 255
# A file that ends before is a header alone.
_HEADERS_END = 512
MORE_PAGES = "The file has {} pictures or pages; the image is the first one, or the one that the file calls primary."
PROFILE_IGNORED = "The colour profile is broken, so it is ignored: colours may differ."
FIRST_FRAME = "The PNG is an animation, of which the first picture is kept."


def check_picture(data: bytes, form: str, limits: Limits) -> CheckedPicture:
    """Hold a picture's header against the limits, decode it once, and make all of it that is kept.

    Raises:
        Rejected: it is not taken.
    """
    if form == "heic":
        return _check_heic(data, limits)
    try:
        opened = open_picture(data, "")
    except PictureError:
        raise _unreadable(data, form) from None
    return _Source(data, form, opened).check(limits)


def _unreadable(data: bytes, form: str) -> Rejected:
    # These say how long they are before anything else, and are opened as a whole.
    if form in ("webp", "avif", "heic", "tiff") and len(data) > _HEADERS_END and is_cut(data, form):
        return _undecoded(data, form)
    return Rejected(
        "not_an_image", f"The file begins as {ACCEPTED[form]}, but has no header that can be read: it may be cut."
    )


def _undecoded(data: bytes, form: str) -> Rejected:
    if is_cut(data, form):
        return Rejected("truncated", f"The file ends before its picture does ({len(data):,} bytes): upload it again.")
    return Rejected("undecodable", f"The {ACCEPTED[form]} file is damaged: its picture cannot be decoded.")


class _Source:
    """A picture whose header has been read, and none of its pixels."""

    def __init__(self, data: bytes, form: str, opened: Picture) -> None:
        self._data = data
        self._form = form
        self._opened = opened
        self._fields = set(opened.get_fields())
        self._pages = self._get("n-pages", 1)
        self._warnings: list[str] = []

    def _get(self, name: str, default: Any) -> Any:
        return self._opened.get(name) if name in self._fields else default

    @property
    def _is_animation(self) -> bool:
        return self._form in ANIMATED and self._pages > 1

    def check(self, limits: Limits) -> CheckedPicture:
        width, height = self._opened.width, self._opened.height
        frames = self._pages if self._is_animation else 1
        check_header(Header(width, height, frames), limits)
        if self._form == "gif":
            check_header(Header(*largest_frame(self._data), frames), limits)
        if self._form == "avif" and is_cut(self._data, "avif"):
            raise _undecoded(self._data, "avif")
        self._warn()
        if self._get("orientation", 1) in TURNED and not self._is_animation:
            width, height = height, width
        try:
            header = Header(width, height, frames)
            decoded = self._decode(_size_of(header, limits)).copy_memory()
            return _keep(decoded, header, limits, self._warnings)
        except PictureError:
            raise _undecoded(self._data, self._form) from None

    def _warn(self) -> None:
        if self._pages > 1 and not self._is_animation:
            self._warnings.append(MORE_PAGES.format(self._pages))
        if self._form == "png" and b"acTL" in self._data[:4096]:
            self._warnings.append(FIRST_FRAME)

    def _decode(self, size: Master) -> Picture:
        # As an option of the thumbnail itself, `fail_on` is ignored: a cut picture would pass, its rest grey.
        loading = "fail_on=error,n=-1" if self._is_animation else "fail_on=error"
        options: dict[str, Any] = {"height": size.height, "size": "force", "option_string": loading}
        if self._converts_colors():
            options["output_profile"] = "srgb"
        return thumbnail(self._data, size.width, **options)

    def _converts_colors(self) -> bool:
        """Return whether colours need a profile: without need, converting them takes four times as long."""
        profile = self._get("icc-profile-data", None)
        if profile is not None and is_sound(profile):
            return True
        # A broken or a huge profile of a PNG is not even shown by its reader.
        if profile is not None or (self._form == "png" and b"iCCP" in self._data[:_HEADERS_END]):
            self._warnings.append(PROFILE_IGNORED)
        return bool(self._opened.interpretation == "cmyk")


def _check_heic(data: bytes, limits: Limits) -> CheckedPicture:
    """The same by another library: libvips reads no HEIC. Its decoder is content with files that are cut."""
    if is_cut(data, "heic"):
        raise _undecoded(data, "heic")
    try:
        heic = HeicPicture(data)
    except HEIC_ERRORS:
        raise _unreadable(data, "heic") from None
    header = Header(heic.width, heic.height, 1)
    check_header(header, limits)
    warnings = [MORE_PAGES.format(heic.pictures)] if heic.pictures > 1 else []
    try:
        pixels, bands = heic.decode()
        picture = from_pixels(pixels, heic.width, heic.height, bands)
        size = _size_of(header, limits)
        options: dict[str, Any] = {"height": size.height, "size": "force"}
        if heic.profile is not None and is_sound(heic.profile):
            picture = attach_profile(picture, heic.profile)
            options["output_profile"] = "srgb"
        return _keep(picture.thumbnail_image(size.width, **options).copy_memory(), header, limits, warnings)
    except (PictureError, *HEIC_ERRORS):
        raise _undecoded(data, "heic") from None


def _size_of(header: Header, limits: Limits, *, has_alpha: bool = False) -> Master:
    return master_size(header.width, header.height, frames=header.frames, has_alpha=has_alpha, edge=limits.edge)


def _keep(decoded: Picture, header: Header, limits: Limits, warnings: list[str]) -> CheckedPicture:
    """Encode what is kept of a decoded picture: no byte of it comes from the file but by way of pixels."""
    picture = _as_srgb(decoded)
    has_alpha = bool(picture.hasalpha())
    if has_alpha:
        # Whether anything shows through is known only now, and such a master is smaller.
        size = _size_of(header, limits, has_alpha=True)
        picture = picture.thumbnail_image(size.width, height=size.height, size="force").copy_memory()
    is_animation = header.frames > 1
    master, master_type = _encode_master(picture, is_animation=is_animation)
    page = picture.height // header.frames
    first_size = fit_width(picture.width, page, FIRST_WIDTH)
    first = picture.thumbnail_image(first_size[0], height=first_size[1], size="force")
    still = picture.crop(0, 0, picture.width, page) if is_animation else picture
    tiny_size = fit_within(picture.width, page, PLACEHOLDER_SIDE)
    tiny = still.thumbnail_image(tiny_size[0], height=tiny_size[1], size="force").copy_memory()
    return CheckedPicture(
        width=header.width,
        height=header.height,
        frames=header.frames,
        has_alpha=has_alpha,
        color=_color_of(tiny),
        placeholder=_placeholder_of(tiny),
        warnings=warnings,
        master=master,
        master_type=master_type,
        first=_encode(first, ".webp", VARIANT_WEBP),
        first_size=first_size,
    )


def _as_srgb(decoded: Picture) -> Picture:
    """The picture in three bands of eight bits, and a fourth only if something of it shows through."""
    picture = decoded if decoded.interpretation == "srgb" else decoded.colourspace("srgb")
    if picture.format != "uchar":
        picture = picture.cast("uchar")
    if picture.bands > 3 and (not picture.hasalpha() or picture[3].min() == OPAQUE):
        return picture.extract_band(0, n=3).copy_memory()
    return picture.copy_memory()


def _encode_master(picture: Picture, *, is_animation: bool) -> tuple[bytes, str]:
    if is_animation:
        return _encode(picture, ".webp", MASTER_ANIMATION), "image/webp"
    if picture.hasalpha():
        return _encode(picture, ".webp", MASTER_WEBP), "image/webp"
    return _encode(picture, ".jpg", MASTER_JPEG), "image/jpeg"


def _encode(picture: Picture, suffix: str, options: dict[str, Any]) -> bytes:
    encoded: bytes = picture.write_to_buffer(suffix, keep="none", **options)
    return encoded


def _color_of(tiny: Picture) -> str:
    """The mean of what shows of a picture, white if nothing does."""
    weights = [pixel[3] / OPAQUE for pixel in _pixels(tiny)] if tiny.hasalpha() else [1.0] * (tiny.width * tiny.height)
    total = sum(weights)
    if not total:
        return "#ffffff"
    sums = [0.0, 0.0, 0.0]
    for weight, pixel in zip(weights, _pixels(tiny), strict=True):
        for band in range(3):
            sums[band] += weight * pixel[band]
    return "#" + "".join(f"{round(value / total):02x}" for value in sums)


def _pixels(tiny: Picture) -> list[bytes]:
    data = tiny.write_to_memory()
    return [data[start : start + tiny.bands] for start in range(0, len(data), tiny.bands)]


def _placeholder_of(tiny: Picture) -> str:
    encoded = _encode(tiny, ".webp", PLACEHOLDER_WEBP)
    return f"data:image/webp;base64,{base64.b64encode(encoded).decode()}"
