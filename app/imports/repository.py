"""Imports in the catalogue, and who works on which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, ColumnElement, Text, and_, any_, bindparam, func, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.core.settings import get_settings
from app.datasets.models import Dataset
from app.datasets.stores import STORES
from app.imports.errors import ImportNotFound
from app.imports.models import FINISHED, Import

# A worker that dies over an import may be the import's doing: after so many it is left alone.
MAX_ATTEMPTS = 5
QUEUED_AGAIN_SECONDS = 120
# A message that is held back may come so much too early.
EARLY_SECONDS = 1
# An upload is announced by its event within moments; only one that was not is looked for.
UPLOAD_NOTICED_SECONDS = 15
# In the progress of an import that takes long, as long as it runs.
LONG = {"is_long": True}
# The progress of an import whose task is asked for, and that has its place among those that take long already; and of
# one whose task has started and waits for its turn: that takes no place, or two could wait for each other.
HANDED_OVER = {**LONG, "handed_over": True}
WAITS_IN_TASK = {"handed_over": True}
# A task that has not started by then has no message any more.
TASK_STARTS_SECONDS = 900
# Held while long imports are counted to add one to them.
SLOTS_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('long imports', 0))")


@dataclass(frozen=True)
class Lease:
    """The right to work on an import, as long as it is renewed."""

    import_id: UUID
    token: UUID


async def get_import(session: AsyncSession, import_id: UUID) -> Import:
    """The import.

    Raises:
        ImportNotFound: the import does not exist.
    """
    found = await session.get(Import, import_id)
    if found is None:
        raise ImportNotFound(f"There is no import '{import_id}'.", hint="See GET /datasets/{dataset}/imports.")
    return found


async def find_import_options(session: AsyncSession, dataset_id: UUID | None) -> dict[str, Any]:
    """The import options of a dataset; empty if it is gone."""
    found = await session.scalar(select(col(Dataset.import_options)).where(col(Dataset.id) == dataset_id))
    return dict(found or {})


async def find_store(session: AsyncSession, dataset_id: UUID | None) -> str:
    """The store of a dataset; that of most if it is gone."""
    return await session.scalar(select(col(Dataset.store)).where(col(Dataset.id) == dataset_id)) or "relational"


async def find_by_object(session: AsyncSession, key: str, version: str) -> Import | None:
    """The import of one version of a file, or the one that waits for a file of this name."""
    query = select(Import).where(
        col(Import.object_key) == key,
        or_(col(Import.object_version) == version, col(Import.object_version).is_(None)),
    )
    found: Import | None = await session.scalar(query.order_by(col(Import.object_version).nulls_last()).limit(1))
    return found


async def add_dropped_file(session: AsyncSession, row: Import) -> Import | None:
    """Store the import of a file that was dropped in the bucket; None when another event did so already."""
    members = row.model_dump(exclude_unset=False, exclude={"created_at"})
    statement = insert(Import).values(**members).on_conflict_do_nothing().returning(col(Import.id))
    created = await session.scalar(statement)
    return None if created is None else await session.get(Import, created)


async def list_page(
    session: AsyncSession, dataset_id: UUID, limit: int, *, after: tuple[datetime, UUID] | None = None
) -> list[Import]:
    """Up to `limit` imports of a dataset, the newest first, those after `after`."""
    place = tuple_(col(Import.created_at), col(Import.id))
    query = select(Import).where(col(Import.dataset_id) == dataset_id).order_by(place.desc()).limit(limit)
    if after is not None:
        query = query.where(place < after)
    return list(await session.scalars(query))


async def queue_import(session: AsyncSession, row: Import, version: str) -> None:
    """Note that an announced import has its file, and is to be looked for if no message of it comes."""
    row.status, row.object_version, row.lease_until = "queued", version, queued_until()
    session.add(row)
    await session.flush()
    await session.refresh(row)


async def claim_import(session: AsyncSession, import_id: UUID, version: str, size: int) -> Lease | None:
    """Take an import up; None when it has ended, another worker has it, or it is about another version of the file."""
    token = uuid4()
    expired = (col(Import.status) == "running") & (col(Import.lease_until) < func.now())
    statement = (
        update(Import)
        .where(
            col(Import.id) == import_id,
            or_(col(Import.status).in_(["awaiting_upload", "queued"]), expired),
            or_(col(Import.object_version).is_(None), col(Import.object_version) == version),
        )
        .values(
            status="running",
            phase="reading",
            lease=token,
            lease_until=_lease_end(),
            attempts=Import.attempts + 1,
            object_version=version,
            file_size=size,
            started_at=func.coalesce(col(Import.started_at), func.now()),
        )
        .returning(col(Import.id))
    )
    claimed = await session.scalar(statement)
    return None if claimed is None else Lease(import_id, token)


def _lease_end() -> Any:
    return func.now() + text(f"interval '{get_settings().lease_seconds} seconds'")


async def find_reason_to_wait(session: AsyncSession, row: Import, *, takes_long: bool = False) -> str | None:
    """The reason to postpone an import: a long one goes into its dataset, or it is long and enough of them run.

    A worker that waited for such an end would be missing to all others.
    """
    same = col(Import.dataset_id) == row.dataset_id
    if row.dataset_id and await _count_long(session, same, col(Import.id) != row.id):
        return "a long import goes into its dataset"
    if takes_long and await _count_long(session, col(Import.id) != row.id) >= get_settings().max_long_imports:
        return "enough long imports run"
    return None


async def take_slot(session: AsyncSession, lease: Lease) -> bool:
    """Count a claimed import as a long one; False if there are enough of them."""
    await session.execute(SLOTS_LOCK)
    if await _count_long(session, col(Import.id) != lease.import_id) >= get_settings().max_long_imports:
        return False
    return await _write(session, lease, {"progress": LONG})


async def _count_long(session: AsyncSession, *conditions: ColumnElement[bool]) -> int:
    runs = (col(Import.status) == "running") & col(Import.progress).contains(LONG)
    awaited = (col(Import.status) == "queued") & col(Import.progress).contains(HANDED_OVER)
    counted = (col(Import.lease_until) > func.now(), or_(runs, awaited))
    return await session.scalar(select(func.count()).select_from(Import).where(*counted, *conditions)) or 0


async def find_held_until(session: AsyncSession, import_id: UUID) -> datetime | None:
    """When the message of an import that was put off is taken for lost, if it is still held back; else None."""
    is_held = col(Import.lease_until) > func.now() + _interval(QUEUED_AGAIN_SECONDS + EARLY_SECONDS)
    held = select(col(Import.lease_until)).where(col(Import.id) == import_id, col(Import.status) == "queued", is_held)
    return await session.scalar(held)


async def postpone(
    session: AsyncSession,
    import_id: UUID,
    version: str,
    size: int,
    *,
    until: Any,
    lease: Lease | None,
    progress: Mapping[str, Any] | None = None,
) -> None:
    """Leave an import for later, as if no worker had seen it; one that was claimed is given back.

    `until` is the time from which its message counts as lost, `progress` what it shows meanwhile.
    """
    claimed = and_(col(Import.status) == "running", col(Import.lease) == (lease.token if lease else None))
    waits = col(Import.status).in_(["awaiting_upload", "queued"])
    statement = (
        update(Import)
        .where(
            col(Import.id) == import_id,
            claimed if lease else waits,
            or_(col(Import.object_version).is_(None), col(Import.object_version) == version),
        )
        .values(
            status="queued",
            phase=None,
            progress=dict(progress or {}),
            lease=None,
            lease_until=until,
            attempts=Import.attempts - (1 if lease else 0),
            object_version=version,
            file_size=size,
        )
    )
    await session.execute(statement)


async def hand_over(session: AsyncSession, lease: Lease, *, counts: bool) -> bool:
    """Leave a claimed import to a task that is about to start; False if it is lost.

    The attempt `counts` if it has begun to load: what is left of it has the attempt's number.
    """
    attempts = {} if counts else {"attempts": Import.attempts - 1}
    awaited = {"status": "queued", "phase": None, "lease": None, "lease_until": _task_starts_until()}
    return await _write(session, lease, {**awaited, **attempts, "progress": HANDED_OVER})


async def wait_in_task(session: AsyncSession, import_id: UUID) -> None:
    """Note that the task of a queued import has started, and waits for its turn."""
    waits = (col(Import.id) == import_id, col(Import.status) == "queued")
    values = {"lease_until": _task_starts_until(), "progress": WAITS_IN_TASK}
    await session.execute(update(Import).where(*waits).values(**values))


def _task_starts_until() -> Any:
    """When a task that is asked for now is taken for lost."""
    return queued_until(TASK_STARTS_SECONDS)


async def count_queued(session: AsyncSession) -> int:
    """The number of queued imports."""
    return await session.scalar(select(func.count()).select_from(Import).where(col(Import.status) == "queued")) or 0


def queued_until(delay_seconds: int = 0) -> Any:
    """When a message that is sent now, and held back so long, is taken for lost."""
    return func.now() + _interval(QUEUED_AGAIN_SECONDS + delay_seconds)


def _interval(seconds: int) -> Any:
    return text(f"interval '{seconds} seconds'")


async def renew_lease(session: AsyncSession, lease: Lease, phase: str, progress: dict[str, Any]) -> bool:
    """Keep the import and show how far it is; False when it is lost: cancelled, or taken up by another worker."""
    return await _write(session, lease, {"phase": phase, "progress": progress, "lease_until": _lease_end()})


async def finish_import(session: AsyncSession, lease: Lease, values: dict[str, Any]) -> bool:
    """End the import with its outcome; False when it is lost."""
    return await _write(
        session,
        lease,
        {**values, "phase": None, "lease": None, "lease_until": None, "finished_at": func.clock_timestamp()},
    )


async def _write(session: AsyncSession, lease: Lease, values: dict[str, Any]) -> bool:
    statement = (
        update(Import)
        .where(col(Import.id) == lease.import_id, col(Import.lease) == lease.token, col(Import.status) == "running")
        .values(**values)
        .returning(col(Import.id))
    )
    return await session.scalar(statement) is not None


async def cancel_import(session: AsyncSession, import_id: UUID) -> bool:
    """End an import that has not ended; a worker on it finds its lease gone and loads nothing.

    One that has begun to write to a key-value dataset goes to its end.
    """
    stores = [store for store, can in STORES.items() if not can.has_table]
    outside = select(col(Dataset.id)).where(col(Dataset.store).in_(stores))
    writes = and_(col(Import.phase) == "committing", col(Import.dataset_id).in_(outside))
    statement = (
        update(Import)
        .where(col(Import.id) == import_id, col(Import.status).not_in(FINISHED), writes.is_not(True))
        .values(status="cancelled", phase=None, lease=None, lease_until=None, finished_at=func.clock_timestamp())
        .returning(col(Import.id))
    )
    return await session.scalar(statement) is not None


async def requeue_stalled(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """Queue imports whose worker has gone silent, and those whose message has; answers their ids, `limit` at most."""
    stalled = (
        select(col(Import.id))
        .where(col(Import.status).in_(["running", "queued"]), col(Import.lease_until) < func.now())
        .order_by(col(Import.lease_until))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(Import)
        .where(col(Import.id).in_(stalled))
        .values(
            status="queued",
            phase=None,
            lease=None,
            lease_until=queued_until(),
        )
        .returning(col(Import.id))
    )
    return (await session.scalars(statement)).all()


async def take_awaiting(session: AsyncSession, limit: int) -> Sequence[tuple[UUID, str]]:
    """Imports that wait for their file and are due to be looked for, those first that have been so the longest.

    Answers their ids and the files' keys. Each is due again after half as long as it has waited by then: as many
    announcements as there may be, none hides another.
    """
    noticed = text(f"interval '{UPLOAD_NOTICED_SECONDS} seconds'")
    due = func.coalesce(col(Import.lease_until), col(Import.created_at) + noticed)
    waiting = (
        select(col(Import.id))
        .where(col(Import.status) == "awaiting_upload", due < func.now())
        .order_by(due)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(Import)
        .where(col(Import.id).in_(waiting))
        .values(lease_until=func.now() + func.greatest(noticed, text("(now() - created_at) / 2")))
        .returning(col(Import.id), col(Import.object_key))
    )
    return [(row.id, row.object_key) for row in await session.execute(statement)]


async def known_object_keys(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Those of some files' keys that an import is about."""
    among = col(Import.object_key) == any_(bindparam("keys", keys, ARRAY(Text)))
    return set(await session.scalars(select(col(Import.object_key)).where(among)))
