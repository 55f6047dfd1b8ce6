"""The laptop's HTTP connections, bounded: how many there are, and how long a request may take to arrive.

In AWS the gateway does this. uvicorn closes a connection that rests after an answer, and lets one that has not sent all
of its request be for ever.
"""

import asyncio
import json
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.core.edge_errors import HeadTooLarge, RequestTooSlow
from app.core.errors import Problem, ServiceUnavailable
from app.core.settings import get_settings

# What h11 says of the other side until it has sent all of a request, whatever it proposes or says of the connection.
ARRIVING = (h11.IDLE, h11.SEND_BODY)
RETRY_SECONDS = 5


class BoundedProtocol(H11Protocol):
    """A connection of uvicorn's that is closed unless its requests arrive in time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first request, if there is room for one more connection."""
        super().connection_made(transport)
        most = get_settings().max_connections
        if len(self.connections) > most:
            self._refuse(ServiceUnavailable(f"There are {most:,} connections already.", retry_after=RETRY_SECONDS))
        else:
            self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what has arrived of a request, which has its time from its first part on."""
        super().data_received(data)
        if self.conn.their_state not in ARRIVING:
            self._stop_waiting()
        elif self._deadline is None and not self.transport.is_closing():
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Say that a head is too long if that is why it could not be read."""
        self._stop_waiting()
        most = get_settings().max_head_bytes
        if len(self.conn.trailing_data[0]) > most:
            self._refuse(HeadTooLarge(f"They have {most:,} bytes at most.", hint="POST …/records/query takes a body."))
        else:
            super().send_400_response(msg)

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(get_settings().request_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self.conn.our_state is h11.SEND_BODY:
            # The answer has begun: another one would stand in its middle.
            self.transport.close()
            return
        seconds = get_settings().request_seconds
        self._refuse(RequestTooSlow(f"It had not arrived whole after {seconds:g} seconds.", hint="Send it again."))

    def _refuse(self, problem: Problem) -> None:
        self.transport.write(_written(problem))
        self.transport.close()


def _written(problem: Problem) -> bytes:
    """The whole response that a problem is."""
    body = json.dumps(problem.document()).encode()
    headers: dict[str, Any] = {
        "content-type": "application/problem+json",
        "content-length": len(body),
        "connection": "close",
        **problem.headers,
    }
    lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
