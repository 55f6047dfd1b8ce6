"""`tolva import`: files into datasets."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import exit_codes
from app.cli.arguments.flag_groups import with_flag_groups
from app.cli.command import AsJson, NoColor, Quiet, make_output
from app.cli.connection import Folder, Key, ProfileName, Url, connect
from app.cli.display.output import Output, fail
from app.cli.importing.flags import ColumnFlags, FormatFlags, LoadFlags, Store
from app.cli.interrupts import interruptible

if TYPE_CHECKING:
    from app.cli.importing.sources import Source

MAX_BYTES = 5 * 1024**3


@with_flag_groups
def import_file(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="CSV files, .zip files of one with its pictures, folders, quoted patterns ('data/*.csv'), https:// "
            "addresses, or - for the standard input.",
            show_default=False,
        ),
    ],
    dataset: Annotated[
        str | None,
        typer.Option(
            help="The dataset for all files; by default each goes into one of its name. Created if missing.",
            show_default=False,
        ),
    ] = None,
    *,
    store: Store = "relational",
    load: LoadFlags,
    max_bytes: Annotated[int, typer.Option(min=1, help="The most bytes to read from a pipe or a URL.")] = MAX_BYTES,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="IMPORT", help="Go on with the upload of a large file that broke off.", show_default=False
        ),
    ] = None,
    columns: ColumnFlags,
    form: FormatFlags,
    addresses: Annotated[bool, typer.Option("--addresses/--no-addresses", hidden=True)] = True,
    url: Url = None,
    api_key: Key = None,
    profile: ProfileName = None,
    data: Folder = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Import CSV files into datasets and show the result.

    If several files go into one dataset, the first that fails is the last; if each has its own, all are tried.
    """
    if columns.names_api_key:
        # The API key, as it was given before --key named columns.
        api_key, columns = columns.key, replace(columns, key=None)
    settings = {**load.settings(), "options": form.options(), **columns.settings()}
    output = make_output(as_json=as_json, quiet=quiet, no_color=no_color)
    if resume is not None and len(files) != 1:
        fail("Name the one file whose upload broke off.", exit_codes.USAGE)
    sources = _find_sources(output, files, max_bytes, dataset, load.mode)
    from app.cli.importing.batch import ImportBatch
    from app.cli.importing.report import ImportReport

    with interruptible(), connect(url, api_key, data, profile) as client:
        report = ImportReport(output, client.url, addresses=addresses)
        batch = ImportBatch(client, output, report, settings, dataset=dataset, store=store)
        code = batch.run(sources) if resume is None else batch.resume(sources[0], resume)
    raise typer.Exit(code)


def _find_sources(output: Output, files: list[str], max_bytes: int, dataset: str | None, mode: str) -> "list[Source]":
    """The files that were named; what cannot be meant ends the command."""
    from app.cli.importing.batch import Misused, check_batch
    from app.cli.importing.sources import find_sources
    from app.client.api import CommandError

    try:
        found = find_sources(files, max_bytes)
        check_batch(found.sources, dataset, mode)
    except CommandError as error:
        fail(str(error))
    except Misused as error:
        fail(str(error), exit_codes.USAGE)
    if found.passed_over:
        output.note(f"Passed over: {', '.join(found.passed_over)}")
    return found.sources
