"""The middleware of every request: its id, its log line, safe headers, HEAD, the limit of its body."""

import time
from collections.abc import Sequence
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import log
from app.core.errors import BodyTooLarge, InternalError
from app.core.http.problems import render_problem
from app.core.settings import get_settings

# What the log says of a request whose caller went away before it was there: nobody is answered.
CLIENT_CLOSED_REQUEST = 499

# What every answer says to browsers and caches unless its route says otherwise: what a key opens is its caller's alone.
SAFE_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

# As servers take them: the name in small letters, and the value.
RawHeader = tuple[bytes, bytes]
_RAW_SAFE_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SAFE_HEADERS.items()]


class RequestContext:
    """Gives each request its id and each answer its safe headers, and logs it once it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _begin_log(scope)
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_safe_headers(message["headers"], request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = CLIENT_CLOSED_REQUEST
        finally:
            elapsed = round((time.perf_counter() - started) * 1000, 1)
            log.event("request.finished", method=scope["method"], path=scope["path"], status=status, ms=elapsed)


def _with_safe_headers(headers: Sequence[RawHeader], request_id: str) -> list[RawHeader]:
    given = {name for name, _ in headers}
    safe = [header for header in _RAW_SAFE_HEADERS if header[0] not in given]
    return [*headers, (b"x-request-id", request_id.encode()), *safe]


class InternalErrors:
    """Turns what nobody caught into a 500; within what adds headers for browsers, which could not read it otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except ClientDisconnect:
            raise
        except Exception as error:
            log.failure("request.failed", error, method=scope["method"], path=scope["path"])
            if has_begun:
                raise
            await render_problem(_internal_error())(scope, receive, send)


def _begin_log(scope: Scope) -> str:
    """Bind the request's id to everything that is logged from now on; return the id.

    It is Lambda's, else the caller's if that is a plain one, else a new one.
    """
    headers = Headers(scope=scope)
    given = headers.get("x-request-id", "")
    clients = given if given.isascii() and given.replace("-", "").isalnum() and len(given) <= 64 else None
    context = scope.get("aws.context")
    request_id = str(context.aws_request_id) if context is not None else clients or uuid4().hex
    log.request_id.set(request_id)
    log.client_request_id.set(clients if clients != request_id else None)
    log.trace_id.set(log.find_trace(headers.get("x-amzn-trace-id")))
    log.caller.set(None)
    return request_id


def _internal_error() -> InternalError:
    return InternalError(
        "The request failed because of an error in the server.", hint="Report the request_id: the log has the reason."
    )


class RootPath:
    """Tells the application the path that a gateway in front of it strips, so that its links lead through there."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "root_path": scope.get("root_path") or self._path}, receive, send)


# In the scope of a request that was one: what its body takes to send is no matter.
IS_HEAD = "tolva.head"


class HeadRequests:
    """Answers HEAD as GET is answered, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET", IS_HEAD: True}, receive, send_without_body)


class BodyLimit:
    """Refuses a request body over the limit, by its announced length or by what arrives."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = get_settings().max_body_bytes
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdigit() and int(announced) > limit:
            await render_problem(_too_large(limit))(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_large(limit)
            return message

        await self._app(scope, receive_counted, send)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"A body may have at most {limit:,} bytes.",
        hint="Send fewer records at a time. To import a larger file, announce it, POST /datasets/{dataset}/imports "
        'with {"filename": …}, and send it to the `upload` that the answer has; `tolva import` does both.',
    )
