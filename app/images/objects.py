"""The bucket's keys of images. Pure.

Prefixes that S3 announces to different queues must not overlap: `images/incoming/` is announced, the others are not.
"""

# Where clients upload originals, and where an import puts those out of an archive.
INCOMING, KEPT = "images/incoming/", "images/kept/"
VARIANTS = "variants/"


def incoming_key(image: str) -> str:
    """The key of an original that a client uploads."""
    return f"{INCOMING}{image}/original"


def kept_key(image: str) -> str:
    """The key of an original that came in an archive."""
    return f"{KEPT}{image}/original"


def master_key(image: str) -> str:
    """The key of an image's clean copy, which all variants are made of."""
    return f"{KEPT}{image}/master"


def variant_key(image: str, version: str, shape: str) -> str:
    """The key of one variant; `shape` is the name of its width, height, fit and format."""
    return f"{VARIANTS}{image}/{version}/{shape}"


def prefixes(image: str) -> tuple[str, ...]:
    """The prefixes of everything that is kept of an image."""
    return f"{INCOMING}{image}/", f"{KEPT}{image}/", f"{VARIANTS}{image}/"


def image_of(key: str) -> str | None:
    """The id of the image that an object belongs to, None for an object of something else."""
    for prefix in (INCOMING, KEPT, VARIANTS):
        if key.startswith(prefix):
            return key.removeprefix(prefix).partition("/")[0]
    return None
