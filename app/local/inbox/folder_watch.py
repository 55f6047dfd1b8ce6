"""Files of a folder that somebody puts there: which of them are complete."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# A file that has not changed for so long, and that nobody is writing to, is complete.
SETTLE_SECONDS = 2.0
SCAN_SECONDS = 0.5
PROCESSES = Path("/proc")
FLAGS = re.compile(r"^flags:\s*([0-7]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Signature:
    """A value that changes when a file is written to or replaced."""

    size: int
    modified: int
    inode: int


def sign(path: Path) -> Signature:
    """The signature of a file; OSError if it does not exist."""
    found = path.stat()
    return Signature(found.st_size, found.st_mtime_ns, found.st_ino)


class Settling:
    """Remembers since when each file has been as it is."""

    def __init__(self, seconds: float = SETTLE_SECONDS) -> None:
        self._seconds = seconds
        self._since: dict[Path, tuple[Signature, float]] = {}

    def update(self, found: Mapping[Path, Signature], now: float) -> list[Path]:
        """Note how the files are now; those that have settled, in the order of their names."""
        before = self._since
        self._since = {}
        for path, signature in found.items():
            known, since = before.get(path, (None, now))
            self._since[path] = (signature, since if known == signature else now)
        return sorted(path for path, (_, since) in self._since.items() if now - since >= self._seconds)


def is_being_written(path: Path) -> bool:
    """Return whether a process has a file open for writing, such as a slow copy; only Linux reports it."""
    try:
        wanted = path.stat()
        processes = [entry for entry in PROCESSES.iterdir() if entry.name.isdecimal()]
    except OSError:
        return False
    return any(_writes(process, wanted) for process in processes)


def _writes(process: Path, wanted: os.stat_result) -> bool:
    try:
        opened = [entry.name for entry in (process / "fd").iterdir()]
    except OSError:  # it is another user's, or has ended
        return False
    for number in opened:
        try:
            found = (process / "fd" / number).stat()
            if (found.st_dev, found.st_ino) != (wanted.st_dev, wanted.st_ino):
                continue
            flags = FLAGS.search((process / "fdinfo" / number).read_text())
        except OSError:
            continue
        if flags and int(flags[1], 8) & os.O_ACCMODE != os.O_RDONLY:
            return True
    return False
