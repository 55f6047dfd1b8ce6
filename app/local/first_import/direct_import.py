"""An import without a bar or a report, for what `tolva dev` has to find out, or does by itself."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event

from app.client.api import Client, CommandError, Document, upload_file
from app.local.file_names import announced_name
from app.local.first_import.import_document import FINISHED
from app.local.process import Stopped, Watch

POLL_SECONDS = 0.2


class DirectImport:
    """Imports a file over a client of its own."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key
        self._given_up = Event()

    def run(self, dataset: str, file: Path, settings: Document, watch: Watch) -> Document:
        """The import once it has ended; `settings` is its body but for the file, and `watch` keeps Tolva running.

        Raises:
            CommandError: the file cannot be read, or the API or the storage refused.
            Stopped: the user asked to stop; the import is cancelled.
        """
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(self._import, dataset, file, settings)
            try:
                watch(done.done)
            except BaseException:
                self._given_up.set()
                raise
            return done.result()

    def _import(self, dataset: str, file: Path, settings: Document) -> Document:
        size = file.stat().st_size
        body = {"filename": announced_name(file.name), "size": size, **settings}
        with Client(self._url, self._key) as client:
            document = client.create_import(dataset, body)
            try:
                with file.open("rb") as stream:
                    upload_file(document["upload"], stream, size, lambda _: self._check())
                return self._wait(client, document["id"])
            except BaseException:
                # It may have ended just then.
                with suppress(CommandError):
                    client.cancel_import(document["id"])
                raise

    def _wait(self, client: Client, import_id: str) -> Document:
        while True:
            document = client.get_import(import_id)
            if document["status"] in FINISHED:
                return document
            self._check()
            time.sleep(POLL_SECONDS)

    def _check(self) -> None:
        if self._given_up.is_set():
            raise Stopped
