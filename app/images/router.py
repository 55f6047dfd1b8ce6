"""Images over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from app.access.deps import CurrentCaller
from app.access.errors import KeyMissing, ScopeMissing
from app.columns.column import Name
from app.core.database.sessions import Session
from app.core.errors import CursorInvalid, ParameterInvalid, UnknownParameter
from app.core.fields import to_utc
from app.core.http.body import BODY_PROBLEMS, JsonRoute
from app.core.http.cursors import decode_cursor, encode_cursor
from app.core.http.idempotency import IDEMPOTENCY_PROBLEMS
from app.core.http.lists import LIST_PROBLEMS, Cursor, Limit, Page, paginate, refuse_unknown_parameters
from app.core.http.problem_documents import problem_responses
from app.core.http.uploads import Upload
from app.datasets.errors import DatasetBusy, DatasetNotFound, ImageRequired, ImageUseUnknown, NotSupportedByStore
from app.images import repository, service
from app.images.bodies import ImageCreate, ImageCreated, ImagePublic, ImageUpdate
from app.images.deps import IdempotentAnnouncement, ImageFromPath, ImageTarget, WritableImage, find_target
from app.images.errors import (
    ImageInUse,
    ImageNotFound,
    ImageNotReady,
    ImageRejected,
    ImageTooLarge,
    ImageTypeNotAccepted,
)
from app.images.models import Image, ImageStatus
from app.images.repository import Wanted

PARAMETERS = ("dataset", "filename", "status", "_unused", "_limit", "_cursor")

router = APIRouter(
    prefix="/images", route_class=JsonRoute, tags=["images"], responses=problem_responses(KeyMissing, ScopeMissing)
)


@router.post(
    "",
    status_code=201,
    dependencies=[IdempotentAnnouncement],
    responses=problem_responses(
        *(DatasetNotFound, ImageTooLarge, ImageTypeNotAccepted, *BODY_PROBLEMS, *IDEMPOTENCY_PROBLEMS)
    ),
)
async def create_image(
    target: ImageTarget, body: ImageCreate, session: Session, *, request: Request, response: Response
) -> ImageCreated:
    """Announce a picture, and send it as `upload` says: it is checked when it arrives."""
    # The upload's address is all that one needs to send the file.
    response.headers["Cache-Control"] = "no-store"
    row, upload = await service.create_image(session, target, body)
    response.headers["Location"] = str(request.url_for("get_image", image=row.id))
    shown = ImagePublic.of(row, None if target is None else target.name)
    return ImageCreated(**shown.model_dump(), upload=Upload.of(upload))


class ImageFilter(BaseModel):
    """The parameters that narrow a list of images."""

    dataset: Name | None = Field(None, description="only those of a dataset")
    filename: str | None = Field(None, description="only those of a file of this name")
    status: ImageStatus | None = Field(None, description="only those in this state")
    unused: bool = Field(False, alias="_unused", description="Only those that no record names; this needs `dataset`.")


async def _wanted(
    request: Request, caller: CurrentCaller, session: Session, given: Annotated[ImageFilter, Query()]
) -> Wanted:
    refuse_unknown_parameters(request, PARAMETERS)
    target = None if given.dataset is None else await find_target(given.dataset, "read", caller, session)
    wanted = Wanted(target, caller.datasets, given.filename, given.status, given.unused)
    service.check_list(wanted)
    return wanted


@router.get("", responses=problem_responses(DatasetNotFound, NotSupportedByStore, *LIST_PROBLEMS))
async def list_images(
    wanted: Annotated[Wanted, Depends(_wanted)], session: Session, limit: Limit = 50, cursor: Cursor = None
) -> Page[ImagePublic]:
    """List the images that the key may see. The newest comes first."""
    dataset = None if wanted.dataset is None else str(wanted.dataset.id)
    query = ["images", dataset, wanted.filename, wanted.status, wanted.unused]
    rows = await repository.list_page(session, wanted, limit + 1, after=_decode(cursor, query))
    data, following = paginate(rows, limit, lambda row: encode_cursor(_place(row[0]), query))
    return Page(data=[ImagePublic.of(row, name) for row, name in data], next=following)


def _place(row: Image) -> list[str]:
    return [row.created_at.isoformat(), row.id]


def _decode(cursor: str | None, query: Sequence[object]) -> tuple[datetime, str] | None:
    """The creation time and the id of the image that a cursor continues after."""
    if cursor is None:
        return None
    made, image = decode_cursor(cursor, query, length=2)
    try:
        return to_utc(datetime.fromisoformat(made)), str(image)
    except (TypeError, ValueError):
        raise CursorInvalid("This API did not issue the cursor.", hint="Use `next` of a page unchanged.") from None


@router.get("/{image}", responses=problem_responses(ImageNotFound))
async def get_image(placed: ImageFromPath) -> ImagePublic:
    """Show an image: whether it is ready, its size, its URLs."""
    return ImagePublic.of(placed.row, placed.dataset)


@router.patch("/{image}", responses=problem_responses(ImageNotFound, *BODY_PROBLEMS))
async def update_image(placed: WritableImage, body: ImageUpdate, session: Session) -> ImagePublic:
    """Change the text that stands for an image, or its focal point. Members left out stay, null removes.

    Another focal point changes the image's URLs; the old ones lead to the new ones.
    """
    return ImagePublic.of(await service.update_image(session, placed.row.id, body), placed.dataset)


@router.delete(
    "/{image}",
    status_code=204,
    responses=problem_responses(
        *(ImageNotFound, ImageInUse, ImageRequired, ImageUseUnknown, DatasetBusy, ParameterInvalid, UnknownParameter)
    ),
)
async def delete_image(
    placed: WritableImage,
    session: Session,
    request: Request,
    force: Annotated[bool, Query(description="delete it also if records show it: they show null then")] = False,
) -> None:
    """Delete an image that no record shows, with its file and all variants."""
    refuse_unknown_parameters(request, ("force",))
    await service.delete_image(session, placed.row, force=force)


@router.get(
    "/{image}/original",
    status_code=307,
    response_class=RedirectResponse,
    responses={
        307: {"description": "The address of the file"},
        **problem_responses(ImageNotFound, ImageNotReady, ImageRejected, ParameterInvalid, UnknownParameter),
    },
)
async def get_original(request: Request, placed: ImageFromPath) -> RedirectResponse:
    """Download the file as it came, with all that it says of its camera and place; the link works for a minute."""
    refuse_unknown_parameters(request, ())
    url = await service.sign_original(placed.row)
    return RedirectResponse(url, status_code=307, headers={"Cache-Control": "no-store"})
