"""What the commands show: progress bars while an import runs, its report once it has ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

REJECTIONS_SHOWN = 20
RENAMED_SHOWN = 10
VALUE_WIDTH = 40
WAITING = {"awaiting_upload": "waiting for the storage's notice", "queued": "waiting for the worker"}

Document = dict[str, Any]


@contextmanager
def upload_bar(console: Console, name: str, size: int) -> Iterator["Bar"]:
    """A bar that fills with the bytes sent."""
    left = TimeRemainingColumn(elapsed_when_finished=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), left)
    with Progress(*columns, console=console) as progress:
        yield Bar(progress, f"Uploading {name}", size)


@contextmanager
def load_bar(console: Console) -> Iterator["Bar"]:
    """A bar that fills with the bytes read, beside the phase, the rows and their rate."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        yield Bar(progress, "Importing", None)


class Bar:
    """One progress bar."""

    def __init__(self, progress: Progress, description: str, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task(description, total=total)

    def advance(self, amount: int) -> None:
        self._progress.advance(self._task, amount)

    def show_import(self, document: Document) -> None:
        """Show how far an import is."""
        done = document["progress"]
        total = done["bytes_total"] or None
        finished = document["status"] == "succeeded"
        self._progress.update(
            self._task, description=describe(document), total=total, completed=total if finished else done["bytes"]
        )


def describe(document: Document) -> str:
    """What an import is doing, in a line: `loading  12,000 rows  300,000 rows/s`."""
    done = document["progress"]
    doing = WAITING.get(document["status"]) or document["phase"] or document["status"]
    count = done["rows_loaded"] or done["rows_read"]
    rows = "1 row" if count == 1 else f"{count:,} rows"
    rate = f"  {done['rate']:,.0f} rows/s" if done["rate"] else ""
    return f"{doing:<10}  {rows}{rate}"


def show_report(console: Console, document: Document) -> None:
    """Everything a person needs to know of an import that has ended."""
    _show_rejections(console, document)
    _show_totals(console, document)
    _show_renamed(console, document)
    for warning in document["warnings"]:
        console.print(Text(f"Warning: {warning}", style="yellow"))
    _show_outcome(console, document)


def _show_renamed(console: Console, document: Document) -> None:
    """The columns that are not called as in the file, but for those where only case and spaces differ."""
    renamed = [(old, new) for old, new in document["renamed"].items() if "_".join(old.lower().split()) != new]
    for old, new in renamed[:RENAMED_SHOWN]:
        names = new if isinstance(new, str) else ", ".join(new)
        console.print(Text(f"Renamed: {shorten(old) or '(no name)'} → {names}", style="dim"))
    if len(renamed) > RENAMED_SHOWN:
        more = len(renamed) - RENAMED_SHOWN
        console.print(Text(f"…and {more} more: GET /imports/{document['id']} has them", style="dim"))


def _show_rejections(console: Console, document: Document) -> None:
    rejections = document["rejections"]
    if not rejections:
        return
    table = Table("line", "column", "value", "code", "message", title="Rejections", title_justify="left")
    for item in rejections[:REJECTIONS_SHOWN]:
        cells = (str(item["line"]), item["column"] or "", shorten(item["value"]), item["code"], item["message"])
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)


def _show_totals(console: Console, document: Document) -> None:
    totals = document["totals"]
    shown = min(len(document["rejections"]), REJECTIONS_SHOWN)
    if sum(total["count"] for total in totals) <= shown:
        return
    table = Table("column", "code", "rejections", title="All rejections", title_justify="left")
    for total in totals:
        table.add_row(Text(total["column"] or ""), Text(total["code"]), f"{total['count']:,}")
    console.print(table)
    console.print(Text(f"Every one of them: GET /imports/{document['id']}/rejections"), style="dim")


def _show_outcome(console: Console, document: Document) -> None:
    progress, result = document["progress"], document["result"] or {}
    rejected = f", {progress['rows_rejected']:,} rejected" if progress["rows_rejected"] else ""
    if document["status"] == "succeeded":
        counts = ", ".join(f"{result.get(name) or 0:,} {name}" for name in ("added", "changed", "unchanged"))
        verb = "Would import" if document["dry_run"] else "Imported"
        console.print(
            Text(f"{verb} {document['file']['name']} into '{document['dataset']}': {counts}{rejected}", "green")
        )
        return
    ended = "was cancelled" if document["status"] == "cancelled" else "failed"
    console.print(Text(f"The import into '{document['dataset']}' {ended}; nothing was loaded{rejected}", "red"))
    problem = document["problem"] or {}
    for member in ("detail", "hint"):
        if problem.get(member):
            console.print(Text(str(problem[member])))


def shorten(value: str | None) -> str:
    """A value that fits in a table's cell, with its control characters made visible."""
    if value is None:
        return ""
    shown = value if value.isprintable() else repr(value)[1:-1]
    return shown if len(shown) <= VALUE_WIDTH else shown[: VALUE_WIDTH - 1] + "…"
