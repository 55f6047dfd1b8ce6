"""The log of the files in a folder, in that folder: people who put files there look there."""

from datetime import datetime
from pathlib import Path

from app.client.api import Document
from app.core import log
from app.local.first_import.import_document import EXISTING_KEY, describe_counts, describe_problem, describe_rejection
from app.local.inbox.scan import LOG_NAME
from app.local.private_files import rotate_log

REJECTIONS_SHOWN = 20


class InboxLog:
    """Reports files in their folder's log, and in short in this process's, which `tolva dev` shows."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes

    def report(self, file: Path, what: str, details: list[str]) -> None:
        """Report what became of a file."""
        folder = file.parent
        where = f" ({folder / LOG_NAME} says more)" if details else ""
        log.event("inbox.reported", says=f"{file}: {what}{where}")
        lines = [
            f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}  {file.name}: {what}",
            *(f"    {one}" for one in details),
        ]
        path = folder / LOG_NAME
        try:
            rotate_log(path, self._most_bytes)
            with path.open("a", encoding="utf-8", errors="replace") as written:
                written.write("\n".join(lines) + "\n")
        except OSError as error:
            log.warning("inbox.log_not_written", path=str(path), error=str(error))


def describe_outcome(document: Document) -> str:
    """The result of an import in one line."""
    rejected = document["progress"]["rows_rejected"]
    rest = f", {rejected:,} rejected" if rejected else ""
    if document["status"] == "succeeded":
        return f"imported into '{document['dataset']}': {describe_counts(document['result'])}{rest}"
    if document["status"] == "cancelled":
        return f"the import into '{document['dataset']}' was cancelled; nothing was loaded"
    return f"the import into '{document['dataset']}' failed; nothing was loaded{rest}"


def describe_details(document: Document, mode: str) -> list[str]:
    """The details of an import in addition to its result."""
    details = describe_problem(document)
    details += [f"Warning: {warning}" for warning in document["warnings"]]
    for item in document["rejections"][:REJECTIONS_SHOWN]:
        details.append(describe_rejection(item) + (f": {item['value']!r}" if item["value"] is not None else ""))
    if document["progress"]["rows_rejected"] > REJECTIONS_SHOWN:
        details.append(f"Every rejection: tolva imports rejections {document['id']}")
    if mode == "append" and any(total["code"] == EXISTING_KEY for total in document["totals"]):
        details.append("To have files change records that are there, start `tolva dev` with --inbox-mode upsert.")
    return details
