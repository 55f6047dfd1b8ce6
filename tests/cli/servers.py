"""Servers that answer commands as `tolva dev` does not: in pieces, in small ones, or with something else."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

PATIENCE_SECONDS = 60


class _Small(BaseHTTPRequestHandler):
    """Answers as Tolva does in Lambda: an answer may have 100 records at most, and is not streamed."""

    total = 250

    def do_GET(self) -> None:
        if self.path == "/datasets/any":
            self._answer(200, {"columns": [{"name": "n"}]})
            return
        asked = dict(parse_qsl(urlsplit(self.path).query))
        first, count = int(asked.get("_cursor", "0")), int(asked.get("_limit", "1000000"))
        if count > 100:
            problem = {"type": "/problems/response-too-large", "title": "Too large", "status": 422, "detail": "Large."}
            self._answer(422, problem)
            return
        records = [{"n": n} for n in range(first, min(first + count, self.total))]
        rest = first + count < self.total
        self._answer(200, {"data": records, "next": str(first + count) if rest else None})

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Answers(BaseHTTPRequestHandler):
    """Answers every request with `body` of `length` bytes; if it has less, it breaks off once `goes_on` is set."""

    body = b""
    length = 0
    media_type = "text/csv"
    goes_on = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(self.length))
        self.send_header("Content-Type", self.media_type)
        self.end_headers()
        self.wfile.write(self.body)
        self.wfile.flush()
        if self.length > len(self.body):
            self.goes_on.wait(PATIENCE_SECONDS)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], **members: object) -> Iterator[str]:
    """The address of a server whose handler has these members."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Answers", (handler,), members)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def answers(body: bytes, media_type: str) -> Iterator[str]:
    """The URL of a server that is not Tolva."""
    with serving(_Answers, body=body, length=len(body), media_type=media_type) as url:
        yield url


@contextmanager
def small_answers() -> Iterator[str]:
    """The address of a server that answers as in Lambda."""
    with serving(_Small) as url:
        yield url


@contextmanager
def half_answers() -> Iterator[tuple[str, threading.Event]]:
    """The address of a server that breaks off, and what has it do so."""
    goes_on = threading.Event()
    with serving(_Answers, body=b"code\n" * 1000, length=1_000_000, goes_on=goes_on) as url:
        try:
            yield url, goes_on
        finally:
            goes_on.set()
