"""Kinds of files by their names: tables, pictures, and those that programs add. Pure."""

import re

# The folder that exports and most archives have pictures in.
PICTURE_FOLDER = "images/"
TABLE = re.compile(r"\.(csv|tsv)(\.(gz|zst))?$", re.IGNORECASE)
MAYBE_TABLE = re.compile(r"\.(txt|tab|psv|dat)(\.(gz|zst))?$", re.IGNORECASE)
# Those that are accepted, and those whose check says by name that they are not.
PICTURE = re.compile(
    r"\.(jpe?g|jpe|jfif|png|apng|webp|avif|gif|tiff?|heic|heif|svgz?|bmp|jxl|jp2|ico|psd)$", re.IGNORECASE
)
IGNORED = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._[^/]*$)", re.IGNORECASE)
ARCHIVE = re.compile(r"\.(zip|7z|rar|tar|tgz|gz|bz2|xz)$", re.IGNORECASE)


def is_picture(path: str) -> bool:
    """Return whether a file of an archive is a picture by its ending, or by its folder if that says nothing."""
    if PICTURE.search(path):
        return True
    others = (TABLE, MAYBE_TABLE, ARCHIVE)
    name = path.rpartition("/")[2]
    in_folder = f"/{PICTURE_FOLDER}" in f"/{path}"
    return in_folder and not name.startswith(".") and not any(kind.search(path) for kind in others)
