"""Columns of type image from before there were images: they hold any texts, and become columns of those."""

from collections.abc import Sequence

from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The table stays as it is, and so does what records show: both types were texts. The time lets go of cached schemas.
TEXTS = """
UPDATE tolva.dataset
SET columns = (
        SELECT jsonb_agg(CASE WHEN col ->> 'type' = 'image' THEN col || '{"type": "text"}' ELSE col END ORDER BY place)
        FROM jsonb_array_elements(columns) WITH ORDINALITY AS listed(col, place)
    ),
    updated_at = greatest(now(), updated_at + interval '1 microsecond')
WHERE columns @> '[{"type": "image"}]'
"""


def upgrade() -> None:
    op.execute(TEXTS)


def downgrade() -> None:
    """Leave the columns: a text is shown as it was."""
