"""Notes of the inbox of `tolva dev` about each file, so that a restart imports no file twice."""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.local.inbox.folder_watch import Signature

State = Literal["sending", "sent", "done"]

TABLE = """
CREATE TABLE IF NOT EXISTS file (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL, inode INTEGER NOT NULL,
    sha256 TEXT NOT NULL, state TEXT NOT NULL
)
"""


@dataclass(frozen=True)
class Note:
    """A file as it was when it was looked at last: on its way into the bucket, in it, or imported."""

    signature: Signature
    sha256: str
    state: State


class InboxNotes:
    """The notes, in a database of one file."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.execute(TABLE)

    def find(self, path: Path) -> Note | None:
        """The note about a file."""
        row = self._database.execute(
            "SELECT size, modified, inode, sha256, state FROM file WHERE path = ?", (os.fsencode(path),)
        ).fetchone()
        return Note(Signature(*row[:3]), row[3], row[4]) if row else None

    def keep(self, path: Path, note: Note) -> None:
        """Note how a file is now."""
        signature = note.signature
        row = (os.fsencode(path), signature.size, signature.modified, signature.inode, note.sha256, note.state)
        self._database.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)", row)

    def forget_removed(self, present: set[Path]) -> None:
        """Forget files that were taken out of their folder: put there again, they are imported again.

        If the folder is gone too, such as when a disk was removed, they are remembered.
        """
        for (name,) in self._database.execute("SELECT path FROM file WHERE state = 'done'").fetchall():
            path = Path(os.fsdecode(name))
            if path not in present and not path.exists() and path.parent.is_dir():
                self._database.execute("DELETE FROM file WHERE path = ?", (name,))

    def close(self) -> None:
        """Close the database."""
        self._database.close()
