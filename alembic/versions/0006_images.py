"""Images, and those that were deleted. Code that does not know them does without."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NOTE_DELETION = """
CREATE FUNCTION tolva.note_image_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tolva.image_removal (id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "image",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=True),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("is_current", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("problem", JSONB(), nullable=True),
        sa.Column("warnings", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("old_versions", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("object_version", sa.Text(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("format", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("frames", sa.Integer(), nullable=True),
        sa.Column("has_alpha", sa.Boolean(), nullable=True),
        sa.Column("color", sa.Text(), nullable=True),
        sa.Column("placeholder", sa.Text(), nullable=True),
        sa.Column("alt", sa.Text(), nullable=True),
        sa.Column("focal_x", sa.Double(), nullable=True),
        sa.Column("focal_y", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('awaiting_upload', 'checking', 'ready', 'rejected')", name=op.f("image_status_check")
        ),
        sa.CheckConstraint("focal_x BETWEEN 0 AND 1 AND focal_y BETWEEN 0 AND 1", name=op.f("image_focal_point_check")),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["tolva.dataset.id"], name=op.f("image_dataset_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("image_pkey")),
        sa.UniqueConstraint("object_key", name="image_object_key"),
        schema="tolva",
    )
    op.create_index("image_dataset_created", "image", ["dataset_id", "created_at"], schema="tolva")
    op.create_index("image_dataset_filename", "image", ["dataset_id", "filename"], schema="tolva")
    op.create_index(
        "image_current",
        "image",
        ["dataset_id", "filename"],
        unique=True,
        schema="tolva",
        postgresql_where=sa.text("is_current"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "image_unchecked", "image", ["status"], schema="tolva", postgresql_where=sa.text("status <> 'ready'")
    )
    op.create_table(
        "image_removal",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("image_removal_pkey")),
        schema="tolva",
    )
    op.create_index("image_removal_deleted_at", "image_removal", ["deleted_at"], schema="tolva")
    op.execute(NOTE_DELETION)
    op.execute(
        "CREATE TRIGGER note_deletion AFTER DELETE ON tolva.image "
        "FOR EACH ROW EXECUTE FUNCTION tolva.note_image_deletion()"
    )


def downgrade() -> None:
    op.drop_table("image", schema="tolva")
    op.execute("DROP FUNCTION tolva.note_image_deletion")
    op.drop_table("image_removal", schema="tolva")
