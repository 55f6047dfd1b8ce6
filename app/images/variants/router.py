"""Pictures over HTTP: by a URL with a version to everyone, else to holders of a key."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.deps import find_direct_caller
from app.access.errors import KeyMissing, ScopeMissing
from app.core.database.sessions import transaction
from app.core.errors import ParameterInvalid, RouteNotFound, ServiceUnavailable, UnknownParameter
from app.core.http.problem_documents import problem_responses
from app.images import service
from app.images.deps import ImageId
from app.images.errors import ImageNotFound, ImageNotReady, ImageRejected
from app.images.repository import get_image
from app.images.variants.content import Content, variant_url
from app.images.variants.ladder import FITS, FORMATS, MEDIA_TYPES, RUNGS, parse_query

PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()},
    },
    302: {"description": "The picture's URL as it is now"},
    304: {"description": "The picture of `If-None-Match` is the current one"},
}
SIZES = {"type": "integer", "enum": list(RUNGS)}


def _parameter(name: str, schema: dict[str, Any], description: str, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": schema, "description": description}


PARAMETERS = [
    _parameter("w", SIZES, "the width; a picture is never made larger than it is", required=True),
    _parameter("h", SIZES, "the height of a crop, with `fit=cover`"),
    _parameter("fit", {"enum": list(FITS), "default": "contain"}, "the whole picture, or a crop of `w` and `h`"),
    _parameter("format", {"enum": list(FORMATS), "default": "webp"}, "the format of the answer"),
    _parameter("v", {"type": "string"}, "the version, as the URLs of the image have it; without it a key is needed"),
]

router = APIRouter(prefix="/images", tags=["images"], responses=problem_responses(KeyMissing, ScopeMissing))

_content: list[Content] = []


def serve_with(content: Content) -> None:
    """Let this process serve pictures. The API's function does not: the gateway has another one for that."""
    _content[:] = [content]


@router.get(
    "/{image}/content",
    response_class=Response,
    responses={
        **PICTURE,
        **problem_responses(
            *(ImageNotFound, ImageNotReady, ImageRejected, ParameterInvalid, UnknownParameter, ServiceUnavailable)
        ),
    },
    openapi_extra={"parameters": PARAMETERS},
)
async def get_content(request: Request, image: ImageId) -> Response:
    """Show a picture in one of the sizes and formats that there are.

    With `v` the URL works without a key and never shows anything else, so it may be kept for ever. Without `v` it leads
    to the one with it, for a key that may read the image.
    """
    if "v" not in request.query_params:
        return await _lead(request, image)
    if not _content:
        raise RouteNotFound("Pictures are not served by this function.")
    return await _content[0].respond(request, image, request.query_params.multi_items())


@router.get("/{image}/link", include_in_schema=False)
async def get_link(request: Request, image: ImageId) -> Response:
    """Lead to a picture's URL with a version: the function of the pictures knows no keys, and sends callers here."""
    return await _lead(request, image)


async def _lead(request: Request, image: str) -> Response:
    caller = await find_direct_caller(request, fresh=True)
    async with transaction() as session:
        row, dataset = await get_image(session, image)
    if not caller.may("read", dataset):
        raise ImageNotFound(f"There is no image '{image[:100]}' that the key gives access to.")
    _, shape = parse_query([pair for pair in request.query_params.multi_items() if pair[0] != "v"])
    service.check_is_ready(row)
    headers = {"Location": variant_url(row.id, row.version, shape), "Cache-Control": "private, no-store"}
    return Response(status_code=302, headers=headers)
