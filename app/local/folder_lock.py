"""The lock of a data folder: its process, and its URL. It needs nothing but Python, so every command may ask."""

import json
import os
import time
from pathlib import Path
from typing import Any, TextIO

# The data folder if no other is named: there a command finds what `tolva dev` serves without one.
DEFAULT_DATA = Path(".tolva")
LOCK_FILE = "lock"
# Those who ask hold the lock for a moment too, and a holder writes its address a moment after it has the lock.
ATTEMPTS = 10
ATTEMPT_SECONDS = 0.05


class FolderHeld(Exception):
    """Another process holds the folder."""


def hold(file: TextIO, url: str) -> None:
    """Hold a folder by its lock file, opened to append, and let others read that `url` is served from it.

    The kernel lets go of the lock when the file is closed, however the process ends; children do not inherit it.

    Raises:
        FolderHeld: another process does.
    """
    for attempt in range(ATTEMPTS):
        if _take(file, exclusive=True):
            break
        if attempt + 1 == ATTEMPTS:
            raise FolderHeld
        time.sleep(ATTEMPT_SECONDS)
    file.truncate(0)
    file.write(json.dumps({"pid": os.getpid(), "url": url}))
    file.flush()


def read_holder(folder: Path) -> dict[str, Any] | None:
    """The `pid` and `url` of the process that was the last to hold a folder, None if they cannot be read."""
    try:
        holder = json.loads((folder / LOCK_FILE).read_text())
        return {"pid": int(holder["pid"]), "url": str(holder["url"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_url(folder: Path) -> str | None:
    """The address of the `tolva dev` that serves a data folder; None if none does.

    What an ended one has left in the file is not believed: its lock is gone.
    """
    for _ in range(ATTEMPTS):
        if not _is_held(folder):
            return None
        if (holder := read_holder(folder)) is not None:
            return str(holder["url"])
        time.sleep(ATTEMPT_SECONDS)
    return None


def _is_held(folder: Path) -> bool:
    """Return whether a process holds a folder."""
    try:
        with (folder / LOCK_FILE).open() as file:
            return not _take(file, exclusive=False)
    except OSError:
        return False


def _take(file: TextIO, *, exclusive: bool) -> bool:
    try:
        import fcntl  # noqa: PLC0415  # Windows has none, and no `tolva dev`
    except ImportError:
        return True
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
