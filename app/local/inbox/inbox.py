"""The folder of `tolva dev --inbox` as a process: what is put into DIR/{dataset}/ goes into the bucket's inbox.

There it is imported as any file that is dropped in a bucket. A file goes once, however often this process is started;
files for the same dataset follow each other.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import get_args

from app.client.api import ApiError, Client, CommandError, Document
from app.core import log
from app.core.aws.clients import close_clients
from app.core.aws.queue import send_message
from app.core.settings import get_settings
from app.imports.messages import FileFound
from app.local.data_folder import ADMIN_KEY_VARIABLE
from app.local.first_import.import_document import FINISHED
from app.local.inbox.folder_watch import SCAN_SECONDS, Settling, Signature, is_being_written
from app.local.inbox.log import InboxLog, describe_details, describe_outcome
from app.local.inbox.notes import InboxNotes, Note
from app.local.inbox.scan import Scan, scan_inbox
from app.local.inbox.upload import Mode, find_version, hash_file, inbox_key, send_file, sign_upload
from app.local.parent import end_with_parent

NOTES_FILE = "inbox.sqlite"
# As many as the worker imports side by side.
CONCURRENCY = 3
POLL_SECONDS = 0.3
# The queue may have lost what the bucket has sent it.
REMIND_SECONDS = 15.0
RETRY_SECONDS = 5.0


class Inbox:
    """One watched folder."""

    def __init__(self, root: Path, notes: InboxNotes, inbox_log: InboxLog, tolva: Client, mode: Mode) -> None:
        self._root = root
        self._notes = notes
        self._log = inbox_log
        self._tolva = tolva
        self._mode = mode
        self._settling = Settling()
        self._ignored = Settling()
        self._unreadable = ""
        # Messages about files that are not imported.
        self._reported: dict[Path, str] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        # Files that could not be sent, until when they rest.
        self._resting: dict[Path, float] = {}

    async def watch(self) -> None:
        """Look at the folder again and again."""
        while True:
            try:
                scan = await asyncio.to_thread(scan_inbox, self._root)
            except OSError as error:
                self._say_unreadable(f"{self._root} cannot be read: {error.strerror}")
            else:
                self._unreadable = ""
                await self._take(scan)
            await asyncio.sleep(SCAN_SECONDS)

    async def _take(self, scan: Scan) -> None:
        """Begin with the files that are complete, and report those that are not imported."""
        now = time.monotonic()
        for file in self._ignored.update({file: _sign_any(file) for file in scan.ignored}, now):
            self._report_once(file, f"not imported: {scan.ignored[file]}")
        self._reported = {file: text for file, text in self._reported.items() if file in scan.ignored}
        self._tasks = {dataset: task for dataset, task in self._tasks.items() if not task.done()}
        for file in self._settling.update(scan.files, now):
            dataset = file.parent.name
            if dataset in self._tasks or len(self._tasks) >= CONCURRENCY or self._resting.get(file, 0) > now:
                continue
            if self._is_done(file, scan.files[file]) or await asyncio.to_thread(is_being_written, file):
                continue
            self._tasks[dataset] = asyncio.create_task(self._import(file, scan.files[file]))
        self._notes.forget_removed({*scan.files, *scan.ignored})

    def _say_unreadable(self, text: str) -> None:
        if self._unreadable != text:
            self._unreadable = text
            log.event("inbox.reported", says=text)

    def _report_once(self, file: Path, text: str) -> None:
        if self._reported.get(file) != text:
            self._reported[file] = text
            self._log.report(file, text, [])

    def _is_done(self, file: Path, signature: Signature) -> bool:
        note = self._notes.find(file)
        return note is not None and note.state == "done" and note.signature == signature

    async def _import(self, file: Path, signature: Signature) -> None:
        """Import a file and report the result. A failure on the way is retried."""
        try:
            await self._bring(file, signature)
        except (CommandError, OSError) as error:
            self._resting[file] = time.monotonic() + RETRY_SECONDS
            log.warning("inbox.not_sent", path=str(file), error=str(error))
        except Exception as error:  # a failure of one file does not end the watch
            self._resting[file] = time.monotonic() + RETRY_SECONDS
            log.failure("inbox.failed", error, path=str(file))

    async def _bring(self, file: Path, signature: Signature) -> None:
        sha256 = await asyncio.to_thread(hash_file, file)
        note = self._notes.find(file)
        is_known = note is not None and note.sha256 == sha256
        if note is not None and is_known and note.state == "done":
            self._notes.keep(file, Note(signature, sha256, "done"))
            self._log.report(file, "as it was when it was imported: nothing to do", [])
            return
        key = inbox_key(file)
        log.event("inbox.sending", key=key)
        version = await find_version(key, sha256) if is_known else None
        if version is None:
            self._notes.keep(file, Note(signature, sha256, "sending"))
            upload = await sign_upload(key, signature.size, sha256, self._mode)
            await asyncio.to_thread(send_file, file, upload, signature.size, sha256)
            version = await find_version(key, sha256)
            if version is None:
                raise CommandError(f"{key} was sent and is not in the bucket.")
        self._notes.keep(file, Note(signature, sha256, "sent"))
        document = await self._follow(file.parent.name, key, version)
        self._notes.keep(file, Note(signature, sha256, "done"))
        self._log.report(file, describe_outcome(document), describe_details(document, self._mode))

    async def _follow(self, dataset: str, key: str, version: str) -> Document:
        """The import of a version of a file, once it has ended."""
        # One from before this process was started may come after many others; one that is still to come is new.
        document = await asyncio.to_thread(self._find_import, dataset, version, self._tolva.list_all)
        reminded = time.monotonic()
        while document is None or document["status"] not in FINISHED:
            if document is None and time.monotonic() - reminded > REMIND_SECONDS:
                await send_message(FileFound(key=key))
                reminded = time.monotonic()
            await asyncio.sleep(POLL_SECONDS)
            if document is None:
                document = await asyncio.to_thread(self._find_import, dataset, version, self._list_newest)
            else:
                document = await asyncio.to_thread(self._tolva.get_import, document["id"])
        return document

    def _list_newest(self, path: str) -> Iterable[Document]:
        return list(self._tolva.request("GET", path)["data"])

    def _find_import(
        self, dataset: str, version: str, list_imports: Callable[[str], Iterable[Document]]
    ) -> Document | None:
        try:
            found = list_imports(f"/datasets/{dataset}/imports")
            return next((item for item in found if item["file"]["version"] == version), None)
        except ApiError as error:
            if error.status == 404:  # the worker makes the dataset
                return None
            raise


def _sign_any(path: Path) -> Signature:
    """The signature of something that is not imported: it may be a folder, lead nowhere, or be gone."""
    try:
        found = path.lstat()
    except OSError:
        return Signature(0, 0, 0)
    return Signature(found.st_size, found.st_mtime_ns, found.st_ino)


async def run(root: Path, data: Path, url: str, mode: Mode) -> None:
    """Watch a folder until this process is ended."""
    notes = InboxNotes(data / NOTES_FILE)
    try:
        with Client(url, os.environ[ADMIN_KEY_VARIABLE]) as tolva:
            await Inbox(root, notes, InboxLog(get_settings().log_bytes), tolva, mode).watch()
    finally:
        notes.close()
        await close_clients()


def main() -> None:
    """Watch; it ends with the process that started it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--mode", choices=get_args(Mode), required=True)
    arguments = parser.parse_args()
    end_with_parent()
    log.configure(get_settings().log_level)
    asyncio.run(run(arguments.root, arguments.data, arguments.url, arguments.mode))


if __name__ == "__main__":
    main()
