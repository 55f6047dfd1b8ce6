"""Pictures of an import: those of its archive become images of its dataset before its rows are read.

A message brings a batch of them to a worker of the queue of images. The import itself waits without a worker until all
batches are done, and also while other images of its dataset are being checked.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from asyncpg import ForeignKeyViolationError

from app.core import log
from app.core.aws.messages import MessageDeferred
from app.core.aws.queue import send_message, send_to
from app.core.aws.storage import StoredObject, find_object, write_object
from app.core.database.sessions import transaction
from app.core.database.statements import direct_transaction, fetch
from app.core.settings import get_settings
from app.images.check.arrival import check_image
from app.images.models import ID_PREFIX, Image
from app.images.objects import kept_key
from app.imports import errors, repository
from app.imports.archive.contents import ArchivePicture
from app.imports.archive.member import MemberDamaged
from app.imports.archive.opening import Run, open_archive, read_entry, read_run, split_runs
from app.imports.messages import ImportQueued, PicturesQueued
from app.imports.models import FINISHED, Import
from app.imports.picture_batches import (
    ASKED_AGAIN_SECONDS,
    BATCH_SIZE,
    ask_for_batches,
    count_batches,
    finish_batch,
    is_done,
    list_pictures,
)
from app.imports.values.image_names import REJECTED, KnownImage
from app.imports.worker.turns import ImportPostponed

CONTENT_TYPE = "application/octet-stream"
# Pictures of a batch that are read and checked side by side.
SIDE_BY_SIDE = 4
REFUSED_SHOWN = 20
EXPORTED = re.compile(r"(img_[0-9a-f]{20})(?:\.[^./]*)?")

# The check of a picture: its row, whose original is in the bucket, and its bytes; the row as it is then.
Check = Callable[[Image, bytes], Awaitable[Image]]


_checks: list[Check] = [check_image]


def use_check(check: Check) -> None:
    """Check pictures so from now on, in this process."""
    _checks[:] = [check]


@dataclass(frozen=True)
class ArrivedPicture:
    """The outcome of a picture of an archive: its image, or the `problem` for which it is not accepted.

    `made` is whether the image came into being by it.
    """

    path: str
    filename: str
    image: str = ""
    problem: str = ""
    made: bool = False


async def wait_for_pictures(row: Import) -> None:
    """Let an import wait whose pictures are known to be left, without a look at its archive.

    Raises:
        ImportPostponed: they are, and none of them seems to be lost.
    """
    total = row.progress.get("pictures_total")
    left, done, idle = await count_batches(row.id)
    if total and left and idle < ASKED_AGAIN_SECONDS:
        raise _postponed(done, total)


def _postponed(batches: int, total: int) -> ImportPostponed:
    progress = {"pictures": min(batches * BATCH_SIZE, total), "pictures_total": total}
    return ImportPostponed(reason="its pictures are being checked", progress=progress)


async def settle_pictures(row: Import, count: int) -> list[ArrivedPicture]:
    """The outcomes of an archive's pictures, once all are done; what is not asked for yet is.

    Raises:
        ImportPostponed: some are not.
        PicturesNotChecked: none was for too long.
    """
    if not count:
        return []
    batches = -(-count // BATCH_SIZE)
    state = await ask_for_batches(row.id, batches)
    if state.done == batches:
        return [ArrivedPicture(**picture) for picture in await list_pictures(row.id)]
    if state.idle_seconds > get_settings().pictures_wait_seconds:
        raise errors.PicturesNotChecked(
            f"No picture of the archive was checked for {state.idle_seconds:,.0f} seconds; "
            f"{state.done * BATCH_SIZE:,} of {count:,} are.",
            hint="Is there a worker for the queue of images? (TOLVA_IMAGES_QUEUE_URL, TOLVA_PICTURES_WAIT_SECONDS)",
        )
    for batch in state.to_ask:
        await _send(PicturesQueued(import_id=row.id, batch=batch))
    raise _postponed(state.done, count)


async def _send(message: PicturesQueued) -> None:
    queue_url = get_settings().images_queue_url
    await (send_message(message) if queue_url is None else send_to(queue_url, message))


async def wait_for_checks(row: Import) -> None:
    """Let an import wait while images of its dataset are being checked that it may name.

    Raises:
        ImportPostponed: some are, and it has not waited for too long.
    """
    rows = await fetch(
        """
        SELECT count(*)::int AS checking FROM tolva.image
        JOIN tolva.dataset ON dataset.id = image.dataset_id
        JOIN tolva.import ON import.id = $1
        WHERE image.dataset_id = $2 AND image.status = 'checking'
        AND (dataset.columns = '[]' OR dataset.columns @> '[{"type": "image"}]')
        AND coalesce(import.started_at, now()) > now() - make_interval(secs => $3)
        """,
        row.id,
        row.dataset_id,
        get_settings().pictures_wait_seconds,
    )
    if checking := rows[0]["checking"]:
        raise ImportPostponed(reason=f"{checking:,} images of its dataset are being checked")


def names_of(pictures: Iterable[ArrivedPicture]) -> dict[str, KnownImage]:
    """The names of an archive's pictures: their filenames, and their paths in it."""
    names: dict[str, KnownImage] = {}
    for picture in pictures:
        refused = (REJECTED, f"the picture was not accepted: {picture.problem}") if picture.problem else ("", "")
        image = KnownImage(picture.image, picture.filename, *refused)
        names.setdefault(picture.filename, image)
        names.setdefault(picture.path, image)
        if said := find_id(picture.filename):
            names.setdefault(said, image)
    return names


def find_id(filename: str) -> str | None:
    """The id that a picture is called by: exports do so if its filename means another one."""
    said = EXPORTED.fullmatch(filename)
    return said[1] if said else None


def warn_of_refused(pictures: Sequence[ArrivedPicture]) -> list[str]:
    """The warning that names the pictures that were not accepted."""
    refused = [f"{picture.path} ({picture.problem})" for picture in pictures if picture.problem]
    if not refused:
        return []
    more = f"; and {len(refused) - REFUSED_SHOWN:,} more" if len(refused) > REFUSED_SHOWN else ""
    verb = "picture was" if len(refused) == 1 else "pictures were"
    return [f"{len(refused):,} {verb} not accepted: {'; '.join(refused[:REFUSED_SHOWN])}{more}."]


async def take_batch(import_id: UUID, batch: int, *, seconds: float) -> None:
    """Bring a batch of an archive's pictures to its end, within `seconds`; the last one lets the import go on.

    Raises:
        MessageDeferred: some of it is left.
        ImportNotFound: the import does not exist.
    """
    if await is_done(import_id, batch):
        return
    async with transaction() as session:
        row = await repository.get_import(session, import_id)
    stored = await find_object(row.object_key, row.object_version)
    if stored is None or row.status in FINISHED or row.dataset_id is None:
        return
    contents = await open_archive(stored)
    pictures = contents.pictures[batch * BATCH_SIZE : (batch + 1) * BATCH_SIZE]
    work = _BatchWork(row, stored, _checks[0], time.monotonic() + seconds)
    found = await work.run(pictures, batch * BATCH_SIZE)
    if await finish_batch(import_id, batch, [asdict(picture) for picture in found]):
        await send_message(ImportQueued(import_id=import_id))
    log.event("import.pictures", import_id=import_id, batch=batch, pictures=len(found))


class _BatchWork:
    """The work on a batch of pictures of an import's archive."""

    def __init__(self, row: Import, stored: StoredObject, check: Check, deadline: float) -> None:
        self._row = row
        self._stored = stored
        self._check = check
        self._deadline = deadline
        self._places = asyncio.Semaphore(SIDE_BY_SIDE)

    async def run(self, pictures: Sequence[ArchivePicture], first: int) -> list[ArrivedPicture]:
        """The outcomes of pictures, of which the first has a number in the archive."""
        outcomes: dict[int, ArrivedPicture | None] = {
            found.entry.offset: ArrivedPicture(found.entry.path, found.filename, problem=found.problem)
            for found in pictures
        }
        accepted = {
            found.entry.offset: (number, found) for number, found in enumerate(pictures, first) if not found.problem
        }
        for entries in split_runs([found.entry for _, found in accepted.values()]):
            run = await read_run(self._stored, entries)
            async with asyncio.TaskGroup() as group:
                tasks = {entry.offset: group.create_task(self._take(*accepted[entry.offset], run)) for entry in entries}
            outcomes |= {offset: task.result() for offset, task in tasks.items()}
        found = [outcome for outcome in outcomes.values() if outcome is not None]
        if len(found) < len(outcomes):
            raise MessageDeferred(f"pictures of import {self._row.id} are left")
        return found

    async def _take(self, number: int, picture: ArchivePicture, run: Run) -> ArrivedPicture | None:
        """The outcome of a picture; None if there is no time for it, or another worker checks it."""
        path, filename = picture.entry.path, picture.filename
        async with self._places:
            if time.monotonic() > self._deadline:
                return None
            try:
                data = await read_entry(self._stored, picture.entry, run)
            except MemberDamaged as damage:
                return ArrivedPicture(path, filename, problem=str(damage))
            try:
                image, made = await self._make_image(number, filename, data)
            except MessageDeferred:
                return None
        if image.status not in ("ready", "rejected"):
            return None
        problem = (image.problem or {}).get("message", "") if image.status == "rejected" else ""
        return ArrivedPicture(path, filename, image.id, problem, made)

    async def _make_image(self, number: int, filename: str, data: bytes) -> tuple[Image, bool]:
        """The dataset's image of this name and these bytes, checked; and whether it is a new one."""
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        own_id = image_id(self._row.id, number)
        found = await _find_same(self._row.dataset_id, filename, sha256)
        if found is not None and found.status == "ready":
            return found, found.id == own_id
        image = found.id if found is not None else own_id
        key = kept_key(image)
        version = await write_object(key, data, CONTENT_TYPE)
        members = {"filename": filename, "bytes": len(data), "sha256": sha256}
        row = await _await_check(image, self._row.dataset_id, {**members, "key": key, "version": version})
        return await self._check(row, data), image == own_id


def image_id(import_id: UUID, number: int) -> str:
    """The id of the image of a picture of an archive: the same if its message comes twice."""
    return ID_PREFIX + hashlib.sha256(import_id.bytes + number.to_bytes(4, "big")).hexdigest()[:20]


async def _find_same(dataset_id: UUID | None, filename: str, sha256: str) -> Image | None:
    rows = await fetch(
        """
        SELECT * FROM tolva.image
        WHERE sha256 = $3
        AND ((dataset_id = $1 AND filename = $2) OR (id = $4 AND (dataset_id = $1 OR dataset_id IS NULL)))
        ORDER BY status = 'ready' DESC, is_current DESC, created_at DESC LIMIT 1
        """,
        dataset_id,
        filename,
        sha256,
        find_id(filename),
    )
    return Image(**dict(rows[0])) if rows else None


async def _await_check(image: str, dataset_id: UUID | None, original: Mapping[str, Any]) -> Image:
    """The row of an image whose original is in the bucket and which is to be checked; a rejected one is once more.

    Raises:
        MessageDeferred: its dataset is gone, or another worker has checked it.
    """
    try:
        rows = await fetch(
            """
            INSERT INTO tolva.image
                (id, dataset_id, filename, status, version, object_key, object_version, bytes, sha256)
            VALUES ($1, $2, $3, 'awaiting_upload', $4, $5, $6, $7, $8)
            ON CONFLICT (id) DO UPDATE SET
                status = CASE image.status WHEN 'checking' THEN 'checking' ELSE 'awaiting_upload' END,
                problem = NULL, object_key = excluded.object_key, object_version = excluded.object_version
            WHERE image.status <> 'ready'
            RETURNING *
            """,
            image,
            dataset_id,
            original["filename"],
            Image.model_fields["version"].get_default(call_default_factory=True),
            original["key"],
            original["version"],
            original["bytes"],
            original["sha256"],
        )
    except ForeignKeyViolationError:
        raise MessageDeferred("the dataset is gone") from None
    if not rows:
        raise MessageDeferred(f"another worker has checked {image}")
    return Image(**dict(rows[0]))


async def remove_made(row: Import, pictures: Iterable[ArrivedPicture]) -> None:
    """Remove the images that a dry run brought into being, and that nobody else has found since."""
    made = [picture.image for picture in pictures if picture.made]
    async with direct_transaction() as fetch_within:
        removed = await fetch_within(
            """
            DELETE FROM tolva.image WHERE id = ANY($1) AND NOT EXISTS (
                SELECT FROM tolva.import_pictures other
                WHERE other.import_id <> $2
                AND other.pictures @> jsonb_build_array(jsonb_build_object('image', image.id))
            )
            RETURNING filename
            """,
            made,
            row.id,
        )
        await fetch_within(
            """
            UPDATE tolva.image SET is_current = true
            WHERE id IN (
                SELECT DISTINCT ON (filename) id FROM tolva.image
                WHERE dataset_id = $1 AND filename = ANY($2) AND status = 'ready'
                ORDER BY filename, created_at DESC, id DESC
            )
            """,
            row.dataset_id,
            [found["filename"] for found in removed],
        )
