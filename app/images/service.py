"""Images as a caller asks for them: announced, described, deleted."""

from functools import partial
from typing import Any
from urllib.parse import quote

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import log
from app.core.aws.storage import PresignedUpload, presign_download, presign_upload
from app.core.database.sessions import after_commit
from app.core.errors import ParameterInvalid
from app.core.settings import MIB, get_settings
from app.datasets.errors import NotSupportedByStore
from app.datasets.image_uses import clear_uses, count_uses
from app.datasets.models import Dataset
from app.images import repository
from app.images.bodies import ImageCreate, ImageUpdate
from app.images.check.claims import make_current
from app.images.errors import (
    ImageInUse,
    ImageNotFound,
    ImageNotReady,
    ImageRejected,
    ImageTooLarge,
    ImageTypeNotAccepted,
)
from app.images.file_names import MEDIA_TYPES, media_type_of
from app.images.mirror import put_image
from app.images.models import MAX_OLD_VERSIONS, Image, new_id, new_version
from app.images.objects import incoming_key
from app.images.removal import begin_removal
from app.images.repository import Wanted

# How long the link to an original works, which is followed at once.
ORIGINAL_SECONDS = 60


async def create_image(
    session: AsyncSession, dataset: Dataset | None, body: ImageCreate
) -> tuple[Image, PresignedUpload]:
    """Announce a picture: its row, and the request that uploads its file.

    Raises:
        ImageTooLarge: the file is over the limit.
        ImageTypeNotAccepted: its name says that it is something else.
    """
    media_type = _check_file(body)
    image = new_id()
    point = body.focal_point
    row = Image(
        id=image,
        dataset_id=None if dataset is None else dataset.id,
        filename=body.filename,
        object_key=incoming_key(image),
        bytes=body.size,
        sha256=body.sha256,
        alt=body.alt,
        focal_x=None if point is None else point.x,
        focal_y=None if point is None else point.y,
    )
    session.add(row)
    await session.flush()
    upload = await presign_upload(row.object_key, size=body.size, content_type=media_type, checksum=body.checksum)
    return row, upload


def _check_file(body: ImageCreate) -> str:
    """The media type of an announced file."""
    limit = get_settings().max_image_bytes
    if body.size > limit:
        raise ImageTooLarge(
            f"The file has {body.size:,} bytes; {limit:,} ({limit / MIB:g} MiB) are the most an image may have. "
            "(TOLVA_MAX_IMAGE_BYTES)"
        )
    media_type = media_type_of(body.filename)
    if media_type is None:
        raise ImageTypeNotAccepted(
            f"'{body.filename[:100]}' is no picture of an accepted type.",
            hint=f"The name of one ends in {', '.join(MEDIA_TYPES)}.",
        )
    return media_type


async def update_image(session: AsyncSession, image: str, body: ImageUpdate) -> Image:
    """Change what an image says of itself. Another focal point changes what variants show, so they get other URLs.

    The copy in the table is written first: if the commit fails then, the next change of the image sets it right.

    Raises:
        ImageNotFound: it was deleted meanwhile.
        ServiceUnavailable: the table does not answer.
    """
    row = await repository.lock_image(session, image)
    if row is None:
        raise ImageNotFound(f"There is no image '{image}' any longer.")
    if "alt" in body.model_fields_set:
        row.alt = body.alt
    if "focal_point" in body.model_fields_set:
        _move_focal_point(row, body)
    session.add(row)
    await session.flush()
    if row.status == "ready":
        await put_image(row)
    return row


def _move_focal_point(row: Image, body: ImageUpdate) -> None:
    point = None if body.focal_point is None else (body.focal_point.x, body.focal_point.y)
    if point == (None if row.focal_x is None else (row.focal_x, row.focal_y)):
        return
    row.focal_x, row.focal_y = point or (None, None)
    row.old_versions = [*row.old_versions, row.version][-MAX_OLD_VERSIONS:]
    row.version = new_version()


def check_is_ready(row: Image) -> None:
    """Raise ImageNotReady or ImageRejected if there is nothing to show of an image yet, or ever."""
    if row.status == "rejected":
        message = (row.problem or {}).get("message", "its file was refused")
        raise ImageRejected(f"The image '{row.filename}' was rejected: {message}.")
    if row.status != "ready":
        raise ImageNotReady(
            f"The image '{row.filename}' is {row.status}.", hint="Ask again.", headers={"Retry-After": "1"}
        )


async def sign_original(row: Image) -> str:
    """A URL of the file as it came, for a minute.

    Raises:
        ImageNotReady, ImageRejected: the file has not been checked, or was refused.
    """
    check_is_ready(row)
    return await presign_download(
        row.object_key,
        seconds=ORIGINAL_SECONDS,
        disposition=f"attachment; filename*=UTF-8''{quote(row.filename, safe='')}",
    )


async def delete_image(session: AsyncSession, row: Image, *, force: bool) -> None:
    """Delete an image that no record shows, or by `force` any. Its objects are removed once it is committed.

    Raises:
        ImageInUse: a record shows it.
        ImageRequired: a record shows it in a column that cannot be null.
        DatasetBusy, ImageUseUnknown, ServiceUnavailable: that cannot be known now.
    """
    if force:
        await clear_uses(session, row)
    elif uses := await count_uses(session, row):
        named = [f"{_counted(count)} of '{name}'" for name, count in uses.items()]
        raise ImageInUse(
            f"'{row.filename}' is shown by {' and '.join(named)}.",
            hint="Change these records first, or delete it with ?force=true: they show null then.",
            errors=[_use(name, count) for name, count in uses.items()],
        )
    await session.delete(row)
    await session.flush()
    # The one before it of the same name is the newest now.
    await make_current(session, row)
    after_commit(session, partial(_remove, row.id))


async def _remove(image: str) -> None:
    """Remove what everyone could see of a deleted image, and leave the rest to the worker."""
    try:
        await begin_removal(image)
    except Exception as error:  # it is committed: the sweeper removes what is left
        log.failure("image.not_removed", error, image=image)


def _counted(count: int) -> str:
    return "1 record" if count == 1 else f"{count:,} records"


def _use(dataset: str, count: int) -> dict[str, Any]:
    return {"dataset": dataset, "records": count, "message": f"{_counted(count)} of '{dataset}'"}


def check_list(wanted: Wanted) -> None:
    """Raise ParameterInvalid or NotSupportedByStore if nobody can tell which images of a list are unused."""
    if not wanted.unused:
        return
    if wanted.dataset is None:
        message = "'_unused' needs a dataset."
        raise ParameterInvalid(
            message,
            hint="Add dataset=… to ask for the images of one.",
            errors=[{"in": "query", "path": "_unused", "message": message}],
        )
    if not wanted.dataset.can.has_table:
        raise NotSupportedByStore(
            f"'{wanted.dataset.name}' is in the key-value store, which does not tell the images that no record names."
        )
