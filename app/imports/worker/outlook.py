"""Outlook: whether an import ends before its worker has to, by the file's size and by how fast it has gone so far."""

import time
from dataclasses import dataclass

from app.core.settings import get_settings
from app.imports.worker.progress import Meter

# A rate says nothing until so much of the worker's time has passed: a database that was idle is slow at first.
EARLY_SHARE = 0.1
# What follows the last row takes so much of the time that the rows took: indexes, and the look for conflicts.
COMMIT_SHARE = 0.25
# A compressed file is taken for so many times its size.
COMPRESSION = 4


@dataclass(frozen=True)
class Kind:
    """The kind of an import, of which each has a rate of its own."""

    store: str
    mode: str
    compression: str


class Rates:
    """Bytes a second of the file, as this process has measured them of each kind of import."""

    def __init__(self) -> None:
        self._measured: dict[Kind, float] = {}

    def note(self, kind: Kind, size: int, seconds: float) -> None:
        """Note an import that has ended well; the latest counts."""
        if seconds > 0:
            self._measured[kind] = size / seconds

    def expect(self, kind: Kind) -> float:
        """The rate of the next import of this kind: measured, or assumed."""
        if kind in self._measured:
            return self._measured[kind]
        settings = get_settings()
        assumed = settings.import_rate if kind.store == "relational" else settings.keyvalue_import_rate
        return assumed if kind.compression == "none" else assumed / COMPRESSION


rates = Rates()


class Outlook:
    """The expectation of one import that has `seconds` from now on, by its progress."""

    def __init__(self, meter: Meter, seconds: float) -> None:
        self._meter = meter
        self._seconds = seconds
        self._started = time.monotonic()
        self._writing_since: float | None = None

    @property
    def elapsed(self) -> float:
        """The seconds that are gone."""
        return time.monotonic() - self._started

    def outlasts_by_size(self, kind: Kind, known: Rates = rates) -> bool:
        """Return whether a file of this size takes longer than is left, at the rate of others."""
        return self._meter.bytes_total / known.expect(kind) > self._seconds - self.elapsed

    def outlasts_by_rate(self, *, is_writing: bool) -> bool:
        """Return whether the import takes longer than is left, at its own rate; no, as long as that says little."""
        if is_writing and self._writing_since is None:
            self._writing_since = time.monotonic()
        if self.elapsed < EARLY_SHARE * self._seconds:
            return False
        left = self._seconds_left()
        return left is not None and self.elapsed + left > self._seconds

    def _seconds_left(self) -> float | None:
        if self._writing_since is not None:
            done, total, spent = self._meter.rows_loaded, self._meter.rows_read, time.monotonic() - self._writing_since
            return spent * (total - done) / done if done else None
        if self._meter.phase != "loading" or not self._meter.bytes:
            return None
        whole = self._meter.seconds * self._meter.bytes_total / self._meter.bytes
        return whole * (1 + COMMIT_SHARE) - self._meter.seconds
