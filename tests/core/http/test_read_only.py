from typing import Any

import pytest
from starlette.routing import Route

from app.core.http.read_only import ReadOnly


async def ask(method: str, path: str) -> int | None:
    """The status of a refusal; None if the request passed."""
    passed, sent = list[Any](), list[Any]()

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope)

    async def send(message: Any) -> None:
        sent.append(message)

    reads = [Route("/records/query", lambda _: None, methods=["POST"])]
    scope = {"type": "http", "method": method, "path": path, "headers": [], "state": {}}
    await ReadOnly(inner, reads)(scope, None, send)  # type: ignore[arg-type]  # nothing is received
    return sent[0]["status"] if sent else None


class TestReadOnly:
    @pytest.mark.parametrize(("method", "path"), [("GET", "/any"), ("HEAD", "/any"), ("POST", "/records/query")])
    async def test_reads_pass(self, method: str, path: str) -> None:
        assert await ask(method, path) is None

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "STRANGE"])
    async def test_all_else_is_refused(self, method: str) -> None:
        assert await ask(method, "/records") == 503
