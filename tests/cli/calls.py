"""The `tolva` command in this process, with an environment of its own."""

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from app.cli.main import app
from tests.local.running import ADMIN_KEY, RunningDev, command, environment

PATIENCE_SECONDS = 60
SILENCE_SECONDS = 0.5
CTRL_C = "\x03"


@dataclass(frozen=True)
class Done:
    """The exit code of a command, and its output."""

    code: int
    out: str
    err: str


def clean_environment(home: Path | None, variables: Mapping[str, str]) -> dict[str, str | None]:
    """The variables for a command: none of Tolva's but the ones given, and profiles of its own."""
    unset: dict[str, str | None] = {name: None for name in os.environ if name.startswith(("TOLVA_", "AWS_"))}
    return unset | {"XDG_CONFIG_HOME": str(home or "/nonexistent"), "NO_COLOR": "1"} | dict(variables)


def tolva(*arguments: str, stdin: str | bytes = "", home: Path | None = None, **variables: str) -> Done:
    """Run a command; its standard input is not a terminal, and its output is piped."""
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
    """Run a command on a terminal and return its output; the answer is typed once a question ends in a colon.

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


def records(dev: RunningDev, dataset: str) -> list[dict[str, object]]:
    """The first page of a dataset's records."""
    return list(dev.request("GET", f"/datasets/{dataset}/records").json()["data"])


def make_key(dev: RunningDev, *scopes: str, datasets: list[str] | None = None) -> str:
    """A key with scopes on some datasets."""
    body = {"name": "of a test", "scopes": scopes, "datasets": datasets}
    return str(dev.request("POST", "/keys", json=body).json()["key"])
