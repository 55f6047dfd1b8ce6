"""The URLs of images. They come from the settings, never from a request, so that an answer is the same for everyone."""

from app.core.settings import get_settings

# The widths that a record shows the URLs of, and the one of its `url`.
SHOWN_WIDTHS = (256, 640, 1280)
WIDTH = 1280


def content_url(image: str, version: str, width: int = WIDTH) -> str:
    """The URL of a variant, which opens it to everyone who has the URL."""
    return f"{get_settings().base_url}/images/{image}/content?v={version}&w={width}"
