"""References to components of a document, and texts that are safe in comments. Pure."""

from typing import Any

SCHEMAS = "#/components/schemas/"
# Schemas of values that all datasets share.
NOT_FINITE = "NotFinite"
NUMBER = "NumberValue"
IMAGE = "Image"


def schema_reference(name: str) -> dict[str, Any]:
    """A reference to a schema."""
    return {"$ref": SCHEMAS + name}


def in_comment(text: str) -> str:
    """An owner's words as a document has them: without what ends a comment in the clients that generators write."""
    return text.replace("*/", "* /").replace('"""', "'''")
