"""The data folder of `tolva dev`: its lock, the administrator's key, which file each dataset came from."""

import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.local.folder_lock import LOCK_FILE, FolderHeld, hold, read_holder
from app.local.private_files import make_private, open_private, rotate_log, take_from_others, write_private
from app.local.process import LocalError, ignore

ADMIN_KEY_VARIABLE = "TOLVA_ADMIN_KEY"
ADMIN_KEY_PREFIX = "tolva_admin_"
ADMIN_KEY_FILE = "admin-key"


@dataclass(frozen=True)
class ImportedFile:
    """The file that a dataset was filled from; `finished` is false as long as its import has not succeeded.

    `path` is its path, `dataset` the id of the dataset, and `begun` the time of its import: None if an earlier version
    of Tolva noted the file.
    """

    sha256: str
    finished: bool
    path: str | None = None
    dataset: str | None = None
    begun: str | None = None


class DataFolder:
    """Everything that outlives a run: `postgres`, `aws`, `logs`, the key. Remove it to start with nothing.

    It is its owner's alone: in it are records, and the hashes of keys.
    """

    def __init__(self, path: Path, report: Callable[[str], None] = ignore) -> None:
        self.path = path.absolute()
        self.logs = self.path / "logs"
        self._report = report

    @contextmanager
    def locked(self, url: str) -> Iterator[None]:
        """Hold the folder for this process alone, and let others read that `url` is served from it.

        Raises:
            LocalError: another process holds it, or the folder cannot be written.
        """
        try:
            make_private(self.path)
            make_private(self.logs)
            self._close_to_others()
            file = open(self.path / LOCK_FILE, "a+", opener=open_private)  # noqa: SIM115  # closed below
        except OSError as error:
            raise LocalError(
                f"The data folder {self.path} cannot be written: {error.strerror}. Choose another one with --data."
            ) from None
        with file:
            try:
                hold(file, url)
            except FolderHeld:
                raise LocalError(self._held_message()) from None
            yield

    def _close_to_others(self) -> None:
        """Take from others what an earlier version, or the user, has left them."""
        # PostgreSQL has a user of its own if we are root, which passes through; see postgres.py.
        could = take_from_others([self.path], stat.S_IXGRP if os.geteuid() == 0 else 0)
        inside = (path for pattern in ("*", "logs/*", "aws/*", "aws/state/*") for path in self.path.glob(pattern))
        take_from_others(path for path in inside if not path.is_symlink())
        if could:
            self._report(f"The data folder {self.path} was open to other users of this machine; now it is yours alone")

    def rotate_logs(self, most_bytes: int) -> None:
        """Begin each log again that has grown longer than that."""
        for log in self.logs.glob("*.log"):
            rotate_log(log, most_bytes)

    def _held_message(self) -> str:
        holder = read_holder(self.path)
        who = f"by process {holder['pid']}, which serves {holder['url']}" if holder else "by another `tolva dev`"
        return (
            f"The data folder {self.path} is in use {who}. "
            "Stop that one first, or give this one a folder and a port of its own with --data and --port."
        )

    def admin_key(self) -> str:
        """The administrator's key: TOLVA_ADMIN_KEY, or one created once and kept in a file that only its owner can
        read."""
        given = os.environ.get(ADMIN_KEY_VARIABLE)
        if given:
            return given
        kept = self.find_kept_admin_key()
        if kept:
            return kept
        key = ADMIN_KEY_PREFIX + secrets.token_urlsafe(32)
        draft = self.path / f"{ADMIN_KEY_FILE}.new"
        draft.unlink(missing_ok=True)
        write_private(draft, key + "\n")
        draft.rename(self.path / ADMIN_KEY_FILE)
        return key

    def find_kept_admin_key(self) -> str | None:
        """The key that an earlier run created, or None."""
        try:
            return (self.path / ADMIN_KEY_FILE).read_text().strip() or None
        except OSError:
            return None

    def find_imported_file(self, dataset: str) -> ImportedFile | None:
        """The file that `tolva dev FILE` last imported into a dataset, or None."""
        noted = self._imported_files().get(dataset)
        return ImportedFile(**noted) if noted else None

    def note_imported_file(self, dataset: str, file: ImportedFile) -> None:
        """Note the file that a dataset is filled from, for the next start to compare."""
        noted = self._imported_files() | {dataset: asdict(file)}
        draft = self.path / "imported.json.new"
        write_private(draft, json.dumps(noted, indent=2))
        draft.rename(self.path / "imported.json")

    def _imported_files(self) -> dict[str, dict[str, Any]]:
        try:
            return dict(json.loads((self.path / "imported.json").read_text()))
        except (OSError, ValueError):
            return {}
