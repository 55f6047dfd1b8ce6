"""Intake: files that have arrived in the bucket become imports, each of them once in effect."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import EVERYTHING
from app.columns.column import is_name
from app.core import log
from app.core.aws.messages import MessageDeferred
from app.core.aws.queue import send_message, send_to
from app.core.aws.storage import StoredObject, find_object
from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.datasets.bodies import DatasetCreate
from app.datasets.errors import DatasetNameTaken
from app.datasets.import_options import ImportOptions
from app.datasets.models import Dataset
from app.datasets.repository import find_dataset
from app.datasets.service import create_dataset
from app.imports import repository
from app.imports.choices import ColumnChoice, first_mistake
from app.imports.errors import DatasetDeleted, FileNotFound, ImportFailed, OptionsMismatch
from app.imports.messages import ImportHandedOver, ImportQueued
from app.imports.models import FINISHED, INBOX, Import, Mode, OnReject
from app.imports.service import check_size
from app.imports.worker.commit import record_failure
from app.imports.worker.job import ImportTooLong, Limit, run_import
from app.imports.worker.turns import ImportPostponed

# An import that is put off comes again after so long; if many are, later, so that they leave time for what is new.
POSTPONED_SECONDS, MAX_POSTPONED_SECONDS = 3, 60
POSTPONED_PER_SECOND = 20
UNLIMITED_SECONDS = float("inf")


# The lease of a worker that died over an import ends within this time, if the setting is not longer.
BUSY_SECONDS = 60
# How long a task waits before it looks whether it is its turn.
TURN_SECONDS = 3


class ImportBusy(MessageDeferred):
    """Another worker has the import; the message comes back in case that one dies."""


async def take_object(key: str, version: str, *, seconds: float) -> None:
    """Import a file that has arrived in the bucket, within `seconds`; one that was imported before is passed over.

    Raises:
        ImportBusy: another worker is importing it.
    """
    stored = await find_object(key, version)
    if stored is None:
        log.warning("object.gone", key=key, version=version)
        return
    async with transaction() as session:
        row = await repository.find_by_object(session, key, version)
        if row is None and key.startswith(INBOX):
            row = await _announce_dropped(session, stored)
    if row is None:
        log.warning("object.unannounced", key=key, version=version)
        return
    await _work_on(row, stored, seconds)


async def take_import(import_id: UUID, *, seconds: float, takes_long: bool = False) -> None:
    """Continue an import whose file is in the bucket, within `seconds`; `takes_long` if it was postponed for its
    length.

    Raises:
        ImportBusy: another worker is on it.
    """
    async with transaction() as session:
        row = await repository.get_import(session, import_id)
    stored = await find_object(row.object_key, row.object_version)
    if stored is None:
        await _fail_missing(row)
        return
    await _work_on(row, stored, seconds, takes_long=takes_long)


async def take_handed_over(import_id: UUID) -> None:
    """Do an import that was handed over, once it is its turn: in a process of its own, which no other waits for.

    If the process is asked to end, or something fails for a passing reason, the import is handed over again.

    Raises:
        ImportBusy: another worker is on it, and goes on.
        ImportNotFound: it does not exist.
    """
    patience_ends = time.monotonic() + max(BUSY_SECONDS, 2 * get_settings().lease_seconds)
    while not await _is_taken(import_id):
        async with transaction() as session:
            row = await repository.get_import(session, import_id)
            if row.status == "running" and time.monotonic() > patience_ends:
                raise ImportBusy(f"another worker has import {import_id}")
            await repository.wait_in_task(session, import_id)
        await asyncio.sleep(TURN_SECONDS)


async def _is_taken(import_id: UUID) -> bool:
    """Do an import if it is its turn; return whether nothing is left to do."""
    async with transaction() as session:
        row = await repository.get_import(session, import_id)
        reason = await repository.find_reason_to_wait(session, row, takes_long=True)
    if row.status in FINISHED:
        return True
    stored = await find_object(row.object_key, row.object_version)
    if stored is None:
        await _fail_missing(row)
        return True
    if reason is not None:
        return False
    claimed = await _claim(row, stored)
    return claimed is not None and await _is_run(*claimed, stored)


async def _is_run(row: Import, lease: repository.Lease, stored: StoredObject) -> bool:
    """Do a claimed import; return False if it was given back, for its turn to come."""
    try:
        await _run(row, lease, stored, UNLIMITED_SECONDS)
    except ImportPostponed:
        async with transaction() as session:
            await repository.hand_over(session, lease, counts=False)
            await repository.wait_in_task(session, row.id)
        return False
    except asyncio.CancelledError:
        await _hand_over(row, lease, "its task is asked to end")
        raise
    except Exception as error:
        await _hand_over(row, lease, f"{type(error).__name__}: {error}")
        raise
    return True


async def _hand_over(row: Import, lease: repository.Lease, reason: str, *, counts: bool = True) -> None:
    """Give an import back, and ask for a task that takes it over."""
    queue_url = get_settings().large_imports
    assert queue_url is not None, "only a worker that may hand over does"
    async with transaction() as session:
        if not await repository.hand_over(session, lease, counts=counts):
            log.event("import.lost", import_id=row.id)
            return
    await send_to(queue_url, ImportHandedOver(import_id=row.id))
    log.event("import.handed_over", import_id=row.id, reason=reason)


async def _work_on(row: Import, stored: StoredObject, seconds: float, *, takes_long: bool = False) -> None:
    if row.status in FINISHED:
        return
    async with transaction() as session:
        reason = await repository.find_reason_to_wait(session, row, takes_long=takes_long)
        held_until = await repository.find_held_until(session, row.id)
    if held_until is not None and row.progress.get("handed_over"):
        # A task is about to take it.
        return
    if reason is not None and row.status != "running":
        # One that has a message which will come needs no second one: that would come again and again, too.
        if held_until is None:
            await _postpone(row, stored, None, reason, takes_long=takes_long)
        return
    claimed = await _claim(row, stored)
    if claimed is None:
        async with transaction() as session:
            await session.refresh(current := await repository.get_import(session, row.id))
        if current.status in FINISHED or current.object_version != stored.version:
            return
        raise ImportBusy(f"another worker has import {row.id}")
    row, lease = claimed
    try:
        await _run(row, lease, stored, seconds)
    except ImportTooLong as late:
        await _hand_over(row, lease, str(late), counts=late.has_begun)
    except ImportPostponed as postponed:
        if held_until is not None:
            async with transaction() as session:
                await repository.postpone(
                    session,
                    row.id,
                    stored.version,
                    stored.size,
                    until=held_until,
                    lease=lease,
                    progress=postponed.progress,
                )
            return
        await _postpone(
            row, stored, lease, str(postponed), takes_long=postponed.takes_long, progress=postponed.progress
        )


async def _claim(row: Import, stored: StoredObject) -> tuple[Import, repository.Lease] | None:
    """Take an import up, and show it as it is then; None if nobody may."""
    async with transaction() as session:
        lease = await repository.claim_import(session, row.id, stored.version, stored.size)
        if lease is None:
            return None
        claimed = await repository.get_import(session, row.id)
        await session.refresh(claimed)
        return claimed, lease


async def _run(row: Import, lease: repository.Lease, stored: StoredObject, seconds: float) -> None:
    try:
        check_size(stored.size)
        _check_options(row)
    except ImportFailed as problem:
        await _fail(row, lease, problem)
        return
    log.event("import.started", import_id=row.id, dataset=row.dataset_name, attempt=row.attempts, bytes=stored.size)
    await run_import(row, lease, stored, Limit.of(seconds))


def _check_options(row: Import) -> None:
    """Raise OptionsMismatch if an import that was announced a while ago has options that are no longer taken."""
    try:
        ImportOptions.model_validate(row.options)
        for choice in row.choices:
            ColumnChoice.model_validate(choice)
    except ValidationError as error:
        names = ", ".join(".".join(map(str, mistake["loc"])) for mistake in error.errors(include_input=False))
        raise OptionsMismatch(
            f"The import has options that are not taken any more: {names or first_mistake(error)}.",
            hint="Announce the file again without them.",
        ) from None


async def _postpone(
    row: Import,
    stored: StoredObject,
    lease: repository.Lease | None,
    reason: str,
    *,
    takes_long: bool,
    progress: Mapping[str, Any] | None = None,
) -> None:
    """Postpone an import by a message of its own: the worker is free for others meanwhile."""
    async with transaction() as session:
        seconds = postponed_seconds(await repository.count_queued(session))
        until = repository.queued_until(seconds)
        await repository.postpone(
            session, row.id, stored.version, stored.size, until=until, lease=lease, progress=progress
        )
    await send_message(ImportQueued(import_id=row.id, takes_long=takes_long), delay_seconds=seconds)
    log.event("import.postponed", import_id=row.id, reason=reason)


def postponed_seconds(queued: int) -> int:
    """The delay of an import if this many are queued."""
    return min(max(POSTPONED_SECONDS, queued // POSTPONED_PER_SECOND), MAX_POSTPONED_SECONDS)


async def _fail(row: Import, lease: repository.Lease, problem: ImportFailed) -> None:
    await record_failure(lease, problem.document(), {})
    log.event("import.failed", import_id=row.id, problem=problem.slug())


async def _fail_missing(row: Import) -> None:
    problem = FileNotFound(f"'{row.object_key}' is not in the bucket.", hint="Upload the file again.")
    async with transaction() as session:
        lease = await repository.claim_import(session, row.id, row.object_version or "", 0)
    if lease is not None:
        await _fail(row, lease, problem)


@dataclass(frozen=True)
class _Dropped:
    """A file below inbox/: the dataset that its folder names, and its own name."""

    dataset: str
    name: str


def parse_inbox_key(key: str) -> _Dropped | None:
    parts = key.removeprefix(INBOX).split("/")
    return _Dropped(parts[0], parts[1]) if len(parts) == 2 and all(parts) and is_name(parts[0]) else None


async def _announce_dropped(session: AsyncSession, stored: StoredObject) -> Import | None:
    """The import of a file that was dropped at inbox/{dataset}/{name}; a missing dataset is created.

    The object's metadata may set the `mode` and `on-reject`, as an upload's body does.
    """
    dropped = parse_inbox_key(stored.key)
    if dropped is None:
        log.warning("inbox.ignored", key=stored.key, hint="Drop files at inbox/{dataset}/{name}.csv.")
        return None
    dataset = await _get_or_create(session, dropped.dataset)
    row = Import(
        dataset_id=dataset.id,
        dataset_name=dataset.name,
        status="queued",
        file_name=dropped.name,
        file_size=stored.size,
        object_key=stored.key,
        object_version=stored.version,
    )
    _apply_metadata(row, stored.metadata)
    added = await repository.add_dropped_file(session, row)
    if added is not None:
        log.event("inbox.taken", key=stored.key, import_id=added.id)
    return added or await repository.find_by_object(session, stored.key, stored.version)


def _apply_metadata(row: Import, metadata: dict[str, str]) -> None:
    """Take over what the object's metadata says; an import that it says nonsense to has failed from the start."""
    mode, on_reject = metadata.get("mode", row.mode), metadata.get("on-reject", row.on_reject)
    if mode in get_args(Mode) and on_reject in get_args(OnReject):
        row.mode, row.on_reject = mode, on_reject
        return
    problem = OptionsMismatch(
        f"The object's metadata says mode={mode} and on-reject={on_reject}.",
        hint=f"mode is one of {', '.join(get_args(Mode))}; on-reject is one of {', '.join(get_args(OnReject))}.",
    )
    row.status, row.problem, row.finished_at = "failed", problem.document(), datetime.now(UTC)


async def _get_or_create(session: AsyncSession, name: str) -> Dataset:
    dataset = await find_dataset(session, name)
    if dataset is not None:
        return dataset
    try:
        async with session.begin_nested():
            return await create_dataset(session, DatasetCreate(name=name), EVERYTHING)
    except DatasetNameTaken:
        found = await find_dataset(session, name)
        if found is None:
            raise DatasetDeleted(f"'{name}' was deleted while a file for it arrived.") from None
        return found
