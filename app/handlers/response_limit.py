"""Responses as large as a Lambda function may give: it hands over each one whole, in JSON, and Lambda takes 6 MB."""

import json
from base64 import b64encode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import Problem
from app.core.http import render_problem
from app.core.settings import get_settings


class ResponseTooLarge(Problem):
    status = 422
    title = "The response is too large"


class _Overflow(Exception):
    """The response has become too large; whoever makes it stops."""


class ResponseLimit:
    """Answers with a problem instead of a response that Lambda would not take, as soon as it is known to be one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = get_settings().max_response_bytes
        held: list[Message] = []
        size = 0

        async def hold(message: Message) -> None:
            nonlocal size
            size += _encoded_size(message.get("body", b""))
            if size > limit:
                raise _Overflow
            held.append(message)

        try:
            await self._app(scope, receive, hold)
        except _Overflow:
            await render_problem(_too_large(limit))(scope, receive, send)
            return
        for message in held:
            await send(message)


def _encoded_size(body: bytes) -> int:
    """What a part of a response takes in Lambda's answer: a text in JSON, with its quotes escaped, else base64."""
    try:
        return len(json.dumps(body.decode())) - len('""')
    except UnicodeDecodeError:
        return len(b64encode(body))


def _too_large(limit: int) -> ResponseTooLarge:
    return ResponseTooLarge(
        f"The response has more than {limit:,} bytes, the most that can be sent from here.",
        hint="Ask for fewer records with _limit, for fewer columns with _select, or filter. (TOLVA_MAX_RESPONSE_BYTES)",
    )
