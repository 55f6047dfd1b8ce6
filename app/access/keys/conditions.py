"""The conditions on a caller's key that a statement carries. Pure."""

from app.core.database.names import CATALOGUE_SCHEMA, quote

TABLE = quote(CATALOGUE_SCHEMA, "api_key")


def key_works(key_id: str) -> str:
    """The SQL condition under which a key opens something, given the expression of its id."""
    return (
        f"EXISTS (SELECT FROM {TABLE} WHERE id = {key_id} AND revoked_at IS NULL "
        f"AND (expires_at IS NULL OR expires_at > now()))"
    )
