"""`tolva imports`: list, show and cancel imports, and download what they rejected."""

import heapq
import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Annotated, Any

import typer

from app.cli.arguments.names import dataset_path, import_path
from app.cli.command import Tolva, connected
from app.cli.completion import complete_datasets
from app.cli.display.pages import read_list, write_list
from app.cli.display.target_file import OutputFile, write_file
from app.cli.groups import listing_group
from app.cli.importing.report import ImportReport

Document = dict[str, Any]

imports = listing_group("List, show and cancel imports, and download what they rejected.")

ImportId = Annotated[
    str, typer.Argument(metavar="ID", help="The import's id, from `tolva imports list`.", show_default=False)
]


@imports.command("list")
@connected
def list_imports(
    tolva: Tolva,
    *,
    dataset: Annotated[
        str | None,
        typer.Option(help="Only those into this dataset.", show_default=False, autocompletion=complete_datasets),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number.")] = 20,
) -> None:
    """List imports, newest first: `tolva imports` alone does it too."""
    if tolva.output.as_json:
        tolva.output.json(write_list(islice(_newest(tolva, dataset, partial(read_list, tolva.client)), limit)))
        return
    found = list(islice(_newest(tolva, dataset, tolva.client.list_all), limit))
    rows = [(one["id"], one["dataset"], one["file"]["name"], _result(one), _minute(one)) for one in found]
    tolva.output.table(("id", "dataset", "file", "result", "created"), rows, whole=("id",))
    if not rows:
        tolva.output.note("There are no imports yet: tolva import FILE")


def _newest(tolva: Tolva, dataset: str | None, read: Callable[[str], Iterator[Document]]) -> Iterator[Document]:
    """The imports into one dataset, or into all of them, newest first."""
    if dataset is not None:
        return read(dataset_path(dataset, "/imports"))
    names = [one["name"] for one in tolva.client.list_all("/datasets")]
    lists = [read(dataset_path(name, "/imports")) for name in names]
    return heapq.merge(*lists, key=lambda one: one["created_at"], reverse=True)


def _status(document: Document) -> str:
    return f"{document['status']}{' (dry run)' if document['dry_run'] else ''}"


def _result(document: Document) -> str:
    """The result of an import: the records added and changed and the rows rejected, or its status."""
    result, rejected = document["result"] or {}, document["progress"]["rows_rejected"]
    counts = [(result.get("added"), "added"), (result.get("changed"), "changed"), (rejected, "rejected")]
    said = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    if document["status"] != "succeeded":
        return ", ".join(filter(None, (_status(document), said)))
    return f"{'dry run: ' if document['dry_run'] else ''}{said or 'nothing changed'}"


def _minute(document: Document) -> str:
    return str(document["created_at"])[:16].replace("T", " ")


@imports.command("show")
@connected
def show_import(tolva: Tolva, import_id: ImportId) -> None:
    """Show an import: how far it is, what it found in the file, what it rejected."""
    text = tolva.client.fetch("GET", import_path(import_id))
    if tolva.output.as_json:
        tolva.output.json(text)
        return
    document = json.loads(text)
    progress = document["progress"]
    facts = {
        "id": document["id"],
        "dataset": document["dataset"],
        "file": document["file"]["name"],
        "status": _status(document),
        "phase": document["phase"] or "",
        "mode": f"{document['mode']}, on reject {document['on_reject']}",
        "rows": f"{progress['rows_read']:,} read, {progress['rows_rejected']:,} rejected",
        "created": document["created_at"],
        "finished": document["finished_at"] or "",
    }
    tolva.output.facts((name, value) for name, value in facts.items() if value)
    if document["finished_at"]:
        tolva.output.title("Report")
        ImportReport(tolva.output, tolva.client.url).show(document, None)


@imports.command("cancel")
@connected
def cancel_import(tolva: Tolva, import_id: ImportId) -> None:
    """Cancel an import that has not ended: nothing of it is loaded."""
    text = tolva.client.fetch("POST", import_path(import_id, "/cancel"))
    if tolva.output.as_json:
        tolva.output.json(text)
    tolva.output.say(f"The import {import_id} is {json.loads(text)['status']}.")


@imports.command("rejections")
@connected
def get_rejections(tolva: Tolva, import_id: ImportId, *, output: OutputFile = None) -> None:
    """Download every rejection of an import as CSV: line, record, offset, column, value, code and message."""
    with tolva.client.stream("GET", import_path(import_id, "/rejections"), accept="text/csv") as pieces:
        if output is None:
            tolva.output.pieces(pieces)
            return
        write_file(output, pieces)
    tolva.output.note(f"Wrote {output}.")
