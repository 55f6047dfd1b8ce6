"""Refusal of writes where the database is a copy: in a secondary region, until that is promoted."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.errors import RegionReadOnly
from app.core.http.problems import render_problem

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class ReadOnly:
    """Refuses every request that may write: any by a method that is not safe, but for the routes in `reads`.

    So a new route that writes is refused without being named here.
    """

    def __init__(self, app: ASGIApp, reads: Sequence[BaseRoute]) -> None:
        self._app = app
        self._reads = reads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS or self._reads_only(scope):
            await self._app(scope, receive, send)
        else:
            await render_problem(RegionReadOnly())(scope, receive, send)

    def _reads_only(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is Match.FULL for route in self._reads)
