"""Files that are looked at again and again, and imported when they have changed."""

import time
from collections.abc import Callable
from pathlib import Path

from app.cli.importing.sources import is_csv
from app.client.api import CommandError, Unreachable
from app.local.inbox.folder_watch import SCAN_SECONDS, Settling, Signature, is_being_written, sign

RETRY_SECONDS = 5.0


class WatchedFiles:
    """A file, or the CSV files of a folder; `take` imports one, `warn` says what keeps one from being imported."""

    def __init__(self, place: Path, take: Callable[[Path], None], warn: Callable[[str], None]) -> None:
        if not place.exists() and not place.parent.is_dir():
            raise CommandError(f"There is neither {place} nor the folder that it would be in.")
        self._place = place
        self._take = take
        self._warn = warn
        self._settling = Settling()
        self._done: dict[Path, Signature] = {}
        self._warned = ""

    def pass_over(self) -> None:
        """Leave what is there now as it is, until it changes."""
        self._done = self._find()

    def watch(self) -> None:
        """Import each file that has changed, until a signal ends it."""
        while True:
            self.look()
            time.sleep(SCAN_SECONDS)

    def look(self) -> None:
        """Import what has changed and is complete."""
        found = self._find()
        self._done = {file: signature for file, signature in self._done.items() if file in found}
        for file in self._settling.update(found, time.monotonic()):
            if self._done.get(file) != found[file] and found[file].size and not is_being_written(file):
                self._import(file, found[file])

    def _find(self) -> dict[Path, Signature]:
        """The files as they are now; one that goes away meanwhile is left out."""
        try:
            is_folder = self._place.is_dir()
            files = [one for one in self._place.iterdir() if is_csv(one.name)] if is_folder else [self._place]
            found = {file: sign(file) for file in files if file.is_file()}
        except OSError as error:
            self._say_once(f"{self._place} cannot be read: {error.strerror}.")
            return {}
        if not found and not is_folder:
            self._say_once(f"{self._place} is not there; waiting for it.")
        return found

    def _import(self, file: Path, signature: Signature) -> None:
        try:
            self._take(file)
        except Unreachable as error:
            self._say_once(f"{error}\nTrying again.")
            time.sleep(RETRY_SECONDS)
            return
        self._done[file] = signature
        self._warned = ""

    def _say_once(self, message: str) -> None:
        if message != self._warned:
            self._warned = message
            self._warn(message)
