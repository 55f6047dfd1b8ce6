"""Progress: how far an import is, as its worker counts it."""

import time
from dataclasses import dataclass, field
from typing import Any

from app.imports.models import Phase


@dataclass
class Meter:
    """Counts what a worker has done of an import in its present phase."""

    bytes_total: int
    phase: Phase = "reading"
    bytes: int = 0
    rows_read: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    # Kept in the catalogue with the progress: so many of them run at a time.
    is_long: bool = False
    _since: float = field(default_factory=time.monotonic)
    _loading_since: float | None = None

    def begin(self, phase: Phase) -> None:
        """Start a phase that reads the file from its beginning."""
        self.phase = phase
        self.bytes = self.rows_read = self.rows_loaded = self.rows_rejected = 0
        self._since = time.monotonic()
        if phase == "loading" and self._loading_since is None:
            self._loading_since = self._since

    @property
    def seconds(self) -> float:
        """The time of the present phase."""
        return time.monotonic() - self._since

    @property
    def loading_seconds(self) -> float:
        """The time since rows were first loaded: without what the import waited for others."""
        return 0.0 if self._loading_since is None else time.monotonic() - self._loading_since

    def note_written(self, count: int) -> None:
        """Count rows that have reached the store."""
        self.rows_loaded += count

    def document(self) -> dict[str, Any]:
        """The progress as an import shows it: rows a second, and the seconds that the phase seems to take yet."""
        elapsed = self.seconds
        left = elapsed * (self.bytes_total - self.bytes) / self.bytes if self.bytes and elapsed else None
        return {
            "bytes": self.bytes,
            "bytes_total": self.bytes_total,
            "rows_read": self.rows_read,
            "rows_loaded": self.rows_loaded,
            "rows_rejected": self.rows_rejected,
            "rate": round(self.rows_read / elapsed, 1) if self.rows_read and elapsed else None,
            "seconds_left": round(left, 1) if left is not None else None,
            **({"is_long": True} if self.is_long else {}),
        }
