"""A real `tolva dev` in a process of its own."""

import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import httpx
import psutil

from app.local.process import is_running
from app.local.services.emulator import find_free_port

START_SECONDS = 60.0
STOP_SECONDS = 30.0
# How each question of `tolva dev` ends.
QUESTION = "[y/N]"
TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
ADMIN_KEY = "tolva_admin_of_a_running_dev_0123456789"
ANNOUNCED_AT_ONCE = 20


def command(*arguments: str) -> list[str]:
    """The command line of `tolva` with some arguments."""
    return [sys.executable, "-m", "app.cli", *arguments]


def environment(**variables: str) -> dict[str, str]:
    """The environment without what other tests put into it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOLVA_", "AWS_"))}
    return kept | {"COLUMNS": "200"} | variables


def eventually(condition: Callable[[], Any], seconds: float = 30.0) -> bool:
    """Return whether a condition came true within some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class RunningDev:
    """`tolva dev` over a data folder; inside the `with` block it serves at `url`."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        port: int | None = None,
        variables: dict[str, str] | None = None,
        answer: str | None = None,
    ) -> None:
        """With an `answer` it has a terminal, at which its first question is answered so."""
        self.folder = folder
        self._answer = answer
        self._variables = {"TOLVA_ADMIN_KEY": ADMIN_KEY} | (variables or {})
        self.port = port or find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = folder.with_suffix(".output")
        self._arguments = arguments
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        options = ["--port", str(self.port), "--data", str(self.folder)]
        started = command("dev", *self._arguments, *options)
        if self._answer is None:
            with self.output.open("wb") as output:
                self.process = self._start(started, subprocess.DEVNULL, output)
        else:
            self.process = self._start_at_terminal(started, self._answer)
        try:
            assert eventually(self._has_settled, START_SECONDS), self.text()
            assert self.process.poll() is None, self.text()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self, started: list[str], stdin: int, stdout: IO[bytes] | int) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            started,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            env=environment(**self._variables),
            start_new_session=True,
        )

    def _start_at_terminal(self, started: list[str], answer: str) -> "subprocess.Popen[bytes]":
        ours, theirs = pty.openpty()
        # It has the terminal for its own only if it leads a session and takes it.
        takes = [sys.executable, "-c", TAKE_TERMINAL, *started]
        process = self._start(takes, theirs, theirs)
        os.close(theirs)
        self.output.write_bytes(b"")
        threading.Thread(target=self._answer_once, args=(ours, answer), daemon=True).start()
        return process

    def _answer_once(self, terminal: int, answer: str) -> None:
        answered = False
        with self.output.open("ab", buffering=0) as output, suppress(OSError):
            while text := os.read(terminal, 65536):
                output.write(text)
                if not answered and QUESTION in self.text():
                    os.write(terminal, answer.encode())
                    answered = True
        os.close(terminal)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _has_settled(self) -> bool:
        return "Tolva is running" in self.text() or self.process.poll() is not None

    def text(self) -> str:
        """The output so far, without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.output.read_text(errors="replace"))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end and wait; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()

    def kill_all(self) -> None:
        """End it and every process it has started, as a power cut would."""
        children = self.children()
        self.kill()
        for child in children:
            # One of them may be gone by now: a process ends by itself once its parent is gone.
            with suppress(psutil.NoSuchProcess):
                child.kill()
        assert eventually(lambda: all_ended(children))

    def children(self) -> list[psutil.Process]:
        """Every process it has started, and theirs."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, word: str) -> psutil.Process:
        """The one child whose command line holds a word; PostgreSQL's is the server, not a session nor its guard."""
        lines = {child: command_line(child) for child in psutil.Process(self.process.pid).children()}
        found = [child for child, line in lines.items() if word in line and "guard.py" not in line]
        assert len(found) == 1, found
        return found[0]

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        # To load certificates, which nothing here has, takes longer than most requests.
        return httpx.request(
            method, self.url + path, headers=headers, timeout=30, trust_env=False, verify=False, **options
        )

    def is_ready(self) -> bool:
        try:
            return self.request("GET", "/ready").status_code == 200
        except httpx.TransportError:
            return False


def announce_many(dev: RunningDev, dataset: str) -> None:
    """Announce imports until the earlier ones of a dataset are not on the first page of its list."""
    path = f"/datasets/{dataset}/imports"
    while dev.request("GET", path).json()["next"] is None:
        for _ in range(ANNOUNCED_AT_ONCE):
            assert dev.request("POST", path, json={"filename": "other.csv"}).status_code == 201


def command_line(process: psutil.Process) -> str:
    """The command line of a process; empty if it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def all_ended(processes: list[psutil.Process]) -> bool:
    return not any(is_running(process) for process in processes)
