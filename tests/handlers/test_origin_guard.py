from typing import Any

import pytest

from app.handlers.origin_guard import CALLER_HEADER, HOST_HEADER, ORIGIN_HEADER, OriginGuard

SECRET = "a-secret-of-the-origin"
URL = {"requestContext": {"domainName": "abc.lambda-url.eu-west-1.on.aws"}}


class Inner:
    """An application that keeps the scope of what reaches it."""

    def __init__(self) -> None:
        self.scope: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope


async def ask(event: Any, *headers: tuple[str, str]) -> tuple[Any, int | None]:
    """The scope that reaches the application, and the status of a refusal."""
    inner, sent = Inner(), list[Any]()

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in (("host", "abc.lambda-url.example"), *headers)]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": raw, "aws.event": event, "state": {}}
    await OriginGuard(inner, SECRET)(scope, None, send)  # type: ignore[arg-type]  # nothing is received
    return inner.scope, sent[0]["status"] if sent else None


class TestOriginGuard:
    @pytest.mark.parametrize("headers", [[], [(ORIGIN_HEADER, "")], [(ORIGIN_HEADER, SECRET[:-1])]])
    async def test_the_url_is_closed_without_the_secret(self, headers: list[tuple[str, str]]) -> None:
        assert await ask(URL, *headers) == (None, 403)

    async def test_with_it_the_request_is_the_callers(self) -> None:
        given = ((ORIGIN_HEADER, SECRET), (HOST_HEADER, "api.example.com"), (CALLER_HEADER, "192.0.2.1:4000"))
        scope, status = await ask(URL, *given)
        assert status is None
        headers = dict(scope["headers"])
        assert headers[b"host"] == b"api.example.com"
        assert ORIGIN_HEADER.encode() not in headers

    async def test_what_comes_another_way_passes(self) -> None:
        scope, status = await ask({"requestContext": {}})
        assert (scope is not None, status) == (True, None)
