"""The names of PostgreSQL's schemas, and names as SQL identifiers. Pure."""

CATALOGUE_SCHEMA = "tolva"
DATA_SCHEMA = "data"
LOADING_SCHEMA = "loading"


def quote(*names: str) -> str:
    """An SQL identifier, each part quoted: `quote("data", "order")` is `"data"."order"`."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)
