"""Calls from pages of other origins: allowed as the setting lists them, else refused with a problem and a log line."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core import log
from app.core.errors import MethodNotAllowed, OriginNotAllowed
from app.core.http.problems import render_problem
from app.core.origins import SETTING, Origins

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
EXPOSED = ("ETag", "Idempotency-Replayed", "Link", "Location", "Retry-After", "X-Request-Id")
MAX_AGE_SECONDS = 3600
# What a page asks with that calls into a network that is more private than its own; it is never said to be allowed.
PRIVATE_NETWORK = "access-control-request-private-network"
MAX_SHOWN_ORIGIN = 200


class Cors(CORSMiddleware):
    """CORS: the headers that let a page of another origin read the answers. No cookies: only a key counts."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        super().__init__(
            app,
            allow_origins=["*"] if origins.allows_every else [],
            allow_methods=METHODS,
            allow_headers=["*"],
            expose_headers=EXPOSED,
            max_age=MAX_AGE_SECONDS,
        )
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None and not self.is_allowed_origin(origin) and not _is_own(origin, scope["method"], headers):
            await self._refuse(origin, scope["path"])(scope, receive, send)
            return
        await super().__call__(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        """Return whether pages of an origin may call."""
        return self._origins.allow(origin)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer what a browser asks before it sends a page's request."""
        asked = MutableHeaders(raw=[header for header in request_headers.raw if header[0].decode() != PRIVATE_NETWORK])
        answer = super().preflight_response(asked)
        if answer.status_code == 200:
            return answer
        method = request_headers["access-control-request-method"]
        refusal = render_problem(MethodNotAllowed(f"No route accepts {method}; there are {', '.join(METHODS)}."))
        allowed = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
        refusal.headers.update(allowed)
        return refusal

    def _refuse(self, origin: str, path: str) -> Response:
        shown = origin[:MAX_SHOWN_ORIGIN]
        log.warning("origin.refused", origin=shown, path=path, setting=SETTING)
        refusal = OriginNotAllowed(
            f"Pages of {shown} may not call this API from a browser.",
            hint=f"Add {shown} to the setting {SETTING}, which lists origins with commas between them.",
            headers={"Vary": "Origin"},
        )
        return render_problem(refusal)


def _is_own(origin: str, method: str, headers: Headers) -> bool:
    """Return whether a request is of a page from here: browsers name its origin too. They never ask before such a
    request."""
    if method == "OPTIONS":
        return False
    # A gateway may have changed the host.
    host = origin.partition("://")[2]
    hosts = (headers.get("host"), headers.get("x-forwarded-host"))
    return headers.get("sec-fetch-site") == "same-origin" or (bool(host) and host in hosts)
