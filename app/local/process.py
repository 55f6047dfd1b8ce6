"""Child processes: started apart, logged to a file, stopped in good order, found again after a crash."""

import json
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import psutil

from app.local.private_files import UMASK, open_private, write_private

# Waits until something has come true, and keeps Tolva running meanwhile.
Watch = Callable[[Callable[[], bool]], None]

POLL_SECONDS = 0.05
ASK_AGAIN_SECONDS = 3.0
# Two clocks tell when a process started, the kernel's and ours; they agree within this.
START_TOLERANCE_SECONDS = 2.0
LOG_TAIL_LINES = 15


def ignore(_: object) -> None:
    """Ignore reports that nobody listens to."""


class LocalError(Exception):
    """Something on this machine keeps Tolva from running; the message says what, and how to fix it."""


class Stopped(Exception):
    """The user asked to stop while something was being waited for."""


@dataclass
class Patience:
    """The flags of the waits: `stop` ends starting, `hurry` ends stopping; both are set by signals."""

    stop: Event = field(default_factory=Event)
    hurry: Event = field(default_factory=Event)

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Return whether `ready` became true within `seconds`.

        Raises:
            Stopped: the user asked to stop meanwhile.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                return False
            if self.stop.wait(POLL_SECONDS):
                raise Stopped
        return True

    def wait_for_end(self, ended: Callable[[], bool], seconds: float) -> bool:
        """Return whether `ended` became true within `seconds`, or before the user lost patience."""
        deadline = time.monotonic() + seconds
        while not ended():
            if time.monotonic() > deadline or self.hurry.wait(POLL_SECONDS):
                return ended()
        return True


@dataclass
class Child:
    """A process of ours and what is needed to start it again.

    `pid_file` tells the next start which process to end should this one be killed; `user` is the name of the
    system user it runs as, None for the caller's. `stop_signal` asks it to end, `kill_signal` insists.
    """

    name: str
    command: Sequence[str]
    log: Path
    pid_file: Path | None = None
    environment: Mapping[str, str] | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    kill_signal: signal.Signals = signal.SIGKILL
    stop_seconds: float = 15
    patience: Patience = field(default_factory=Patience)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process. Its own session keeps the terminal's Ctrl-C away, so that children end in order."""
        with open(self.log, "ab", opener=open_private) as log:  # Path.open takes no opener
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                user=self.user,
                group=primary_group(self.user) if self.user else None,
                extra_groups=[] if self.user else None,
                cwd="/" if self.user else None,
                umask=UMASK,
                start_new_session=True,
            )
        if self.pid_file:
            record_process(self.pid_file, self._process.pid)

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def exit_code(self) -> int | None:
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """Ask the process to end, wait for it, and insist when it does not end in time."""
        if self._process is None:
            return
        for number, seconds in ((self.stop_signal, self.stop_seconds), (self.kill_signal, 5.0)):
            self._ask(self._process.pid, number, seconds)
        if self.is_alive():
            _signal_group(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self.pid_file:
            self.pid_file.unlink(missing_ok=True)

    def _ask(self, pid: int, number: signal.Signals, seconds: float) -> None:
        """Send a signal, and again now and then: a process that has just begun may not hear the first."""
        deadline = time.monotonic() + seconds
        while self.is_alive() and time.monotonic() < deadline:
            _signal_group(pid, number)
            self.patience.wait_for_end(lambda: not self.is_alive(), min(seconds, ASK_AGAIN_SECONDS))
            if self.patience.hurry.is_set():
                return

    def log_tail(self) -> str:
        """The last lines of the log, indented."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(f"    {line}" for line in lines[-LOG_TAIL_LINES:])

    def last_line(self) -> str:
        """The last line of the log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return lines[-1] if lines else ""


def primary_group(user: str) -> int:
    """The id of a system user's own group."""
    return pwd.getpwnam(user).pw_gid


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)


def record_process(pid_file: Path, pid: int) -> None:
    """Note a process by its id and the moment it started: the id alone may be another's after a restart."""
    try:
        started = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return
    write_private(pid_file, json.dumps({"pid": pid, "started": started}))


def find_recorded(pid_file: Path) -> psutil.Process | None:
    """The process that was noted in a file, if it still runs and is the same one."""
    try:
        noted = json.loads(pid_file.read_text())
        process = psutil.Process(noted["pid"])
        same = abs(process.create_time() - noted["started"]) < START_TOLERANCE_SECONDS
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return process if same and is_running(process) else None


def is_running(process: psutil.Process) -> bool:
    """Return whether a process runs; one that ended and was not yet waited for does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def end_leftover(pid_file: Path, seconds: float = 15) -> bool:
    """End the process that a killed earlier run has left; return whether there was one."""
    process = find_recorded(pid_file)
    if process is not None:
        end_process(process, signal.SIGTERM, seconds)
    pid_file.unlink(missing_ok=True)
    return process is not None


def end_process(process: psutil.Process, number: signal.Signals, seconds: float) -> None:
    """Send a signal to a process that is not our child, and kill it when it has not ended within `seconds`."""
    try:
        process.send_signal(number)
        deadline = time.monotonic() + seconds
        while is_running(process) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if is_running(process):
            process.kill()
    except psutil.NoSuchProcess:
        pass
