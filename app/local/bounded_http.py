"""The laptop's HTTP connections, bounded: how many there are, and how long a request may take to arrive.

In AWS the gateway does this. uvicorn closes a connection that rests after an answer, and lets one that has not sent all
of its request be for ever.
"""

import asyncio
import json
import re
import sys
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.core.errors import Problem, ServiceUnavailable
from app.core.http.edge_errors import HeadTooLarge, RequestMalformed, RequestTimedOut
from app.core.settings import get_settings

# States of the other side in h11 until it has sent all of a request, with any proposal or connection header.
ARRIVING = (h11.IDLE, h11.SEND_BODY)
RETRY_SECONDS = 5
MAX_ASCII = 0x7F


# By how the protocol's error begins: what is wrong.
_MALFORMED = {
    "Missing mandatory Host": "The header Host is missing.",
    "Found multiple Host": "The header Host is there several times.",
    "bad Content-Length": "Content-Length is not a number.",
    "conflicting Content-Length": "Content-Length is there several times, with different numbers.",
    "Only Transfer-Encoding": "Transfer-Encoding is not chunked.",
    "multiple Transfer-Encoding": "Transfer-Encoding is there several times.",
    "illegal header line": "A line of the headers cannot be read.",
    "illegal chunk": "A part of the body has no length.",
}
_REQUEST_LINE = re.compile(rb"[A-Z]+ [^\x00-\x20\x7f]+ HTTP/1\.[01]\r?")
_TLS = r"bytearray(b'\x16\x03"


def encode_address(data: bytes) -> bytes:
    """The first bytes of a request with an address in ASCII: other bytes, as a terminal sends them, percent-encoded."""
    line, end, rest = data.partition(b"\n")
    if not end or line.isascii() or _REQUEST_LINE.fullmatch(line) is None:
        return data
    return b"".join(b"%%%02X" % byte if byte > MAX_ASCII else bytes([byte]) for byte in line) + end + rest


def explain_malformed(error: str) -> RequestMalformed:
    """The problem that a request is not HTTP/1.1, by what the protocol says of it."""
    if not error.startswith("illegal request line"):
        found = next((text for start, text in _MALFORMED.items() if error.startswith(start)), None)
        return RequestMalformed(found or "It is not a request of HTTP/1.1.")
    if _TLS in error:
        return RequestMalformed(
            "It is encrypted, and this server speaks plain HTTP.", hint="Use http://, not https://."
        )
    if "\\x" in error:
        return RequestMalformed(
            "Its address holds bytes that are not ASCII.", hint="Percent-encode the address as UTF-8: ú is %C3%BA."
        )
    return RequestMalformed(
        "Its first line is not a method, an address and HTTP/1.1, with a space between them.",
        hint="Percent-encode a space within the address as %20.",
    )


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
        begins = self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]
        super().data_received(encode_address(data) if begins else data)
        if self.conn.their_state not in ARRIVING:
            self._stop_waiting()
        elif self._deadline is None and not self.transport.is_closing():
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Say why a head could not be read."""
        self._stop_waiting()
        most = get_settings().max_head_bytes
        if len(self.conn.trailing_data[0]) > most:
            self._refuse(HeadTooLarge(f"They have {most:,} bytes at most.", hint="POST …/records/query takes a body."))
        else:
            self._refuse(explain_malformed(str(sys.exc_info()[1] or msg)))

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
        self._refuse(RequestTimedOut(f"It had not arrived whole after {seconds:g} seconds.", hint="Send it again."))

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
