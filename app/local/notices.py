"""Notices of `tolva dev` from its parts' logs: results of dropped files, and skipped files."""

import json
from pathlib import Path
from typing import Any

from app.local.file_names import dataset_name, folder_dataset_name
from app.local.first_import.import_document import describe_counts
from app.local.services.emulator import BUCKET

INBOX = "inbox/"


class LogTail:
    """The events that are written to a log from now on."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._offset = log.stat().st_size if log.exists() else 0

    def read(self) -> list[dict[str, Any]]:
        """The events since the last time; lines that are not events, or not whole yet, are left out."""
        try:
            with self._log.open("rb") as stream:
                # A log that has grown too long is begun again.
                self._offset = min(self._offset, stream.seek(0, 2))
                stream.seek(self._offset)
                written = stream.read()
        except OSError:
            return []
        whole = written[: written.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [event for line in whole.splitlines() if (event := _parse(line)) is not None]


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


class Notices:
    """Lines for the terminal, from the logs of the worker and of the watched folder."""

    def __init__(self, logs: Path) -> None:
        self._worker = LogTail(logs / "worker.log")
        self._inbox = LogTail(logs / "inbox.log")
        # Keys that the watched folder sends: it reports them itself.
        self._sent: set[str] = set()
        self._dropped: dict[str, str] = {}

    def read(self) -> list[str]:
        """The new notices since the last call."""
        lines = [line for event in self._inbox.read() if (line := self._of_folder(event)) is not None]
        return lines + [line for event in self._worker.read() if (line := self._of_bucket(event)) is not None]

    def _of_folder(self, event: dict[str, Any]) -> str | None:
        if event["event"] == "inbox.sending":
            self._sent.add(event["key"])
        return str(event["says"]) if event["event"] == "inbox.reported" else None

    def _of_bucket(self, event: dict[str, Any]) -> str | None:
        if event["event"] == "inbox.ignored":
            return explain_ignored(event["key"])
        if event["event"] == "inbox.taken" and event["key"] not in self._sent:
            self._dropped[event["import_id"]] = event["key"]
        if event["event"] in ("import.finished", "import.failed") and event["import_id"] in self._dropped:
            return _describe_end(self._dropped.pop(event["import_id"]), event)
        return None


def _describe_end(key: str, event: dict[str, Any]) -> str:
    place = f"s3://{BUCKET}/{key}"
    if event["event"] == "import.failed":
        return f"{place}: the import failed; nothing was loaded. Why: tolva imports show {event['import_id']}"
    return f"{place}: imported into '{event['dataset']}': {describe_counts(event)}"


def explain_ignored(key: str) -> str | None:
    """The reason that a file in the bucket's inbox is not imported, and the right key; None for a folder's marker."""
    below = key[len(INBOX) :] if key.lower().startswith(INBOX) else key
    folder, _, name = below.rpartition("/")
    if not name:
        return None
    first = folder.partition("/")[0]
    dataset = folder_dataset_name(first) if first else dataset_name(name)
    return f"Not imported: s3://{BUCKET}/{key}. Its place is s3://{BUCKET}/{INBOX}{dataset}/{name}"
