"""The upload of an import whose file comes in parts. Code that does not know it makes imports of one request."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("import", sa.Column("parts", JSONB(), nullable=True), schema="tolva")


def downgrade() -> None:
    op.drop_column("import", "parts", schema="tolva")
