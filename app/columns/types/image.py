"""Images, held by their ids. Pure.

What is written may name an image otherwise: by a filename of the dataset's images or by a URL of ours. Which image that
is, the catalogue knows; records show more of it than its id.
"""

import re
import unicodedata
from typing import Any

from app.columns.types.base import COUNTS, EQUALITY
from app.columns.types.text import TextType

ID_PATTERN = "img_[0-9a-f]{20}"
_ID = re.compile(ID_PATTERN)
# The end of the path of a URL, as PostgreSQL reads a regular expression; its group is the id.
URL_PATTERN = rf"/images/({ID_PATTERN})(?:/content|/original)?/?(?:[?#].*)?$"
# A URL of an image as its host has it, or its path alone, with any path before the route's.
_URL = re.compile(
    rf"(?P<origin>https?://[^/?#]*)?(?P<path>(/[^/?#]+)*)/images/(?P<id>{ID_PATTERN})(/content|/original)?/?([?#].*)?",
    re.IGNORECASE | re.DOTALL,
)


class ImageType(TextType):
    """Images; a value is an image's id."""

    name = "image"
    article = "an image"
    example = "its id, the filename of one of the dataset's images, or the URL of one"
    query_note = "An image's id, the filename of one of the dataset's images, or the URL of one."
    is_text = False
    is_image = True
    ordered = False
    can_be_key = False
    can_be_sorted = False
    operators = EQUALITY
    aggregates = COUNTS

    def read(self, text: str) -> str:
        """The id that a URL of an image holds; an id as it is, and a filename in Unicode's form C."""
        return find_id(super().read(text)) or unicodedata.normalize("NFC", text)

    def read_json(self, value: Any) -> str:
        """The text by which a written record names its image: of the object that shows an image, its id."""
        return super().read_json(value.get("id") if isinstance(value, dict) else value)


def is_id(text: str) -> bool:
    """Return whether a text is written as the id of an image is."""
    return _ID.fullmatch(text) is not None


def match_url(text: str) -> re.Match[str] | None:
    """The `origin`, the `path` before the route's, and the `id` of a text that may be a URL of an image."""
    return _URL.fullmatch(text)


def find_id(text: str) -> str | None:
    """The id that a text is, or has in it as a URL of an image."""
    if is_id(text):
        return text
    match = match_url(text)
    return match["id"].lower() if match else None
