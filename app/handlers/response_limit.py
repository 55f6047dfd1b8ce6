"""Responses as large as a Lambda function may give: it hands over each one whole, in JSON, and Lambda takes 6 MB."""

import json
import math
from codecs import getincrementaldecoder

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.http.edge_errors import ResponseTooLarge
from app.core.http.problems import render_problem
from app.core.settings import get_settings


class _Overflow(Exception):
    """The response has become too large; the application stops."""


class ResponseLimit:
    """Answers with a problem instead of a response that Lambda would not take, as soon as it is known to be one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = get_settings().max_response_bytes
        held: list[Message] = []
        size = _EncodedSize()

        async def hold(message: Message) -> None:
            if size.add(message.get("body", b"")) > limit:
                raise _Overflow
            held.append(message)

        try:
            await self._app(scope, receive, hold)
        except _Overflow:
            await render_problem(_too_large(limit))(scope, receive, send)
            return
        for message in held:
            await send(message)


class _EncodedSize:
    """The size of a response in Lambda's answer: text in JSON, with its quotes escaped, else base64."""

    def __init__(self) -> None:
        # A part may end in the middle of a character.
        self._decoder = getincrementaldecoder("utf-8")()
        self._is_text = True
        self._text = self._bytes = 0

    def add(self, body: bytes) -> int:
        """The size with another part."""
        self._bytes += len(body)
        if self._is_text:
            try:
                self._text += len(json.dumps(self._decoder.decode(body))) - len('""')
            except UnicodeDecodeError:
                self._is_text = False
        return self._text if self._is_text else 4 * math.ceil(self._bytes / 3)


def _too_large(limit: int) -> ResponseTooLarge:
    return ResponseTooLarge(
        f"The response has more than {limit:,} bytes, the most that can be sent from here.",
        hint="Ask for fewer records with _limit, for fewer columns with _select, or filter. (TOLVA_MAX_RESPONSE_BYTES)",
    )
