"""`tolva dev FILE`: the file becomes a dataset at the first start, and again whenever it has changed."""

import hashlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from app.client import Client
from app.datasets.columns import legal_name
from app.local.data_folder import DataFolder, ImportedFile
from app.local.process import LocalError, Patience

# Waits until something has come true, and keeps Tolva running meanwhile.
Watch = Callable[[Callable[[], bool]], None]

CANCEL_SECONDS = 10.0
SUFFIXES = re.compile(r"\.(csv|tsv|txt|gz|zst)$", re.IGNORECASE)


class FirstImport:
    """The file that `tolva dev` was given.

    Raises:
        LocalError: when made, if there is no such file.
    """

    def __init__(self, file: Path, folder: DataFolder, url: str, patience: Patience) -> None:
        if not file.is_file():
            raise LocalError(f"There is no file {file}. Name a CSV file, or start without one: `tolva dev`.")
        self._file = file
        self._folder = folder
        self._url = url
        self._patience = patience
        self._dataset = dataset_name(file)

    def run(self, console: Console, watch: Watch) -> str:
        """Import the file unless the dataset holds it already; the dataset's name. `watch` keeps Tolva running."""
        with self._file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        mode = self._mode(sha256, console)
        if mode:
            self._folder.note_imported_file(self._dataset, ImportedFile(sha256, finished=False))
            if self._import(mode, watch):
                self._folder.note_imported_file(self._dataset, ImportedFile(sha256, finished=True))
            else:
                console.print("Mend the file and start again; Tolva goes on without it.", style="yellow")
        return self._dataset

    def _mode(self, sha256: str, console: Console) -> str | None:
        """`append` for a new dataset, `replace` for a changed file, None when there is nothing to do."""
        with Client(self._url, self._folder.admin_key()) as client:
            dataset = client.find_dataset(self._dataset)
        earlier = self._folder.find_imported_file(self._dataset)
        if dataset is None or not dataset["columns"]:
            return "append"
        if earlier is None:
            console.print(
                f"The dataset '{self._dataset}' is there already and did not come from {self._file}: nothing imported. "
                f"To put the file into it: tolva import {self._file} --dataset {self._dataset} --mode replace",
                style="yellow",
                markup=False,
            )
            return None
        if earlier == ImportedFile(sha256, finished=True):
            console.print(f"The dataset '{self._dataset}' holds {self._file} already: nothing to do", style="dim")
            return None
        return "replace"

    def _import(self, mode: str, watch: Watch) -> bool:
        """Run `tolva import` on the same terminal. Ctrl-C reaches it through this process only, and so only once."""
        command = [sys.executable, "-P", "-m", "app.cli", "import", str(self._file), "--dataset", self._dataset]
        command += ["--mode", mode, "--url", self._url]
        process = subprocess.Popen(
            command, env=os.environ | {"TOLVA_KEY": self._folder.admin_key()}, start_new_session=True
        )
        try:
            watch(lambda: process.poll() is not None)
        finally:
            self._end(process)
        return process.returncode == 0

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            if not self._patience.wait_for_end(lambda: process.poll() is not None, CANCEL_SECONDS):
                process.kill()
                process.wait()


def dataset_name(file: Path) -> str:
    """The dataset's name for a file: `Köln 2024.csv.gz` is `koln_2024`."""
    stem = file.name
    while SUFFIXES.search(stem):
        stem = SUFFIXES.sub("", stem)
    return legal_name(stem) or "data"
