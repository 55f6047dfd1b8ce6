"""HEIC, by the extra `heic`: libvips as it comes in its wheel reads the headers of such files and not their pixels."""

from functools import cache
from importlib.util import find_spec
from typing import Any


@cache
def reads_heic() -> bool:
    """Return whether the extra is installed."""
    return find_spec("pillow_heif") is not None


# The errors with which the decoder answers broken files; one without any picture is an index that is out of range.
HEIC_ERRORS = (ValueError, EOFError, RuntimeError, OSError, SyntaxError, LookupError, TypeError)


class HeicPicture:
    """The primary picture of a HEIC file, upright: its decoder applies the file's own rotation.

    Raises:
        HEIC_ERRORS: the file is broken.
    """

    def __init__(self, data: bytes) -> None:
        import pillow_heif  # noqa: PLC0415  # an extra, and loaded by the process that decodes alone

        pillow_heif.options.DECODE_THREADS = 1
        pillow_heif.options.THUMBNAILS = pillow_heif.options.DEPTH_IMAGES = pillow_heif.options.AUX_IMAGES = False
        self._file: Any = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
        self.width, self.height = self._file.size
        self.profile: bytes | None = self._file.info.get("icc_profile")
        self.pictures = len(self._file)

    def decode(self) -> tuple[bytes, int]:
        """The pixels without padding, and how many bytes each has."""
        bands = len(self._file.mode)
        row = self.width * bands
        pixels, stride = bytes(self._file.data), self._file.stride
        if stride == row:
            return pixels, bands
        return b"".join(pixels[start : start + row] for start in range(0, stride * self.height, stride)), bands
