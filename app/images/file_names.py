"""Names of the files of images: which are taken, and what type a name says that the file is of. Pure."""

import unicodedata
from pathlib import PurePosixPath

MAX_FILENAME = 255
# Media types of the files that are accepted, by the ends of their names.
MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpe": "image/jpeg",
    ".jfif": "image/jpeg",
    ".png": "image/png",
    ".apng": "image/png",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".heic": "image/heic",
    ".heif": "image/heif",
}
# What a file without an ending is sent as: its first bytes show what it is.
UNKNOWN = "application/octet-stream"


def normal_filename(name: str) -> str:
    """A file's name as it is kept and compared: letters with accents as one character each (Unicode's form C).

    Raises:
        ValueError: it is no file's name.
    """
    normal = unicodedata.normalize("NFC", name)
    if "/" in normal or "\\" in normal or not normal.isprintable() or normal.strip() in ("", ".", ".."):
        raise ValueError("must be a file's name, without a folder")
    return normal


def media_type_of(filename: str) -> str | None:
    """The media type that a file's name says, None for one that is not accepted."""
    ending = PurePosixPath(filename).suffix.lower()
    return MEDIA_TYPES.get(ending) if ending else UNKNOWN
