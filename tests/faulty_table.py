"""A table that is away, slow, throttles or loses its answers: a proxy before the real one that does so on request."""

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from aiohttp import ClientSession, DummyCookieJar, web

from app.core.aws.clients import close_clients
from app.local.services.emulator import HOST

Fault = Literal["none", "down", "slow", "throttles", "loses answers"]
SLOW_SECONDS = 0.2
# One call in so many is throttled, or loses its answer.
EVERY = 3
VARIABLE = "AWS_ENDPOINT_URL_DYNAMODB"


class FaultyTable:
    """The wrapper of every call to the table while `faulty_table` is open; `fault` says how."""

    def __init__(self, upstream: str, session: ClientSession) -> None:
        self.fault: Fault = "none"
        self._upstream = upstream
        self._session = session
        # Set once a call has found the table down.
        self.was_down = asyncio.Event()
        self._calls = itertools.count()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to a call."""
        body = await request.read()
        is_chosen = next(self._calls) % EVERY == 0
        if self.fault == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        if self.fault == "throttles" and is_chosen:
            document = {"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "Slow down."}
            return web.Response(text=json.dumps(document), status=400, content_type="application/x-amz-json-1.0")
        if self.fault == "down":
            self.was_down.set()
            return _break_off(request)
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        async with self._session.post(self._upstream, data=body, headers=headers) as response:
            found = await response.read()
            if self.fault == "loses answers" and is_chosen:
                return _break_off(request)
            kind = response.headers.get("Content-Type", "application/x-amz-json-1.0")
            return web.Response(body=found, status=response.status, headers={"Content-Type": kind})


def _break_off(request: web.BaseRequest) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def faulty_table() -> AsyncIterator[FaultyTable]:
    """Send all calls to the table through a FaultyTable meanwhile."""
    before = os.environ.get(VARIABLE)
    async with ClientSession(cookie_jar=DummyCookieJar()) as session:
        table = FaultyTable(before or os.environ["AWS_ENDPOINT_URL"], session)
        server = web.Server(table.answer)
        runner = web.ServerRunner(server)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        await close_clients()
        os.environ[VARIABLE] = f"http://{HOST}:{runner.addresses[0][1]}"
        try:
            yield table
        finally:
            await close_clients()
            os.environ.pop(VARIABLE)
            if before is not None:
                os.environ[VARIABLE] = before
            await runner.cleanup()
