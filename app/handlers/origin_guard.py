"""Requests through CloudFront to the function's URL, which nobody else may ask."""

from secrets import compare_digest

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core import log
from app.core.http.edge_errors import FunctionUrlClosed
from app.core.http.problems import render_problem
from app.handlers.fronts import came_by_function_url

# The secret that CloudFront adds, and what its function says of the request: template.yaml names the same.
ORIGIN_HEADER = "x-tolva-origin"
CALLER_HEADER = "x-tolva-viewer"
HOST_HEADER = "x-forwarded-host"


class OriginGuard:
    """Refuses what comes to the function's URL without the secret; the rest has its caller's address and host.

    The function's URL is open to the internet, and knows requests by its own host and the address of CloudFront.
    """

    def __init__(self, app: ASGIApp, secret: str) -> None:
        self._app = app
        self._secret = secret.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Others call the function by its name, which IAM allows few.
        if not came_by_function_url(scope.get("aws.event", {})):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not compare_digest(headers.get(ORIGIN_HEADER, "").encode(), self._secret):
            await render_problem(_closed())(scope, receive, send)
            return
        log.caller.set(headers.get(CALLER_HEADER))
        await self._app(_as_asked(scope, headers), receive, send)


def _as_asked(scope: Scope, headers: Headers) -> Scope:
    """The request with the host that its caller asked, to which links lead."""
    asked = MutableHeaders(raw=list(headers.raw))
    if HOST_HEADER in headers:
        asked["host"] = headers[HOST_HEADER]
    del asked[ORIGIN_HEADER]
    return {**scope, "headers": asked.raw}


def _closed() -> FunctionUrlClosed:
    return FunctionUrlClosed(
        "This is the function's own URL, which serves CloudFront only.", hint="Ask the stack's output Url instead."
    )
