"""Progress bars: on the standard error, and only if that is a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from app.cli.display.output import errors
from app.cli.display.visible import visible

WAITING = {"awaiting_upload": "waiting for the upload to be picked up", "queued": "waiting for the worker"}

Document = dict[str, Any]


class Bars:
    """A progress bar, or nothing to show."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._is_shown = errors.is_terminal and not quiet

    def say(self, message: str) -> None:
        """Say what is waited for, at a terminal."""
        if self._is_shown:
            errors.print(Text(message, "dim"))

    @contextmanager
    def transfer(self, description: str, size: int | None) -> Iterator["Bar"]:
        """A bar that fills with the bytes sent or received."""
        left = TimeRemainingColumn(elapsed_when_finished=True)
        columns = (_description(), BarColumn(), DownloadColumn(), left)
        with Progress(*columns, console=errors, disable=not self._is_shown) as progress:
            yield Bar(progress, visible(description), size)

    @contextmanager
    def arrival(self, description: str) -> Iterator["Bar"]:
        """The bytes that have come of nobody knows how many, while they come."""
        columns = (_description(), DownloadColumn(), TransferSpeedColumn(), TimeElapsedColumn())
        with Progress(*columns, console=errors, transient=True, disable=not self._is_shown) as progress:
            yield Bar(progress, visible(description), None)

    @contextmanager
    def load(self) -> Iterator["Bar"]:
        """A bar that fills with the bytes read, with the phase, the rows and their rate."""
        columns = (_description(), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=errors, disable=not self._is_shown) as progress:
            yield Bar(progress, "Importing", None)


def _description() -> TextColumn:
    return TextColumn("{task.description}", markup=False)


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
        total = done["bytes_total"] or done.get("pictures_total") or None
        finished = document["status"] == "succeeded"
        completed = total if finished else done["bytes"] or done.get("pictures") or 0
        self._progress.update(self._task, description=describe(document), total=total, completed=completed)


def describe(document: Document) -> str:
    """The progress of an import in one line: `loading  12,000 rows  300,000 rows/s`."""
    done = document["progress"]
    if document["status"] == "queued" and done.get("pictures_total"):
        return f"checking pictures  {done['pictures']:,} of {done['pictures_total']:,}"
    doing = WAITING.get(document["status"]) or document["phase"] or document["status"]
    count = done["rows_loaded"] or done["rows_read"]
    rows = "1 row" if count == 1 else f"{count:,} rows"
    rate = f"  {done['rate']:,.0f} rows/s" if done["rate"] else ""
    return f"{doing:<10}  {rows}{rate}"
