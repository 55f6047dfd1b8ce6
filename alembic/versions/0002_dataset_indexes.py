"""The indexes that a dataset declares. Code that does not know them yet makes datasets without any."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    indexes = sa.Column("indexes", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False)
    op.add_column("dataset", indexes, schema="tolva")


def downgrade() -> None:
    op.drop_column("dataset", "indexes", schema="tolva")
