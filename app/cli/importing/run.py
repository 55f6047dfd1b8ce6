"""One file on its way: dataset, import, upload, and the wait for its end."""

import time
from contextlib import suppress

from app.cli.arguments.names import dataset_path
from app.cli.display.bars import Bars
from app.cli.display.output import Output
from app.cli.importing.sources import OpenFile
from app.client.api import ApiError, Client, CommandError, Document, Unreachable, upload_file
from app.client.parts import LEAST_BYTES, UploadBroke, upload_parts

FINISHED = ("succeeded", "failed", "cancelled")
FIRST_POLL_SECONDS = 0.2
LAST_POLL_SECONDS = 1.0
POLL_GROWTH = 1.2
# The API may be away for a moment, such as during a deployment; the import goes on without it.
AWAY_SECONDS = 60.0


class ImportRun:
    """One import of a file into a dataset; `settings` is the body of the import except for its file.

    A missing dataset is created in `store`. It is there afterwards only if the file was imported.
    """

    def __init__(
        self, client: Client, output: Output, bars: Bars, dataset: str, settings: Document, *, store: str = "relational"
    ) -> None:
        self._client = client
        self._output = output
        self._bars = bars
        self._dataset = dataset
        self._settings = settings
        self._store = store
        self._import_id: str | None = None
        # The import may have ended all the same.
        self.is_interrupted = False

    def run(self, file: OpenFile) -> Document:
        """The import, once it has ended.

        Raises:
            CommandError: the file cannot be read, or the API or the storage refused.
        """
        made = self._make_dataset()
        keeps = False
        try:
            document = self._import(file)
            keeps = document["status"] == "succeeded" and not document["dry_run"]
        except UploadBroke:
            # It goes on there.
            keeps = True
            raise
        finally:
            if made is not None and not keeps:
                self._remove_dataset(made)
        return document

    def resume(self, file: OpenFile, import_id: str) -> Document:
        """The import whose upload in parts broke off, once it has ended.

        Raises:
            CommandError: the import waits for no file or for another one, or the API or the storage refused.
        """
        self._import_id = import_id
        with self._bars.transfer(f"Uploading {file.name}", file.size) as bar:
            upload_parts(self._client, import_id, file.stream, file.size, bar.advance)
        return self._wait(import_id)

    def _make_dataset(self) -> str | None:
        """Make the dataset if it is missing; its id then."""
        if self._client.find_dataset(self._dataset) is not None:
            return None
        try:
            body = {"name": self._dataset, "store": self._store}
            return str(self._client.request("POST", "/datasets", body=body)["id"])
        except ApiError as error:
            if error.status == 409:  # someone else created it meanwhile
                return None
            raise

    def _remove_dataset(self, made: str) -> None:
        """Remove the dataset that was created for this file, unless others have put something into it since."""
        try:
            dataset = self._client.find_dataset(self._dataset)
            if dataset is None or dataset["id"] != made or dataset["columns"] or self._has_other_imports():
                return
            # Without `confirm` one that holds records is kept.
            self._client.request("DELETE", dataset_path(self._dataset))
        except CommandError as error:
            self._output.note(f"The dataset '{self._dataset}', which was made for this file, is still there: {error}")

    def _has_other_imports(self) -> bool:
        imports = self._client.list_all(dataset_path(self._dataset, "/imports"))
        return any(found["id"] != self._import_id for found in imports)

    def _import(self, file: OpenFile) -> Document:
        body = {"filename": file.name, "size": file.size, **self._settings}
        if file.is_kept and file.size >= LEAST_BYTES:
            body["in_parts"] = True
        document = self._client.create_import(self._dataset, body)
        self._import_id = str(document["id"])
        try:
            self._upload(file, document)
            return self._wait(document["id"])
        except UploadBroke as error:
            if file.is_kept:
                raise UploadBroke(f"{error} What has arrived is kept. {self._how_to_resume()}") from None
            self._give_up(document["id"])
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self.is_interrupted = True
            return self._cancel(document["id"])
        except CommandError:
            self._give_up(document["id"])
            raise

    def _upload(self, file: OpenFile, document: Document) -> None:
        import_id = str(document["id"])
        # A server of an earlier release knows no parts.
        in_parts = document.get("parts") is not None
        if in_parts and file.is_kept:
            self._output.note(f"Uploading in {document['parts']['count']} parts. {self._how_to_resume()}")
        with self._bars.transfer(f"Uploading {file.name}", file.size) as bar:
            if in_parts:
                upload_parts(self._client, import_id, file.stream, file.size, bar.advance)
            else:
                upload_file(document["upload"], file.stream, file.size, bar.advance)

    def _how_to_resume(self) -> str:
        return f"To go on with it after it broke off: tolva import FILE --resume {self._import_id}"

    def _wait(self, import_id: str) -> Document:
        pause = FIRST_POLL_SECONDS
        with self._bars.load() as bar:
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
        self._output.note("Cancelling the import")
        try:
            self._client.cancel_import(import_id)
        except ApiError as error:
            self._output.note(str(error))
        return self._wait(import_id)

    def _give_up(self, import_id: str) -> None:
        # What it was given up for is what the user is to know, not that this fails too.
        with suppress(CommandError):
            self._client.cancel_import(import_id)
