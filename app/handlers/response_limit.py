"""Responses as large as a Lambda function may give: it hands over each one whole, in JSON, and Lambda takes 6 MB.

A larger one goes to the bucket, and the answer leads there.
"""

import json
import math
from codecs import getincrementaldecoder
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import log
from app.core.aws.storage import ObjectWriter, presign_download, storage_errors
from app.core.errors import Problem, ServiceUnavailable
from app.core.http.edge_errors import ResponseTooLarge
from app.core.http.middleware import IS_HEAD
from app.core.http.problems import render_problem
from app.core.settings import get_settings

# What a stored answer's key begins with: the bucket removes such files after a day.
ANSWERS = "answers/"


class _Unsent(Exception):
    """The response cannot be sent; the application stops, and its caller gets a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class ResponseLimit:
    """Stores a response that Lambda would not take, as soon as it is known to be one, and answers with its address.

    Only what is read is stored; a response that says what was written is small, or else a problem.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get(IS_HEAD):
            # Its body goes nowhere.
            await self._app(scope, receive, send)
            return
        response = _HeldResponse(get_settings().max_response_bytes)
        try:
            await self._app(scope, receive, response.take)
            await response.finish()
        except BaseException as error:
            await response.abandon()
            problem = _problem_of(error)
            if problem is None:
                raise
            await render_problem(problem)(scope, receive, send)
            return
        await response.send(scope, receive, send)


def _problem_of(error: BaseException) -> Problem | None:
    """The problem that ended a response before anything of it was sent.

    For the framework it has begun: it raises an error of its own in place of a problem then.
    """
    if isinstance(error, _Unsent):
        return error.problem
    return error.__cause__ if isinstance(error, RuntimeError) and isinstance(error.__cause__, Problem) else None


class _HeldResponse:
    """A response that is held until it is known to be whole, in memory or, over the limit, in the bucket."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._messages: list[Message] = []
        self._size = _EncodedSize()
        self._writer: ObjectWriter | None = None
        self._key = f"{ANSWERS}{uuid4()}"

    async def take(self, message: Message) -> None:
        """Hold a part of the response.

        Raises:
            _Unsent: it is too large and none to be stored, or the bucket does not take it.
        """
        body = message.get("body", b"")
        if self._writer is not None:
            await self._write(body)
            return
        self._messages.append(message)
        if self._size.add(body) > self._limit:
            await self._spill()

    async def finish(self) -> None:
        """Make what was stored readable, if anything was."""
        if self._writer is None:
            return
        try:
            await self._writer.finish()
        except storage_errors() as error:
            raise _away(error) from error

    async def abandon(self) -> None:
        """Leave nothing of it in the bucket."""
        if self._writer is not None:
            await self._writer.abort()

    async def send(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response, or where it is."""
        if self._writer is not None:
            await (await self._redirect())(scope, receive, send)
            return
        for message in self._messages:
            await send(message)

    async def _spill(self) -> None:
        """Write what is held to the bucket, and from now on all that follows."""
        start, *parts = self._messages
        if start["status"] != 200:
            raise _Unsent(_too_large(self._limit))
        self._writer = ObjectWriter(self._key, Headers(raw=start["headers"]).get("content-type", ""))
        for part in parts:
            await self._write(part.get("body", b""))
        self._messages = [start]

    async def _write(self, body: bytes) -> None:
        assert self._writer is not None
        try:
            await self._writer.write(body)
        except storage_errors() as error:
            # An error of this kind that passed the application would be taken for one of the database.
            raise _away(error) from error

    async def _redirect(self) -> Response:
        headers = Headers(raw=self._messages[0]["headers"])
        url = await presign_download(
            self._key, seconds=get_settings().answer_expiry_seconds, disposition=headers.get("content-disposition")
        )
        log.event("answer.stored", key=self._key)
        # The address opens the answer for anyone, for a while: no cache may keep it.
        return Response(status_code=303, headers={"Location": url, "Cache-Control": "no-store"})


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


def _away(error: Exception) -> _Unsent:
    log.failure("answer.not_stored", error)
    return _Unsent(ServiceUnavailable("The response is too large to be sent, and the storage cannot take it now."))


def _too_large(limit: int) -> ResponseTooLarge:
    return ResponseTooLarge(
        f"The response has more than {limit:,} bytes, the most that can be sent from here.",
        hint="Ask for fewer records with _limit, for fewer columns with _select, or filter. (TOLVA_MAX_RESPONSE_BYTES)",
    )
