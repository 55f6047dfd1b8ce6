"""The `tolva` command in this process, with an environment of its own."""

import fcntl
import json
import os
import pty
import select
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from typer.testing import CliRunner

from app.cli.main import app
from tests.local.running import ADMIN_KEY, RunningDev, command, environment

PATIENCE_SECONDS = 60
SILENCE_SECONDS = 0.5
CTRL_C = "\x03"


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


def clean_environment(home: Path | None, variables: Mapping[str, str]) -> dict[str, str | None]:
    """The variables for a command: none of Tolva's but the ones given, and profiles of its own."""
    unset: dict[str, str | None] = {name: None for name in os.environ if name.startswith(("TOLVA_", "AWS_"))}
    return unset | {"XDG_CONFIG_HOME": str(home or "/nonexistent"), "NO_COLOR": "1"} | dict(variables)


def tolva(*arguments: str, stdin: str | bytes = "", home: Path | None = None, **variables: str) -> Done:
    """Run a command; its standard input is no terminal, and its output is piped."""
    result = CliRunner().invoke(
        app, list(arguments), input=stdin, env=clean_environment(home, variables), prog_name="tolva"
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout_bytes.decode(), result.stderr_bytes.decode())


def on(dev: RunningDev, *arguments: str, stdin: str | bytes = "", key: str = ADMIN_KEY) -> Done:
    """Run a command against a running Tolva."""
    return tolva(*arguments, stdin=stdin, TOLVA_URL=dev.url, TOLVA_KEY=key)


def in_process(*arguments: str, **variables: str) -> Done:
    """Run a command in a process of its own, without a terminal."""
    script = [sys.executable, "-c", "from app.cli.main import main; main()", *arguments]
    done = subprocess.run(
        script,
        env=environment(**{"XDG_CONFIG_HOME": "/nonexistent"} | variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def on_terminal(*arguments: str, answer: str = "", **variables: str) -> Done:
    """Run a command in a process of its own on a terminal, and type an answer once it asks."""
    control, terminal = pty.openpty()
    process = subprocess.Popen(
        command(*arguments),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment(**{"COLUMNS": "80", "TERM": "dumb", "XDG_CONFIG_HOME": "/nonexistent"} | variables),
        start_new_session=True,
        # So that Ctrl-C reaches it, and a password is asked for there.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
    )
    os.close(terminal)
    try:
        written = _read_all(control, answer)
        return Done(process.wait(PATIENCE_SECONDS), written.decode().replace("\r\n", "\n"), "")
    finally:
        process.kill()
        process.wait()
        os.close(control)


def _read_all(control: int, answer: str) -> bytes:
    """What is written to a terminal; the answer is typed once a question ends in a colon.

    Ctrl-C is typed once the command is silent: just before it reads, Python does not notice one.
    """
    written = b""
    deadline = time.monotonic() + PATIENCE_SECONDS
    silence = SILENCE_SECONDS
    while time.monotonic() < deadline:
        if not select.select([control], [], [], silence)[0]:
            if answer == CTRL_C and written.rstrip().endswith((b":", b"^C")):
                os.write(control, CTRL_C.encode())
                silence = 10 * SILENCE_SECONDS
            continue
        try:
            piece = os.read(control, 65536)
        except OSError:  # nobody has the other end open
            break
        written += piece
        if answer and answer != CTRL_C and written.rstrip().endswith(b":"):
            os.write(control, answer.encode())
            answer = ""
    return written


class _Small(BaseHTTPRequestHandler):
    """Answers as Tolva does in Lambda, where an answer may have 100 records at most and none is streamed."""

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
def _serving(handler: type[BaseHTTPRequestHandler], **members: object) -> Iterator[str]:
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
    """The address of a server that is no Tolva."""
    with _serving(_Answers, body=body, length=len(body), media_type=media_type) as url:
        yield url


@contextmanager
def small_answers() -> Iterator[str]:
    """The address of a server that answers as in Lambda."""
    with _serving(_Small) as url:
        yield url


@contextmanager
def half_answers() -> Iterator[tuple[str, threading.Event]]:
    """The address of a server that breaks off, and what has it do so."""
    goes_on = threading.Event()
    with _serving(_Answers, body=b"code\n" * 1000, length=1_000_000, goes_on=goes_on) as url:
        try:
            yield url, goes_on
        finally:
            goes_on.set()


def rows(table: str) -> list[dict[str, str]]:
    """The rows of a table as it is piped."""
    header, *lines = table.splitlines()
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


def make(dev: RunningDev, name: str, columns: Any, records: Any = (), **members: Any) -> None:
    """Make a dataset with records."""
    created = dev.request("POST", "/datasets", json={"name": name, "columns": columns, **members})
    assert created.status_code == 201, created.text
    if records:
        added = dev.request("POST", f"/datasets/{name}/records", json=list(records))
        assert added.status_code == 201, added.text


def make_key(dev: RunningDev, *scopes: str, datasets: list[str] | None = None) -> str:
    """A key with scopes on some datasets."""
    body = {"name": "of a test", "scopes": scopes, "datasets": datasets}
    return str(dev.request("POST", "/keys", json=body).json()["key"])
