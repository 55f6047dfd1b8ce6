"""`tolva dev FILE`: the file becomes a dataset at the first start. A later one loses no record of it.

Rows with new keys are added. What would change or remove a record that is there is asked first, or was asked for on the
command line; if nobody can be asked it is not done.
"""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from rich.console import Console

from app.client.api import Client, Document
from app.local.data_folder import DataFolder, ImportedFile
from app.local.file_names import announced_name, dataset_name
from app.local.first_import.comparison import records
from app.local.first_import.direct_import import DirectImport
from app.local.first_import.file_choice import Choice, FileChoice, Mode
from app.local.first_import.import_document import EXISTING_KEY, explain_failure
from app.local.process import LocalError, Patience, Watch
from app.local.terminal import Terminal

CANCEL_SECONDS = 10.0
UNFINISHED = ("queued", "running")
# Two processes of this machine note when an import began.
CLOCK_TOLERANCE = timedelta(seconds=1)
FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)


class FirstImport:
    """The file of `tolva dev FILE`; `choice` is the action for existing records, None to ask.

    Raises:
        LocalError: on creation, if the file does not exist.
    """

    def __init__(
        self,
        file: Path,
        folder: DataFolder,
        url: str,
        patience: Patience,
        *,
        choice: Choice | None = None,
        terminal: Terminal | None = None,
    ) -> None:
        if not file.is_file():
            raise LocalError(_explain_missing(file))
        self._file = file
        self._folder = folder
        self._url = url
        self._patience = patience
        self._choice = choice
        self._terminal = terminal or Terminal()
        self._dataset = dataset_name(file.name)

    def run(self, console: Console, watch: Watch) -> str:
        """Import the file as far as no record is lost; the dataset's name. `watch` keeps Tolva running."""
        self._console, self._watch = console, watch
        with self._file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        dataset = self._find_dataset()
        earlier = self._settle(dataset)
        self._noted = ImportedFile(
            sha256,
            finished=False,
            path=str(self._file.resolve()),
            dataset=dataset["id"] if dataset and dataset["columns"] else None,
        )
        mode = self._decide(earlier)
        if mode is not None:
            self._put(mode, earlier)
        return self._dataset

    def _find_dataset(self) -> Document | None:
        with Client(self._url, self._folder.admin_key()) as client:
            return client.find_dataset(self._dataset)

    def _settle(self, dataset: Document | None) -> ImportedFile | None:
        """The file last imported into the dataset, once it is known whether an interrupted import has succeeded."""
        earlier = self._folder.find_imported_file(self._dataset)
        if dataset is None or earlier is None or earlier.dataset not in (None, dataset["id"]):
            return None
        if earlier.finished:
            return earlier
        if self._has_import(earlier, UNFINISHED):
            self._say(f"Waiting for the import into '{self._dataset}' that an earlier start began")
            self._watch(partial(self._has_no_import, earlier, UNFINISHED))
        if self._has_import(earlier, ["succeeded"]):
            earlier = replace(earlier, finished=True, dataset=dataset["id"])
            self._folder.note_imported_file(self._dataset, earlier)
        # A dataset with columns that no import of the file has created is somebody else's.
        return earlier if earlier.finished or earlier.dataset else None

    def _has_no_import(self, earlier: ImportedFile, statuses: Sequence[str]) -> bool:
        return not self._has_import(earlier, statuses)

    def _has_import(self, earlier: ImportedFile, statuses: Sequence[str]) -> bool:
        """Return whether a file of this name has been imported like this since one was begun."""
        begun = datetime.fromisoformat(earlier.begun) if earlier.begun else FIRST_MOMENT
        name = announced_name(self._file.name)
        with Client(self._url, self._folder.admin_key()) as client:
            return any(
                item["file"]["name"] == name
                and item["status"] in statuses
                and not item["dry_run"]
                and datetime.fromisoformat(item["created_at"]) + CLOCK_TOLERANCE >= begun
                for item in client.list_all(f"/datasets/{self._dataset}/imports")
            )

    def _decide(self, earlier: ImportedFile | None) -> Mode | None:
        """The way to import the file, None if it is not imported."""
        dataset = self._find_dataset()
        if dataset is None or not dataset["columns"]:
            return "append"
        if earlier and earlier.finished and earlier.sha256 == self._noted.sha256 and self._choice is None:
            self._say(f"The dataset '{self._dataset}' holds {self._file} already: nothing to do")
            return None
        # Slow to import, as the driver of the database comes with it: loaded by now, while the services started.
        from app.local.first_import.record_count import count_records  # noqa: PLC0415

        with Client(self._url, self._folder.admin_key()) as client:
            total = count_records(client, dataset)
        is_edited = earlier is not None and earlier.path in (None, self._noted.path)
        file = FileChoice(self._file, dataset, total, is_edited, self._console, self._terminal, self._watch)
        return self._choose(file) if total else self._choice or "append"

    def _choose(self, file: FileChoice) -> Mode | None:
        """The way to import the file into a dataset with records."""
        settings = {"mode": "upsert" if file.dataset["key"] else "replace", "dry_run": True}
        with self._console.status(f"Comparing {self._file.name} with the dataset '{self._dataset}'"):
            dry_run = self._import_directly(settings)
        if self._choice is not None:
            return file.carry_out(self._choice, dry_run)
        if file.holds_all(dry_run):
            self._finish()
            return None
        return file.decide(dry_run)

    def _put(self, mode: Mode, earlier: ImportedFile | None) -> None:
        """Import the file, and note it for the next start."""
        self._folder.note_imported_file(self._dataset, replace(self._noted, begun=datetime.now(UTC).isoformat()))
        succeeded = self._add() if mode == "add" else self._import(mode)
        if succeeded:
            self._finish()
            return
        if earlier is not None:
            # The dataset is as it was.
            self._folder.note_imported_file(self._dataset, earlier)
        self._warn("Correct the file and start again; Tolva goes on without it.")

    def _finish(self) -> None:
        dataset = self._find_dataset()
        if dataset is not None:
            self._folder.note_imported_file(self._dataset, replace(self._noted, finished=True, dataset=dataset["id"]))

    def _add(self) -> bool:
        """Add the rows whose keys are new. A record that has got one of them meanwhile stays as it is."""
        with self._console.status(f"Adding what is new in {self._file.name}"):
            document = self._import_directly({"mode": "append", "on_reject": "skip"})
        others = [total for total in document["totals"] if total["code"] != EXISTING_KEY]
        if document["status"] != "succeeded" or others:
            self._warn(explain_failure(document))
        if document["status"] != "succeeded":
            return False
        added = document["result"]["added"]
        self._console.print(
            f"Added {records(added)} of {self._file} to '{self._dataset}'; those that were there are as they were",
            style="green",
            markup=False,
        )
        return True

    def _import_directly(self, settings: Document) -> Document:
        direct = DirectImport(self._url, self._folder.admin_key())
        return direct.run(self._dataset, self._file, settings, self._watch)

    def _import(self, mode: Mode) -> bool:
        """Run `tolva import` on the same terminal. Ctrl-C reaches it through this process only, and so only once."""
        command = [sys.executable, "-P", "-m", "app.cli", "import", str(self._file), "--dataset", self._dataset]
        command += ["--mode", mode, "--url", self._url, "--no-addresses"]
        process = subprocess.Popen(
            command, env=os.environ | {"TOLVA_KEY": self._folder.admin_key()}, start_new_session=True
        )
        try:
            self._watch(lambda: process.poll() is not None)
        finally:
            self._end(process)
        return process.returncode == 0

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            if not self._patience.wait_for_end(lambda: process.poll() is not None, CANCEL_SECONDS):
                process.kill()
                process.wait()

    def _say(self, message: str) -> None:
        self._console.print(message, style="dim", markup=False)

    def _warn(self, message: str) -> None:
        self._console.print(message, style="yellow", markup=False)


def _explain_missing(file: Path) -> str:
    if file.is_dir():
        return f"{file} is a folder. Name a CSV file, or have its folders watched: `tolva dev --inbox {file}`."
    if file.exists():
        return f"{file} is not a regular file. Save what it gives as a CSV file first."
    return f"There is no file {file}. Name a CSV file, or start without one: `tolva dev`."
