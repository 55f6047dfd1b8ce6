"""Options of a file's columns and of a dataset's files. Older code that does not know them leaves them empty."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    choices = sa.Column("choices", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False)
    op.add_column("import", choices, schema="tolva")
    op.add_column("import", sa.Column("key", ARRAY(sa.Text()), nullable=True), schema="tolva")
    infer_again = sa.Column("infer_again", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    op.add_column("import", infer_again, schema="tolva")
    options = sa.Column("import_options", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False)
    op.add_column("dataset", options, schema="tolva")


def downgrade() -> None:
    op.drop_column("dataset", "import_options", schema="tolva")
    op.drop_column("import", "infer_again", schema="tolva")
    op.drop_column("import", "key", schema="tolva")
    op.drop_column("import", "choices", schema="tolva")
