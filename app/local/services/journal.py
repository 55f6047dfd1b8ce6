"""A journal: what the emulator's table has done, in files, before anyone hears that it is done.

An entry is a line with its checksum. `write` survives the end of the process at once, and a power cut a second later,
when the file is synced. A snapshot is all of the state as entries; it takes the place of the journals before it once it
is whole and on disk. The emulator's interpreter loads this file by itself, so it needs the standard library alone.
"""

import json
import os
import re
import sys
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

SYNC_SECONDS = 1.0
# A snapshot is due when the journals have more than this, and more than the last snapshot.
SNAPSHOT_BYTES = 64 * 1024 * 1024
CHECKSUM_DIGITS = 8
END = "end"
_NAME = re.compile(r"(snapshot|journal)-(\d{8})")

Entry = dict[str, Any]


class JournalBroken(Exception):
    """A file does not hold what was written to it; the message names it. Nothing was changed."""


class Journal:
    """The files of one folder. Journal N has the writes since snapshot N was begun; there is no snapshot 0."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._base = 0
        self._number = 0
        self._file = -1
        # One is held while the file is synced, the other while it is written to, and both while it is exchanged: no
        # write waits for the disk.
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._unsynced = False
        self._journal_bytes = 0
        self._snapshot_bytes = 0
        folder.mkdir(parents=True, exist_ok=True)

    def read(self) -> Iterator[Entry]:
        """Every entry in the order in which they were written; after the last one, `append` may be called.

        Raises:
            JournalBroken: a file is missing or broken. What a write that nobody was answered left at the end is not.
        """
        snapshots, journals = self._find("snapshot"), self._find("journal")
        self._base = max(snapshots, default=0)
        last = max(journals, default=self._base)
        if not snapshots and journals and min(journals):
            raise self._broken(self._path("snapshot", min(journals)), "is missing")
        if snapshots:
            yield from self._read_snapshot()
        if snapshots or journals:
            for number in range(self._base, last + 1):
                yield from self._read_journal(number, is_last=number == last)
        self._remove_obsolete()
        self._open(last)
        threading.Thread(target=self._keep_synced, daemon=True, name="journal-sync").start()

    def append(self, entry: bytes) -> None:
        """Write an entry; it survives the end of this process once this returns.

        Raises:
            OSError: it could not be written, and nothing of it is there.
        """
        line = frame(entry)
        # What expires is removed by a thread of its own.
        with self._writing:
            before = os.lseek(self._file, 0, os.SEEK_END)
            try:
                _write(self._file, line)
            except OSError:
                os.ftruncate(self._file, before)
                raise
            self._journal_bytes += len(line)
            self._unsynced = True

    def is_older_than(self, file: Path) -> bool:
        """Return whether a file was written after everything here."""
        return all(path.stat().st_mtime < file.stat().st_mtime for path in self.folder.iterdir())

    @property
    def is_long(self) -> bool:
        """Return whether a snapshot is due."""
        return self._journal_bytes > max(SNAPSHOT_BYTES, self._snapshot_bytes)

    def begin_snapshot(self) -> "Snapshot":
        """Begin a snapshot of the state; writes meanwhile go into the next journal.

        Raises:
            OSError: the disk is full; the journal continues.
        """
        self.sync()
        with self._lock, self._writing:
            before = self._file
            self._open(self._number + 1)
            os.close(before)
            self._journal_bytes = 0
        return Snapshot(self._path("snapshot", self._number))

    def finish_snapshot(self, snapshot: "Snapshot") -> None:
        """Replace everything before a complete snapshot by it."""
        # It may hold what was done since: that must be on disk before.
        self.sync()
        self._snapshot_bytes = snapshot.publish()
        _sync_folder(self.folder)
        self._base = self._number
        self._remove_obsolete()

    def sync(self) -> None:
        """Sync all appended lines to disk, safe from a power cut."""
        with self._lock:
            self._unsynced = False
            os.fsync(self._file)

    def _keep_synced(self) -> None:
        while True:
            time.sleep(SYNC_SECONDS)
            if self._unsynced:
                try:
                    self.sync()
                except OSError as error:
                    # What is on disk now nobody knows: the next start reads what there is.
                    print(f"The journal cannot be written to disk: {error}", file=sys.stderr, flush=True)
                    os._exit(1)

    def _open(self, number: int) -> None:
        path = self._path("journal", number)
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        self._number = number
        _sync_folder(self.folder)

    def _read_snapshot(self) -> Iterator[Entry]:
        path = self._path("snapshot", self._base)
        for count, (place, entry) in enumerate(_entries(path)):
            if entry is None:
                raise self._broken(path, f"is broken at byte {place}")
            if END in entry:
                if entry[END] == count:
                    self._snapshot_bytes = path.stat().st_size
                    return
                break
            yield entry
        raise self._broken(path, "is not whole")

    def _read_journal(self, number: int, *, is_last: bool) -> Iterator[Entry]:
        path = self._path("journal", number)
        if not path.exists():
            raise self._broken(path, "is missing")
        size = path.stat().st_size
        self._journal_bytes += size
        for place, entry in _entries(path):
            if entry is not None:
                yield entry
                continue
            if not is_last or _has_line_end(path, place):
                raise self._broken(path, f"is broken at byte {place}")
            # The process ended while it wrote this, and so before it answered.
            os.truncate(path, place)
            self._journal_bytes -= size - place

    def _broken(self, path: Path, what: str) -> JournalBroken:
        return JournalBroken(
            f"{path} {what}, so the key-value records and the Idempotency-Keys cannot be read. Nothing was changed. "
            f"Put back a copy of the data folder; or move {self.folder} away to start without them, and import their "
            "files again with --mode replace."
        )

    def _find(self, kind: str) -> set[int]:
        found = (_NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return {int(match[2]) for match in found if match and match[1] == kind}

    def _path(self, kind: str, number: int) -> Path:
        return self.folder / f"{kind}-{number:08}"

    def _remove_obsolete(self) -> None:
        """Remove what a snapshot stands for now, and one that was never finished."""
        for path in self.folder.iterdir():
            match = _NAME.fullmatch(path.name)
            if path.suffix == Snapshot.SUFFIX or (match and int(match[2]) < self._base):
                path.unlink()


class Snapshot:
    """A snapshot that is being written, under another name until it is whole."""

    SUFFIX = ".new"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_name(path.name + self.SUFFIX)
        self._count = 0
        self._file = os.open(self._draft, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC, 0o600)

    def write(self, entries: Iterable[bytes]) -> None:
        """Write some entries."""
        lines = [frame(entry) for entry in entries]
        self._count += len(lines)
        _write(self._file, b"".join(lines))

    def publish(self) -> int:
        """Give the snapshot its name, now that it is whole; its size in bytes."""
        _write(self._file, frame(encode({END: self._count})))
        os.fsync(self._file)
        size = os.fstat(self._file).st_size
        self._close()
        self._draft.rename(self._path)
        return size

    def drop(self) -> None:
        """Give it up."""
        self._close()
        self._draft.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1


_encoder = json.JSONEncoder(separators=(",", ":"), check_circular=False)


def encode(entry: Any) -> bytes:
    """An entry as JSON on one line."""
    return _encoder.encode(entry).encode()


def frame(entry: bytes) -> bytes:
    """The line of an entry: its checksum and itself."""
    return b"%08x %s\n" % (zlib.crc32(entry), entry)


def _entries(path: Path) -> Iterator[tuple[int, Entry | None]]:
    """The position and the entry of each line of a file, up to the first broken one, which is None."""
    place = 0
    with path.open("rb") as file:
        for line in file:
            text = line[CHECKSUM_DIGITS + 1 : -1]
            if frame(text) != line:
                yield place, None
                return
            yield place, json.loads(text)
            place += len(line)


def _has_line_end(path: Path, place: int) -> bool:
    """Return whether a line ends after a position of a file: a write that was cut off has not come so far."""
    with path.open("rb") as file:
        file.seek(place)
        return any(line.endswith(b"\n") for line in file)


def _write(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
