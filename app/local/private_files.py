"""Files of the data folder: their owner's alone, and logs that do not grow for ever."""

import os
import shutil
import stat
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

# What children may give to others of the files they make: nothing.
UMASK = 0o077
OTHERS = stat.S_IRWXG | stat.S_IRWXO
# Older logs that are kept of each, in addition to the current one.
OLD_LOGS = 3


def open_private(path: str, flags: int) -> int:
    """Open a file for `open`, and have a new one be its owner's alone."""
    return os.open(path, flags, 0o600)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads."""
    with open(path, "w", opener=open_private) as file:  # Path.open takes no opener
        file.write(text)


def make_private(folder: Path) -> None:
    """Create a folder for its owner alone, if it is missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def take_from_others(paths: Iterable[Path], allowed: int = 0) -> bool:
    """Leave files and folders to their owner, but for what is `allowed`; whether others could do more."""
    could = False
    for path in paths:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & OTHERS & ~allowed:
            path.chmod(mode & ~OTHERS)
            could = True
    return could


def rotate_log(log: Path, most_bytes: int) -> None:
    """Rotate a log that is too long: its text moves to LOG.1, that one's to LOG.2, and so on.

    A process writes to it meanwhile, and goes on in the same file: what it writes between the copy and the cut is lost.
    """
    if not log.exists() or log.stat().st_size <= most_bytes:
        return
    old = [log.with_name(f"{log.name}.{number}") for number in range(1, OLD_LOGS + 1)]
    old[-1].unlink(missing_ok=True)
    for newer, older in reversed(list(pairwise(old))):
        if newer.exists():
            newer.rename(older)
    try:
        with log.open("rb") as source, open(old[0], "wb", opener=open_private) as copy:
            shutil.copyfileobj(source, copy)
    except OSError:
        # The disk is full: drop it, because new lines need the space more.
        old[0].unlink(missing_ok=True)
    os.truncate(log, 0)
