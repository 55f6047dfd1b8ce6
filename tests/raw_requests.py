"""Requests as they are: a client would put them in order before it sends them."""

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from httpx import Response
from starlette.types import ASGIApp, Message

Header = tuple[bytes, bytes]


async def send_raw(
    app: ASGIApp, method: str, address: bytes, headers: Sequence[Header] = (), body: bytes = b""
) -> Response:
    """The answer of an application to a request whose address and headers nobody has touched."""
    raw_path, _, query = address.partition(b"?")
    given = [(name.lower(), value) for name, value in headers]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(raw_path).decode("utf-8", "replace"),
        "raw_path": raw_path,
        "query_string": query,
        "headers": given if any(name == b"host" for name, _ in given) else [(b"host", b"tolva.test"), *given],
        "server": ("tolva.test", 80),
        "client": ("127.0.0.1", 1),
    }
    sent: list[Message] = []
    received: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if not received:
            # The caller waits, and does not go away.
            await asyncio.Event().wait()
        return received.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception:
        # It has been answered as a fault, and is raised for the server to log.
        if not sent:
            raise
    content = b"".join(message.get("body", b"") for message in sent)
    return Response(sent[0]["status"], headers=sent[0]["headers"], content=content)
