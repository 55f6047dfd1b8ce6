"""`tolva openapi`, `types` and `open`: what a program, and what a person, reads of a dataset."""

import json
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from app.cli.arguments.names import dataset_path
from app.cli.command import Tolva, connected
from app.cli.completion import DatasetName, complete_datasets
from app.cli.display.output import fail
from app.cli.display.target_file import OutputFile, write_file
from app.cli.display.typescript import declare

MaybeName = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="The name of the dataset; by default all of them.",
        show_default=False,
        autocompletion=complete_datasets,
    ),
]


@connected
def show_openapi(tolva: Tolva, name: MaybeName = None, *, output: OutputFile = None) -> None:
    """Print the OpenAPI document of a dataset, or of everything: for code generators."""
    path = dataset_path(name, "/openapi.json") if name is not None else "/openapi.json"
    _put(tolva, tolva.client.fetch("GET", path), output, tolva.output.json)


@connected
def show_types(tolva: Tolva, name: DatasetName, *, output: OutputFile = None) -> None:
    """Print the TypeScript types of a dataset: its records, what is sent to change them, its filters."""
    if not tolva.client.request("GET", dataset_path(name))["columns"]:
        fail(f"The dataset '{name}' has no columns yet: import a file into it first.")
    text = declare(json.loads(tolva.client.fetch("GET", dataset_path(name, "/openapi.json"))), name)
    _put(tolva, text, output, tolva.output.lines)


def _put(tolva: Tolva, text: str, output: Path | None, show: Callable[[str], None]) -> None:
    """Write a text as a file, or show it."""
    if output is None:
        show(text)
        return
    write_file(output, [text.encode()])
    tolva.output.note(f"Wrote {output}.")


@connected
def open_docs(tolva: Tolva, name: MaybeName = None) -> None:
    """Open the page that documents a dataset, or everything, in a browser, signed in."""
    path = dataset_path(name, "/docs") if name is not None else "/docs"
    if name is not None:
        tolva.client.request("GET", dataset_path(name))
    address = f"{tolva.client.url}{path}#key={tolva.client.key}"
    if tolva.output.as_json:
        tolva.output.json(json.dumps({"url": address}))
        return
    try:
        has_opened = webbrowser.open(address)
    except webbrowser.Error:
        has_opened = False
    if not has_opened:
        tolva.output.note("There is no browser to open here. This URL signs you in, so keep it to yourself:")
        tolva.output.lines(f"{address}\n")
        return
    tolva.output.say(f"Opened {tolva.client.url}{path}")
