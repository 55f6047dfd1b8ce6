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
# Logs that are kept of each beside the one that is written to.
OLD_LOGS = 3


def open_private(path: str, flags: int) -> int:
    """Open a file for `open`, and have a new one be its owner's alone."""
    return os.open(path, flags, 0o600)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads."""
    with open(path, "w", opener=open_private) as file:  # Path.open takes no opener
        file.write(text)


def make_private(folder: Path) -> None:
    """Make a folder that is its owner's alone, if there is none."""
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
    """Begin a log again that has grown too long; what it had is LOG.1, what that had LOG.2, and so on.

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
        # There is no room for it: then it is given up, for what is written now needs room more.
        old[0].unlink(missing_ok=True)
    os.truncate(log, 0)
