"""Imports as a caller asks for them: announced, cancelled."""

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.settings import get_settings
from app.core.storage import PresignedUpload, presign_upload
from app.datasets.models import Dataset
from app.imports import repository
from app.imports.errors import DatasetWithoutKey, FileTooLarge, ImportCommitting, ImportFinished
from app.imports.models import FINISHED, UPLOADS, Import, ImportCreate

CONTENT_TYPE = "text/csv"


async def create_import(session: AsyncSession, dataset: Dataset, body: ImportCreate) -> tuple[Import, PresignedUpload]:
    """Announce a file: the import that waits for it, and the request that uploads it.

    Raises:
        DatasetWithoutKey: records cannot be updated by key.
        FileTooLarge: the file is over the limit.
    """
    if body.mode == "upsert" and dataset.columns and not dataset.key:
        raise DatasetWithoutKey(
            f"'{dataset.name}' has no key to update records by.", hint="Use append or replace, or a dataset with a key."
        )
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
        options=body.options.model_dump(mode="json", exclude_defaults=True),
        file_name=body.filename,
        file_size=body.size,
        object_key=f"{UPLOADS}{import_id}/{body.filename}",
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row, await presign_upload(row.object_key, size=body.size, content_type=CONTENT_TYPE)


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
    await session.refresh(row)
    return row
