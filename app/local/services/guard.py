"""Ends a PostgreSQL server once the process that started it is gone, however that ended: the server does not notice.

A program of its own that needs nothing but Python. Its standard input is a pipe that only that process holds open: a
byte lets the guard go, the end of the pipe has it end the server.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

FAST_SECONDS, IMMEDIATE_SECONDS = 60.0, 10.0
POLL_SECONDS = 0.05


class Guard:
    """The guard of one server, as its starter holds it."""

    def __init__(self, folder: Path, pid: int) -> None:
        # Neither the current folder nor installed packages are looked into.
        command = [sys.executable, "-I", "-S", __file__, str(folder), str(pid)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd="/", start_new_session=True)

    def release(self) -> None:
        """Let the guard go: its server has ended, or is another's to end."""
        self._process.communicate(b".")


def main(folder: Path, pid: int) -> None:
    """Wait, and end the server if nobody lets go."""
    if sys.stdin.buffer.read(1):
        return
    # It ends its sessions and shuts down in good order; if that takes too long, it recovers at its next start.
    for number, seconds in ((signal.SIGINT, FAST_SECONDS), (signal.SIGQUIT, IMMEDIATE_SECONDS)):
        deadline = time.monotonic() + seconds
        while is_server(folder, pid) and time.monotonic() < deadline:
            os.kill(pid, number)
            time.sleep(POLL_SECONDS)


def is_server(folder: Path, pid: int) -> bool:
    """Return whether a process is still the server of a folder: its number may be another's by now."""
    try:
        if (folder / "postmaster.pid").read_text().splitlines()[0].strip() != str(pid):
            return False
        os.kill(pid, 0)
    except (OSError, IndexError):
        return False
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
