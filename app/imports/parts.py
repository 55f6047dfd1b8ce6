"""Uploads in parts: of files too large for one request, or that are to go on where they broke off."""

import math
from collections.abc import Sequence
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import log
from app.core.aws.parts import MAX_PARTS, Part, UploadGone, abort_upload, begin_upload, list_parts, presign_part
from app.core.aws.parts import complete_upload as complete_stored
from app.core.aws.storage import find_object
from app.core.database.sessions import after_commit
from app.core.settings import MIB, get_settings
from app.imports.errors import PartInvalid, PartsMissing, UploadNotInParts, UploadOver
from app.imports.models import ArrivedPart, ArrivedParts, Import, PartUpload, UploadParts

# Named in a problem's detail; more are counted.
SHOWN_PARTS = 10


def goes_in_parts(size: int | None, *, wanted: bool) -> bool:
    """Return whether a file is uploaded in parts: because it is asked for, or because one request cannot bring it."""
    return size is not None and (wanted or size > get_settings().max_single_upload_bytes)


async def begin(row: Import, size: int, content_type: str) -> UploadParts:
    """Begin the upload of an announced file in parts."""
    # S3 takes so many parts at most.
    least = math.ceil(size / MAX_PARTS / MIB) * MIB
    part_bytes = max(get_settings().part_bytes, least)
    row.parts = {"upload": await begin_upload(row.object_key, content_type), "part_bytes": part_bytes}
    return _plan(row)


async def sign_parts(row: Import, numbers: Sequence[int]) -> list[PartUpload]:
    """The requests that upload some parts.

    Raises:
        UploadNotInParts, UploadOver: the import has no such upload, or has its file.
        PartInvalid: the file has no such part.
    """
    upload = _find_upload(row)
    plan = _plan(row)
    for number in numbers:
        if number > plan.count:
            raise PartInvalid(f"The file has {plan.count:,} parts; there is no part {number:,}.")
    signed = []
    for number in dict.fromkeys(numbers):
        size = _size_of(row, number)
        presigned = await presign_part(row.object_key, upload, number, size)
        signed.append(PartUpload.of(number, size, presigned))
    return signed


async def show_parts(row: Import) -> ArrivedParts:
    """The parts of a file, and those that have arrived.

    Raises:
        UploadNotInParts, UploadOver: as `sign_parts`.
    """
    arrived = await _list(row, _find_upload(row))
    data = [ArrivedPart(part=part.number, size=part.size, etag=part.etag) for part in arrived]
    return ArrivedParts(**_plan(row).model_dump(), size=row.file_size or 0, data=data)


async def complete(row: Import) -> None:
    """Make the file of its parts: its arrival starts the import. One that is there already is complete.

    Raises:
        UploadNotInParts, UploadOver: as `sign_parts`.
        PartsMissing: parts are missing, or have another size.
    """
    upload = _find_upload(row, may_be_over=True)
    try:
        arrived = await list_parts(row.object_key, upload)
        _check_whole(row, arrived)
        await complete_stored(row.object_key, upload, arrived)
    except UploadGone:
        # The same request was sent before, and its answer was lost.
        if await find_object(row.object_key) is None:
            raise _over() from None


def give_up(session: AsyncSession, row: Import) -> None:
    """Remove what has arrived of a cancelled import, once it is cancelled."""
    if row.parts is not None:
        after_commit(session, partial(_abort, row.object_key, row.parts["upload"]))


async def _abort(key: str, upload: str) -> None:
    try:
        await abort_upload(key, upload)
    except Exception as error:  # the import is cancelled, and the bucket removes unfinished uploads in time
        log.failure("upload.not_aborted", error, key=key)


def _find_upload(row: Import, *, may_be_over: bool = False) -> str:
    """The id of an import's upload in parts."""
    if row.parts is None:
        raise UploadNotInParts("The file of this import comes in one request.", hint="Announce it with in_parts=true.")
    if row.status != "awaiting_upload" and not (may_be_over and row.status in ("queued", "running", "succeeded")):
        raise UploadOver(f"The import is {row.status}; it waits for no file.")
    return str(row.parts["upload"])


async def _list(row: Import, upload: str) -> list[Part]:
    try:
        return await list_parts(row.object_key, upload)
    except UploadGone:
        raise _over() from None


def _over() -> UploadOver:
    return UploadOver(
        "The upload is complete, or was left for too long.", hint="Look at the import, or announce again."
    )


def _plan(row: Import) -> UploadParts:
    assert row.parts is not None
    part_bytes = int(row.parts["part_bytes"])
    return UploadParts(part_bytes=part_bytes, count=max(1, math.ceil((row.file_size or 0) / part_bytes)))


def _size_of(row: Import, number: int) -> int:
    """The size of a part: all have the same but for the last one."""
    part_bytes = _plan(row).part_bytes
    return min(part_bytes, (row.file_size or 0) - (number - 1) * part_bytes)


def _check_whole(row: Import, arrived: Sequence[Part]) -> None:
    sizes = {part.number: part.size for part in arrived}
    missing = [number for number in range(1, _plan(row).count + 1) if sizes.get(number) != _size_of(row, number)]
    if missing:
        shown = ", ".join(map(str, missing[:SHOWN_PARTS])) + (" and others" if missing[SHOWN_PARTS:] else "")
        raise PartsMissing(
            f"{len(missing):,} of {_plan(row).count:,} parts are missing: {shown}.",
            hint="Send them by POST /imports/{import}/parts, then complete the upload again.",
        )
