"""Requests that are done, each by its Idempotency-Key's claim. Code that does not know them keeps the claims alone."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "done_request",
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("claim", name=op.f("done_request_pkey")),
        schema="tolva",
    )
    op.create_index("done_request_done_at", "done_request", ["done_at"], schema="tolva")


def downgrade() -> None:
    op.drop_table("done_request", schema="tolva")
