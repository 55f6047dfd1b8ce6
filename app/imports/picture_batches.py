"""Picture batches: the pictures of an import's archive, a number of them at a time, and what has become of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column as SqlColumn
from sqlalchemy import DateTime, ForeignKey, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field as SqlField
from sqlmodel import SQLModel

from app.core.database.names import CATALOGUE_SCHEMA
from app.core.database.statements import fetch

# The pictures of a message: so many take a worker less than a minute or two.
BATCH_SIZE = 100
# A batch whose message may be lost is asked for again, if none has been done for so long.
ASKED_AGAIN_SECONDS = 120


class ImportPictures(SQLModel, table=True):
    """A batch of the pictures of an archive; `pictures` is what has become of each, once all of them are done."""

    __tablename__ = "import_pictures"
    __table_args__ = ({"schema": CATALOGUE_SCHEMA},)

    import_id: UUID = SqlField(
        sa_column=SqlColumn(ForeignKey(f"{CATALOGUE_SCHEMA}.import.id", ondelete="CASCADE"), primary_key=True)
    )
    batch: int = SqlField(sa_column=SqlColumn(Integer, primary_key=True, autoincrement=False))
    asked_at: datetime = SqlField(sa_column=SqlColumn(DateTime(timezone=True), nullable=False))
    done_at: datetime | None = SqlField(default=None, sa_column=SqlColumn(DateTime(timezone=True)))
    pictures: list[dict[str, Any]] | None = SqlField(default=None, sa_column=SqlColumn(JSONB(none_as_null=True)))


@dataclass(frozen=True)
class PictureState:
    """How far an archive's pictures are: the batches to ask for, how many are done, and for how long none has been."""

    to_ask: Sequence[int]
    done: int
    idle_seconds: float


async def ask_for_batches(import_id: UUID, count: int) -> PictureState:
    """Note the batches of an archive that are about to be asked for: all, or those whose message seems to be lost."""
    rows = await fetch(_ASK, import_id, count, ASKED_AGAIN_SECONDS)
    return PictureState(rows[0]["to_ask"] or [], rows[0]["done"], rows[0]["idle"])


_ASK = """
    WITH known AS (
        SELECT batch, asked_at, done_at FROM tolva.import_pictures WHERE import_id = $1
    ), idle AS (
        SELECT coalesce(extract(epoch FROM now() - greatest(max(asked_at), max(done_at))), 0)::float8 AS seconds
        FROM known
    ), wanted AS (
        SELECT number AS batch FROM generate_series(0, $2::int - 1) number
        LEFT JOIN known ON known.batch = number
        WHERE known.batch IS NULL OR (done_at IS NULL AND (SELECT seconds FROM idle) > $3)
    ), asked AS (
        INSERT INTO tolva.import_pictures (import_id, batch, asked_at) SELECT $1, batch, now() FROM wanted
        ON CONFLICT (import_id, batch) DO UPDATE SET asked_at = now()
        RETURNING batch
    )
    SELECT
        (SELECT array_agg(batch ORDER BY batch) FROM asked) AS to_ask,
        (SELECT count(*)::int FROM known WHERE done_at IS NOT NULL) AS done,
        (SELECT extract(epoch FROM now() - coalesce((SELECT max(done_at) FROM known), started_at, now()))::float8
            FROM tolva.import WHERE id = $1) AS idle
"""


async def count_batches(import_id: UUID) -> tuple[int, int, int]:
    """How many batches of an archive are asked for and not done, how many are, and how long ago the last was either."""
    rows = await fetch(
        """
        SELECT count(*) FILTER (WHERE done_at IS NULL)::int AS left,
            count(done_at)::int AS done,
            coalesce(extract(epoch FROM now() - greatest(max(asked_at), max(done_at))), 0)::int AS idle
        FROM tolva.import_pictures WHERE import_id = $1
        """,
        import_id,
    )
    return rows[0]["left"], rows[0]["done"], rows[0]["idle"]


async def is_done(import_id: UUID, batch: int) -> bool:
    """Return whether nothing is to be done for a batch: its pictures are settled, or nobody waits for them."""
    rows = await fetch(
        """
        SELECT pictures.done_at IS NOT NULL OR import.status NOT IN ('queued', 'running') AS done
        FROM tolva.import_pictures pictures JOIN tolva.import ON import.id = import_id
        WHERE import_id = $1 AND batch = $2
        """,
        import_id,
        batch,
    )
    return not rows or bool(rows[0]["done"])


async def finish_batch(import_id: UUID, batch: int, pictures: Sequence[Mapping[str, Any]]) -> bool:
    """Note what has become of a batch's pictures; return whether it was the last one."""
    rows = await fetch(
        """
        WITH done AS (
            UPDATE tolva.import_pictures SET done_at = now(), pictures = $3
            WHERE import_id = $1 AND batch = $2 AND done_at IS NULL
        )
        SELECT NOT EXISTS (
            SELECT FROM tolva.import_pictures WHERE import_id = $1 AND batch <> $2 AND done_at IS NULL
        ) AS is_last
        """,
        import_id,
        batch,
        json.dumps(list(pictures)),
    )
    return bool(rows[0]["is_last"])


async def list_pictures(import_id: UUID) -> list[dict[str, Any]]:
    """List the outcomes of all pictures of an archive, in its order."""
    rows = await fetch("SELECT pictures FROM tolva.import_pictures WHERE import_id = $1 ORDER BY batch", import_id)
    return [picture for row in rows for picture in row["pictures"] or ()]


async def forget_finished() -> None:
    """Forget the pictures of imports that have ended: their images remain."""
    await fetch(
        """
        DELETE FROM tolva.import_pictures USING tolva.import
        WHERE import.id = import_id AND import.status IN ('succeeded', 'failed', 'cancelled')
        """
    )
