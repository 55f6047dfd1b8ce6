"""An image as a record shows it: as SQL builds it of a row, and as Python builds it of an item, byte for byte the same.

Pure. A URL begins with the base that the settings have, never with the host of a request.
"""

from json.encoder import encode_basestring

from app.columns.json_schema import IMAGE_WIDTHS
from app.core.database.names import CATALOGUE_SCHEMA, quote
from app.images.mirror import MirroredImage

# The width of the URL that stands for the image.
MAIN_WIDTH = 1280
# No dataset's table has the alias.
_ROW = "_image"


def content_url(image: str, version: str, width: str, base: str) -> str:
    """The URL of a variant, which opens it to everyone who has the URL."""
    return f"{base}/images/{image}/content?v={version}&w={width}"


def shown_text(image: MirroredImage, base: str) -> str:
    """The JSON text of an image; `base` is what its URLs begin with."""
    url = f"{_escaped(base)}/images/{image.id}/content?v={image.version}&w="
    alt = "null" if image.alt is None else encode_basestring(image.alt)
    variants = ",".join(f'"{width}":"{url}{width}"' for width in IMAGE_WIDTHS)
    return (
        f'{{"id":"{image.id}","url":"{url}{MAIN_WIDTH}","width":{image.width},"height":{image.height},"alt":{alt},'
        f'"color":"{image.color}","placeholder":"{image.placeholder}","variants":{{{variants}}}}}'
    )


def shown_sql(value: str, base: str) -> str:
    """The SQL of the same text as JSON, null for an image that is not ready; `value` is the SQL of its id.

    It is joined, not built by a function of PostgreSQL's, which takes twice as long.
    """
    start = _escaped(base).replace("'", "''")
    url = f"{start}/images/' || {_ROW}.id || '/content?v=' || {_ROW}.version || '&w="
    variants = ",".join(f'"{width}":"{url}{width}"' for width in IMAGE_WIDTHS)
    text = (
        f"""'{{"id":"' || {_ROW}.id || '","url":"{url}{MAIN_WIDTH}","width":' || {_ROW}.width || ',"height":' || """
        f"""{_ROW}.height || ',"alt":' || COALESCE(to_json({_ROW}.alt)::text, 'null') || ',"color":"' || {_ROW}.color"""
        f""" || '","placeholder":"' || {_ROW}.placeholder || '","variants":{{{variants}}}}}'"""
    )
    row = f"{quote(CATALOGUE_SCHEMA, 'image')} AS {_ROW} WHERE {_ROW}.id = {value} AND {_ROW}.status = 'ready'"
    return f"(SELECT ({text})::json FROM {row})"


def _escaped(base: str) -> str:
    """The base as it stands within a JSON text."""
    return encode_basestring(base)[1:-1]
