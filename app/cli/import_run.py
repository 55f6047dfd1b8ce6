"""One `tolva import`: dataset, import, upload, and the wait for its end."""

import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from app.cli.import_report import load_bar, show_report, upload_bar
from app.client import ApiError, Client, CommandError, Document, Unreachable, upload_file

FINISHED = ("succeeded", "failed", "cancelled")
FIRST_POLL_SECONDS = 0.2
LAST_POLL_SECONDS = 1.0
POLL_GROWTH = 1.2
# The API may be away for a moment, as when it is deployed anew; the import goes on without it.
AWAY_SECONDS = 60.0


class ImportRun:
    """A file on its way into a dataset; `settings` is the body of the import but for its file.

    A dataset that is missing is made in `store`.
    """

    def __init__(
        self,
        client: Client,
        console: Console,
        dataset: str,
        file: Path,
        settings: Document,
        *,
        store: str = "relational",
    ) -> None:
        self._client = client
        self._console = console
        self._dataset = dataset
        self._file = file
        self._settings = settings
        self._store = store

    def run(self) -> bool:
        """Import the file, show how it goes and what came of it; whether it succeeded.

        Raises:
            CommandError: the file cannot be read, or the API or the storage refused.
        """
        size = self._size()
        made_dataset = self._make_dataset()
        try:
            document = self._import(size)
        finally:
            if made_dataset and self._settings["dry_run"]:
                # Only an administrator's key may; an empty dataset that stays does no harm.
                with suppress(ApiError):
                    self._client.request("DELETE", f"/datasets/{self._dataset}")
        show_report(self._console, document)
        return bool(document["status"] == "succeeded")

    def _size(self) -> int:
        if self._file.is_dir():
            raise CommandError(f"{self._file} is a folder. Name a file.")
        try:
            with self._file.open("rb"):
                return self._file.stat().st_size
        except OSError as error:
            raise CommandError(f"{self._file} cannot be read: {error.strerror}.") from None

    def _make_dataset(self) -> bool:
        """Make the dataset when it is missing; whether it was."""
        if self._client.find_dataset(self._dataset) is not None:
            return False
        try:
            self._client.request("POST", "/datasets", body={"name": self._dataset, "store": self._store})
        except ApiError as error:
            if error.status == 409:  # someone else made it meanwhile
                return False
            raise
        return True

    def _import(self, size: int) -> Document:
        body = {"filename": self._file.name, "size": size, **self._settings}
        document = self._client.create_import(self._dataset, body)
        try:
            with upload_bar(self._console, self._file.name, size) as bar, self._file.open("rb") as stream:
                upload_file(document["upload"], stream, size, bar.advance)
            return self._wait(document["id"])
        except KeyboardInterrupt:
            return self._cancel(document["id"])
        except CommandError:
            self._give_up(document["id"])
            raise

    def _wait(self, import_id: str) -> Document:
        pause = FIRST_POLL_SECONDS
        with load_bar(self._console) as bar:
            while True:
                document = self._get_patiently(import_id)
                bar.show_import(document)
                if document["status"] in FINISHED:
                    return document
                time.sleep(pause)
                pause = min(pause * POLL_GROWTH, LAST_POLL_SECONDS)

    def _get_patiently(self, import_id: str) -> Document:
        deadline = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                return self._client.get_import(import_id)
            except Unreachable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(LAST_POLL_SECONDS)

    def _cancel(self, import_id: str) -> Document:
        """Ask the server to cancel. It may have finished just then: what it says is what counts."""
        self._console.print("Cancelling the import", style="yellow")
        try:
            self._client.cancel_import(import_id)
        except ApiError as error:
            self._console.print(str(error), markup=False)
        return self._wait(import_id)

    def _give_up(self, import_id: str) -> None:
        # What it was given up for is what the user is told, not that this fails too.
        with suppress(CommandError):
            self._client.cancel_import(import_id)
