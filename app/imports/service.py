"""Imports as a caller asks for them: announced, cancelled."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.core import log
from app.core.aws.queue import send_message
from app.core.aws.storage import PresignedUpload, presign_upload, write_object
from app.core.database.sessions import after_commit
from app.core.settings import get_settings
from app.datasets.models import Dataset
from app.imports import parts, repository
from app.imports.errors import DatasetWithoutKey, FileTooLarge, ImportCommitting, ImportFinished, KeyColumnsInvalid
from app.imports.messages import ImportQueued
from app.imports.models import FINISHED, UPLOADS, Import, ImportCreate, UploadParts

CONTENT_TYPE = "text/csv"


async def create_import(
    session: AsyncSession, dataset: Dataset, body: ImportCreate, caller: Principal
) -> tuple[Import, PresignedUpload | UploadParts]:
    """Announce a file: the import that waits for it, and the request or the parts that upload it.

    Raises:
        What `_add_import` raises.
    """
    row = await _add_import(session, dataset, body, caller)
    if body.size is not None and parts.goes_in_parts(body.size, wanted=body.in_parts):
        plan = await parts.begin(row, body.size, CONTENT_TYPE)
        await session.flush()
        return row, plan
    return row, await presign_upload(row.object_key, size=body.size, content_type=CONTENT_TYPE)


async def import_sent_file(
    session: AsyncSession, dataset: Dataset, body: ImportCreate, caller: Principal, content: bytes
) -> Import:
    """Import a file that is here already.

    Raises:
        What `_add_import` raises.
        ServiceUnavailable: the storage does not take it.
    """
    row = await _add_import(session, dataset, body, caller)
    version = await write_object(row.object_key, content, CONTENT_TYPE)
    await repository.queue_import(session, row, version)
    after_commit(session, partial(_announce, row.id))
    return row


async def _announce(import_id: UUID) -> None:
    """Bring an import to the worker. If that fails the import is found and queued later."""
    try:
        await send_message(ImportQueued(import_id=import_id))
    except Exception as error:  # it is committed: nothing that goes wrong now undoes it
        log.failure("import.unannounced", error, import_id=import_id)


async def _add_import(session: AsyncSession, dataset: Dataset, body: ImportCreate, caller: Principal) -> Import:
    """The row of an import that waits for its file.

    Raises:
        ScopeMissing: the caller may not read a dataset that a column is to refer to, or not change this one.
        KeyColumnsInvalid: the dataset has another key than the one that is given.
        DatasetWithoutKey: records cannot be updated by key.
        FileTooLarge: the file is over the limit.
    """
    if body.mode == "upsert" and dataset.columns and not dataset.key:
        raise DatasetWithoutKey(
            f"'{dataset.name}' has no key to update records by.", hint="Use append or replace, or a dataset with a key."
        )
    _check_choices(dataset, body, caller)
    check_size(body.size or 0)
    import_id = uuid4()
    row = Import(
        id=import_id,
        dataset_id=dataset.id,
        dataset_name=dataset.name,
        mode=body.mode,
        on_reject=body.on_reject,
        max_rejections=body.max_rejections,
        dry_run=body.dry_run,
        allow_empty=body.allow_empty,
        options=body.options.said,
        choices=[choice.document for choice in body.columns],
        key=body.key,
        infer_again=body.infer_again,
        file_name=body.filename,
        file_size=body.size,
        object_key=f"{UPLOADS}{import_id}/{body.filename}",
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row


def _check_choices(dataset: Dataset, body: ImportCreate, caller: Principal) -> None:
    """Refuse what can be known not to go with the dataset before its file is there."""
    if body.infer_again:
        # It drops columns and their records' values, as a change of the dataset may.
        caller.demand("admin", dataset.name)
    for choice in body.columns:
        if choice.references is not None:
            caller.demand("read", choice.references)
    if dataset.columns and not body.infer_again:
        check_key(dataset, body.key)
    elif dataset.can.has_item and body.key is not None and not 1 <= len(body.key) <= dataset.can.max_key_columns:
        raise KeyColumnsInvalid(
            f"A key-value dataset needs a key of one or two columns, not of {len(body.key)}.",
            hint="Leave `key` out to have the likeliest column.",
        )


def check_key(dataset: Dataset, key: Sequence[str] | None) -> None:
    """Raise KeyColumnsInvalid if a key is given that a dataset with columns does not have."""
    if key is not None and list(key) != dataset.key:
        has = f"the key {', '.join(dataset.key)}" if dataset.key else "no key"
        raise KeyColumnsInvalid(
            f"'{dataset.name}' has {has}, not {', '.join(key) or 'none'}.",
            hint="Leave `key` out; PATCH /datasets/{dataset} changes it, and mode=replace with infer_again=true too.",
        )


def check_size(size: int) -> None:
    """Raise FileTooLarge when a file has more bytes than the settings allow."""
    limit = get_settings().max_file_bytes
    if size > limit:
        raise FileTooLarge(
            f"The file has {size:,} bytes; {limit:,} is the most an import takes.",
            hint="Compress it with gzip or zstd, or split it.",
        )


async def cancel_import(session: AsyncSession, import_id: UUID) -> Import:
    """End an import; what its worker has loaded so far is undone.

    Raises:
        ImportFinished: it has ended already.
        ImportCommitting: it is writing to a key-value dataset.
    """
    row = await repository.get_import(session, import_id)
    if not await repository.cancel_import(session, import_id):
        await session.refresh(row)
        if row.status not in FINISHED:
            raise ImportCommitting("The import is writing its records.", hint="Wait for its end.")
        raise ImportFinished(f"The import has {row.status}.")
    parts.give_up(session, row)
    await session.refresh(row)
    return row
