"""The report of a finished import: the columns found, the rejections, and the URL of the records."""

import json
from typing import Any

from rich.text import Text

from app.cli.display.dataset_view import type_text
from app.cli.display.output import Output, console, write
from app.cli.display.visible import visible_lines

REJECTIONS_SHOWN = 20
RENAMED_SHOWN = 10
COLUMNS_SHOWN = 30
UNUSED_SHOWN = 10
IMAGE_COUNTS = ("matched", "missing", "ambiguous", "rejected", "unused")
VALUE_WIDTH = 40

Document = dict[str, Any]


class ImportReport:
    """Shows imports into a Tolva at a URL; with `addresses` it also shows the URL of the records."""

    def __init__(self, output: Output, url: str, *, addresses: bool = True) -> None:
        self._output = output
        self._url = url
        self._addresses = addresses

    def show(self, document: Document, dataset: Document | None) -> None:
        """Show everything a person needs to know of an import; `dataset` is the one it is in, if there is one."""
        if self._output.as_json:
            self._output.json(json.dumps(document, ensure_ascii=False))
            return
        self._show_rejections(document)
        self._show_totals(document)
        self._show_renamed(document)
        for warning in document["warnings"]:
            _print(f"Warning: {warning}", "yellow")
        self._show_outcome(document)
        self._show_images(document)
        if document["status"] == "succeeded":
            self._show_columns(document, dataset)
            self._show_addresses(document, dataset)

    def _show_renamed(self, document: Document) -> None:
        """The columns whose names differ from the file's in more than case and spaces."""
        renamed = [(old, new) for old, new in document["renamed"].items() if "_".join(old.lower().split()) != new]
        for old, new in renamed[:RENAMED_SHOWN]:
            names = new if isinstance(new, str) else ", ".join(new)
            self._output.say(f"Renamed: {shorten(old) or '(no name)'} → {names}")
        if len(renamed) > RENAMED_SHOWN:
            more = len(renamed) - RENAMED_SHOWN
            self._output.say(f"…and {more} more: tolva imports show {document['id']} --json")

    def _show_rejections(self, document: Document) -> None:
        rejections = document["rejections"]
        if not rejections:
            return
        self._output.title("Rejections")
        rows = [
            (str(item["line"]), item["column"] or "", self._value(item["value"]), item["code"], item["message"])
            for item in rejections[:REJECTIONS_SHOWN]
        ]
        self._output.table(("line", "column", "value", "code", "message"), rows)

    def _value(self, value: str | None) -> str:
        return shorten(value) if console.is_terminal else value or ""

    def _show_totals(self, document: Document) -> None:
        totals = document["totals"]
        shown = min(len(document["rejections"]), REJECTIONS_SHOWN)
        if sum(total["count"] for total in totals) <= shown:
            return
        self._output.title("All rejections")
        rows = [(total["column"] or "", total["code"], f"{total['count']:,}") for total in totals]
        self._output.table(("column", "code", "rejections"), rows)
        self._output.say(f"Every one of them: tolva imports rejections {document['id']}")

    def _show_outcome(self, document: Document) -> None:
        progress, result = document["progress"], document["result"] or {}
        rejected = f", {progress['rows_rejected']:,} rejected" if progress["rows_rejected"] else ""
        if document["status"] == "succeeded":
            counts = ", ".join(f"{result.get(name) or 0:,} {name}" for name in ("added", "changed", "unchanged"))
            verb = "Would import" if document["dry_run"] else "Imported"
            _print(f"{verb} {document['file']['name']} into '{document['dataset']}': {counts}{rejected}", "green")
            return
        ended = "was cancelled" if document["status"] == "cancelled" else "failed"
        file = document["file"]["name"]
        _print(f"The import of {file} into '{document['dataset']}' {ended}; nothing was loaded{rejected}", "red")
        problem = document["problem"] or {}
        for member in ("detail", "hint"):
            if problem.get(member):
                _print(str(problem[member]))

    def _show_images(self, document: Document) -> None:
        images = document.get("images")
        if not images:
            return
        counts = [f"{images[name]:,} {name}" for name in IMAGE_COUNTS if images[name] or name == "matched"]
        self._output.say(f"Images: {', '.join(counts)}")
        if images["unused"]:
            shown = ", ".join(shorten(name) for name in images["unused_first"][:UNUSED_SHOWN])
            more = images["unused"] - min(len(images["unused_first"]), UNUSED_SHOWN)
            self._output.say(f"Unused pictures: {shown}{f' and {more:,} more' if more else ''}")

    def _show_columns(self, document: Document, dataset: Document | None) -> None:
        columns = document["columns"]
        if not columns:
            return
        key = (dataset or {}).get("key") or document["key"] or []
        shown = ", ".join(describe_column(column, key) for column in columns[:COLUMNS_SHOWN])
        more = len(columns) - COLUMNS_SHOWN
        count = "1 column" if len(columns) == 1 else f"{len(columns):,} columns"
        rest = f", and {more:,} more: tolva datasets show {document['dataset']}" if more > 0 else ""
        self._output.say(f"{count}: {shown}{rest}")

    def _show_addresses(self, document: Document, dataset: Document | None) -> None:
        if not self._addresses or dataset is None or document["dry_run"]:
            return
        path = f"{self._url}/datasets/{document['dataset']}"
        self._output.say(f"Records: {path}/records\nDocs: {path}/docs")


def describe_column(column: Document, key: list[str]) -> str:
    """A column in a few words: `sku text key`, `price decimal(12,2)`."""
    return f"{column['name']} {type_text(column)}{' key' if column['name'] in key else ''}"


def shorten(value: str | None) -> str:
    """A value shortened for a table's cell, with visible control characters."""
    if value is None:
        return ""
    shown = value if value.isprintable() else repr(value)[1:-1]
    return shown if len(shown) <= VALUE_WIDTH else shown[: VALUE_WIDTH - 1] + "…"


def _print(line: str, style: str = "") -> None:
    """Print a line of the report, whole if it is piped."""
    if console.is_terminal:
        console.print(Text(visible_lines(line), style), soft_wrap=True)
    else:
        write(visible_lines(line) + "\n")
