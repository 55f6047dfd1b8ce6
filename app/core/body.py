"""Bodies that a feature reads by itself, because the framework would round their numbers."""

from typing import Any

from starlette.requests import Request

from app.core.errors import BodyTooLarge, MalformedJson, MediaTypeUnsupported
from app.core.json_text import DocumentTooLarge, JsonInvalid, parse_json
from app.core.settings import get_settings

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


# What can be wrong with a body before its content is looked at.
JSON_PROBLEMS = (MalformedJson, MediaTypeUnsupported, BodyTooLarge)


async def read_json_body(request: Request, *media_types: str) -> Any:
    """The body as `parse_json` gives it. A request that does not say what it sends is taken to send JSON.

    Raises:
        MediaTypeUnsupported: it says that it sends something else.
        MalformedJson: it is not JSON that means one thing.
        BodyTooLarge: it has more bytes than the settings allow.
    """
    said = request.headers.get("content-type", media_types[0])
    if said.partition(";")[0].strip().lower() not in media_types:
        raise MediaTypeUnsupported(
            f"The body is sent as '{said[:100]}'.", hint=f"Send it as Content-Type: {' or '.join(media_types)}."
        )
    body = await request.body()
    if not body:
        raise MalformedJson("The request has no body.", hint="Send JSON in UTF-8.")
    try:
        return parse_json(body.removeprefix(BYTE_ORDER_MARK), get_settings().max_document_bytes)
    except DocumentTooLarge as error:
        raise BodyTooLarge(
            f"The body becomes too large: {error}.", hint="Send smaller numbers. (TOLVA_MAX_DOCUMENT_BYTES)"
        ) from None
    except JsonInvalid as error:
        raise MalformedJson(f"The body cannot be read as JSON: {error}.", hint="Send JSON in UTF-8.") from None
