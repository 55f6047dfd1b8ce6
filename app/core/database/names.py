"""The names of PostgreSQL's schemas, and names as SQL identifiers. Pure."""

from functools import lru_cache

CATALOGUE_SCHEMA = "tolva"
DATA_SCHEMA = "data"
LOADING_SCHEMA = "loading"
# Each statement of a dataset quotes the same names again.
MAX_QUOTED = 4096


@lru_cache(MAX_QUOTED)
def quote(*names: str) -> str:
    """An SQL identifier, each part quoted: `quote("data", "order")` is `"data"."order"`."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)
