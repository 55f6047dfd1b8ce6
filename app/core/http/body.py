"""Bodies: one reader for all of them, which refuses what two readers could take for two things.

A route with a typed body is a JsonRoute: the framework checks what was read here against the type.
"""

from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import BodyTooLarge, MalformedJson, MediaTypeUnsupported, RequestInvalid
from app.core.http.names import FORM, JSON, MERGE_PATCH
from app.core.settings import get_settings
from app.core.strict_json import MAX_DEPTH, DocumentTooLarge, JsonInvalid, is_storable_text, parse_json

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF_8 = ("utf-8", "utf8")

# What can be wrong with a body before its content is looked at, and with one of a type.
JSON_PROBLEMS = (MalformedJson, MediaTypeUnsupported, BodyTooLarge)
BODY_PROBLEMS = (*JSON_PROBLEMS, RequestInvalid)


async def read_json_body(request: Request, *media_types: str) -> Any:
    """The body as `parse_json` gives it. A request that does not say what it sends is taken to send JSON.

    Raises:
        MediaTypeUnsupported: it says that it sends something else.
        MalformedJson: it is not JSON that means one thing.
        BodyTooLarge: it has, or becomes, more bytes than the settings allow.
    """
    _check_kind(request.headers, media_types)
    body = await request.body()
    if not body:
        raise MalformedJson("The request has no body.", hint=f"Send JSON, with Content-Type: {media_types[0]}.")
    settings = get_settings()
    try:
        # What grows by its numbers alone is refused, not a body that may have more bytes from the first.
        return parse_json(body.removeprefix(BYTE_ORDER_MARK), max(settings.max_document_bytes, settings.max_body_bytes))
    except DocumentTooLarge as error:
        raise BodyTooLarge(
            f"The body becomes too large: {error}.",
            hint="Send smaller numbers, or fewer records at a time. (TOLVA_MAX_DOCUMENT_BYTES)",
        ) from None
    except JsonInvalid as error:
        raise MalformedJson(f"The body cannot be read as JSON: {error}.", hint=error.hint) from None


def _check_kind(headers: Headers, media_types: tuple[str, ...]) -> None:
    """Raise MediaTypeUnsupported if a body says that it is something else than plain JSON in UTF-8."""
    said = headers.get("content-type", media_types[0])
    kind, *parameters = (part.strip() for part in said.split(";"))
    if kind.lower() not in media_types or len(headers.getlist("content-type")) > 1:
        hint = f"Send it as Content-Type: {' or '.join(media_types)}."
        if kind.lower() == FORM:
            hint = f"Send JSON. {hint[:-1]}; curl says that it sends a form unless -H gives another Content-Type."
        raise MediaTypeUnsupported(f"The body is sent as '{said[:100]}'.", hint=hint)
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in UTF_8:
            raise MediaTypeUnsupported(f"The body is sent in '{value[:100]}'.", hint="Send JSON in UTF-8.")
    encoding = headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise MediaTypeUnsupported(
            f"The body is sent with Content-Encoding: {encoding[:100]}.", hint="Send it uncompressed."
        )


class JsonRoute(APIRoute):
    """A route whose body is read by `read_json_body` and then checked against the type that the route declares."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, as the framework makes it, for a request that is read here."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def handle_strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return handle_strictly


class _StrictRequest(Request):
    """A request with a JSON body.

    The framework asks for `body` first, and for `json` only if Content-Type says that it is there, or says nothing.
    """

    @property
    def _media_types(self) -> tuple[str, ...]:
        return (JSON, MERGE_PATCH) if self.method == "PATCH" else (JSON,)

    async def body(self) -> bytes:
        """The body's bytes, if they are of a kind that is read."""
        body = await super().body()
        if body:
            _check_kind(self.headers, self._media_types)
        return body

    async def json(self) -> Any:
        """The body as the framework's types take it."""
        return _plain(await read_json_body(self, *self._media_types), ())


def _plain(value: Any, place: tuple[str | int, ...]) -> Any:
    """A value of `parse_json` with floats for Decimals, as types take it; of it everything can be stored."""
    if len(place) > MAX_DEPTH:
        raise MalformedJson(f"The body is nested more than {MAX_DEPTH} levels deep.")
    if isinstance(value, dict):
        return {_storable(name, place): _plain(member, (*place, name)) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(item, (*place, at)) for at, item in enumerate(value)]
    if isinstance(value, Decimal):
        return _finite(float(value), place)
    return _storable(value, place) if isinstance(value, str) else value


def _storable(text: str, place: tuple[str | int, ...]) -> str:
    if not is_storable_text(text):
        raise _misfit(place, "A string contains NUL or half of a surrogate pair, which cannot be stored")
    return text


def _finite(number: float, place: tuple[str | int, ...]) -> float:
    if number in (float("inf"), float("-inf")):
        raise _misfit(place, "A number is larger than a double can be")
    return number


def _misfit(place: tuple[str | int, ...], message: str) -> RequestInvalid:
    path = "/".join(map(str, place))
    return RequestInvalid(f"{path}: {message}.", errors=[{"in": "body", "path": path, "message": message}])
