"""The catalogue: datasets, imports and API keys, and the schemas that hold the records."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS data")
    op.execute("CREATE SCHEMA IF NOT EXISTS loading")
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", ARRAY(sa.Text()), nullable=False),
        sa.Column("datasets", ARRAY(sa.Text()), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "scopes <@ ARRAY['read', 'write', 'admin'] AND cardinality(scopes) > 0", name="api_key_scopes_check"
        ),
        sa.PrimaryKeyConstraint("id", name="api_key_pkey"),
        schema="tolva",
    )
    op.create_table(
        "dataset",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("key", ARRAY(sa.Text()), nullable=False),
        sa.Column("columns", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("store IN ('relational', 'keyvalue')", name="dataset_store_check"),
        sa.PrimaryKeyConstraint("id", name="dataset_pkey"),
        sa.UniqueConstraint("name", name="dataset_name_key"),
        schema="tolva",
    )
    op.create_table(
        "import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=True),
        sa.Column("dataset_name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("on_reject", sa.Text(), nullable=False),
        sa.Column("max_rejections", sa.BigInteger(), nullable=True),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("allow_empty", sa.Boolean(), nullable=False),
        sa.Column("options", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=True),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("object_version", sa.Text(), nullable=True),
        sa.Column("dialect", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("columns", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("progress", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("result", JSONB(), nullable=True),
        sa.Column("renamed", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("warnings", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("totals", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("rejections", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("problem", JSONB(), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("mode IN ('append', 'upsert', 'replace')", name="import_mode_check"),
        sa.CheckConstraint("on_reject IN ('abort', 'skip')", name="import_on_reject_check"),
        sa.CheckConstraint("phase IN ('reading', 'inferring', 'loading', 'committing')", name="import_phase_check"),
        sa.CheckConstraint(
            "status IN ('awaiting_upload', 'queued', 'running', 'succeeded', 'failed', 'cancelled')",
            name="import_status_check",
        ),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["tolva.dataset.id"], name="import_dataset_id_fkey", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="import_pkey"),
        sa.UniqueConstraint("object_key", "object_version", name="import_object_key"),
        schema="tolva",
    )
    op.create_index("import_dataset_created", "import", ["dataset_id", "created_at"], unique=False, schema="tolva")
    op.create_index(
        "import_unfinished",
        "import",
        ["status"],
        unique=False,
        schema="tolva",
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )


def downgrade() -> None:
    op.drop_index(
        "import_unfinished",
        table_name="import",
        schema="tolva",
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )
    op.drop_index("import_dataset_created", table_name="import", schema="tolva")
    op.drop_table("import", schema="tolva")
    op.drop_table("dataset", schema="tolva")
    op.drop_table("api_key", schema="tolva")
    op.execute("DROP SCHEMA loading CASCADE")
    op.execute("DROP SCHEMA data CASCADE")
