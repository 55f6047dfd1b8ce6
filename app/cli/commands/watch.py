"""`tolva watch`: files that are imported whenever they change."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.command import Tolva, connected
from app.cli.importing.flags import Mode, OnReject, Store

if TYPE_CHECKING:
    from app.cli.importing.watched_files import WatchedFiles


@connected
def watch(
    tolva: Tolva,
    place: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="A CSV file, or a folder of CSV files.", show_default=False)
    ],
    dataset: Annotated[
        str | None,
        typer.Option(help="The dataset for all files; by default each goes into one of its name.", show_default=False),
    ] = None,
    mode: Mode = "upsert",
    on_reject: OnReject = "abort",
    store: Store = "relational",
    only_changes: Annotated[bool, typer.Option("--only-changes", help="Ignore files that exist at the start.")] = False,
) -> None:
    """Import files into any Tolva whenever they change, until Ctrl-C. What is there at the start is imported first."""
    from app.cli.importing.batch import ImportBatch
    from app.cli.importing.report import ImportReport
    from app.cli.importing.watched_files import WatchedFiles
    from app.cli.interrupts import interruptible

    settings = {"mode": mode, "on_reject": on_reject, "dry_run": False}
    report = ImportReport(tolva.output, tolva.client.url)
    batch = ImportBatch(tolva.client, tolva.output, report, settings, dataset=dataset, store=store)
    files = WatchedFiles(place, batch.try_file, tolva.output.warn)
    if only_changes:
        files.pass_over()
    tolva.output.note(f"Watching {place}; Ctrl-C ends it")
    with interruptible():
        _watch(files)


def _watch(files: "WatchedFiles") -> None:
    try:
        files.watch()
    except KeyboardInterrupt:
        # It has no other end.
        raise typer.Exit from None
