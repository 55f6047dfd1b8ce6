"""An import's report of images, and the pictures of its archive. Code that does not know them does without."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("import", sa.Column("images", JSONB(), nullable=True), schema="tolva")
    op.create_table(
        "import_pictures",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pictures", JSONB(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["tolva.import.id"], name=op.f("import_pictures_import_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "batch", name=op.f("import_pictures_pkey")),
        schema="tolva",
    )


def downgrade() -> None:
    op.drop_table("import_pictures", schema="tolva")
    op.drop_column("import", "images", schema="tolva")
