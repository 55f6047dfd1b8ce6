"""`tolva import`: files into datasets."""

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app.cli import exit_codes
from app.cli.arguments.column_flags import parse_columns, split_names
from app.cli.command import AsJson, NoColor, Quiet, make_output
from app.cli.connection import Folder, Key, ProfileName, Url, connect
from app.cli.display.output import Output, fail
from app.cli.importing.flags import parse_booleans, parse_date_formats, parse_header
from app.cli.interrupts import interruptible

if TYPE_CHECKING:
    from app.cli.importing.sources import Source

Mode = Annotated[
    Literal["append", "upsert", "replace"],
    typer.Option(help="Add rows, add or change them by key, or replace them all."),
]
OnReject = Annotated[
    Literal["abort", "skip"], typer.Option(help="Load nothing if a row is bad, or leave the bad rows out.")
]
Store = Annotated[
    Literal["relational", "keyvalue"],
    typer.Option(help="Store for a new dataset: relational (queries) or keyvalue (lookups by key)."),
]
Compression = Literal["none", "gzip", "zstd"]

COLUMNS = "Columns (by their headers; those with a header can be repeated)"
WRITING = "File format (detected if you do not give it)"
MAX_BYTES = 5 * 1024**3
# A key of the API begins so, and is longer than most names of columns.
API_KEY = re.compile(r"tolva_[^,\s]{18,}")


def _writing(text: str | None = None, *names: str) -> Any:
    return typer.Option(*names, help=text, show_default=False, rich_help_panel=WRITING)


def _of_columns(text: str, *names: str) -> Any:
    return typer.Option(*names, help=text, show_default=False, rich_help_panel=COLUMNS)


def import_file(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Files, folders, quoted patterns ('data/*.csv'), https:// addresses, or - for the standard input.",
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
    store: Store = "relational",
    mode: Mode = "append",
    on_reject: OnReject = "abort",
    max_rejections: Annotated[
        int | None, typer.Option(min=0, help="With skip: fail if more rows than this are bad.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything except the commit.")] = False,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Allow replace to leave the dataset empty.")
    ] = False,
    infer_again: Annotated[
        bool, typer.Option("--infer-again", help="With replace: infer the columns again from this file.")
    ] = False,
    max_bytes: Annotated[int, typer.Option(min=1, help="The most bytes to read from a pipe or a URL.")] = MAX_BYTES,
    column_type: Annotated[
        list[str] | None, _of_columns("A column's type: total=decimal or total=decimal(12,2).", "--type")
    ] = None,
    name: Annotated[list[str] | None, _of_columns('A column\'s name: "Unit price=price".', "--name")] = None,
    omit: Annotated[list[str] | None, _of_columns("A column that is left out.", "--omit")] = None,
    columns_key: Annotated[str | None, _of_columns("The key columns: sku, or a,b; '' for none.", "--key")] = None,
    delimiter: Annotated[str | None, _writing("For example , or ; or \\t.")] = None,
    quote: Annotated[str | None, _writing("The quote character; '' for none.")] = None,
    escape: Annotated[str | None, _writing("The escape character; '' for none.")] = None,
    encoding: Annotated[str | None, _writing("For example utf-8 or cp1252.")] = None,
    compression: Annotated[Compression | None, _writing()] = None,
    header: Annotated[str | None, _writing("true, false, or its line from 1.")] = None,
    null: Annotated[list[str] | None, _writing("A string that stands for null; can be repeated.")] = None,
    quoted_nulls: Annotated[bool, _writing("Let --null be quoted too.", "--quoted-nulls")] = False,
    boolean_true: Annotated[str | None, _writing("The text for true.")] = None,
    boolean_false: Annotated[str | None, _writing("The text for false.")] = None,
    date_format: Annotated[
        list[str] | None, _writing("header=format or column=format: day=DD/MM/YYYY; can be repeated.")
    ] = None,
    decimal_separator: Annotated[str | None, _writing(". or ,")] = None,
    thousands_separator: Annotated[str | None, _writing("For example , or . or a space.")] = None,
    unit: Annotated[list[str] | None, _writing("Sign to strip from numbers, such as $ or %; can be repeated.")] = None,
    timezone: Annotated[str | None, _writing("Time zone for times without one (default UTC).")] = None,
    lenient_quotes: Annotated[bool, _writing("Keep stray quotes.", "--lenient-quotes")] = False,
    pad_short_rows: Annotated[bool, _writing("Fill short rows with nulls.", "--pad-short-rows")] = False,
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
    given = {
        "delimiter": delimiter.replace("\\t", "\t") if delimiter else None,
        "quote": quote,
        "escape": escape,
        "encoding": encoding,
        "compression": compression,
        "header": parse_header(header),
        "nulls": null or None,
        "quoted_nulls": quoted_nulls or None,
        "booleans": parse_booleans(boolean_true, boolean_false),
        "date_format": parse_date_formats(date_format or []),
        "decimal_separator": decimal_separator,
        "thousands_separator": thousands_separator,
        "units": unit or None,
        "timezone": timezone,
        "lenient_quotes": lenient_quotes or None,
        "pad_short_rows": pad_short_rows or None,
    }
    if columns_key is not None and API_KEY.fullmatch(columns_key):
        # The API key, as it was given before --key named columns; it cannot be a column's name.
        api_key, columns_key = columns_key, None
    settings: dict[str, Any] = {
        "mode": mode,
        "on_reject": on_reject,
        "max_rejections": max_rejections,
        "dry_run": dry_run,
        "allow_empty": allow_empty,
        "options": {option: value for option, value in given.items() if value is not None},
    }
    if infer_again:
        settings["infer_again"] = True
    if columns := parse_columns(column_type or [], name or [], omit or []):
        settings["columns"] = columns
    if columns_key is not None:
        settings["key"] = split_names(columns_key)
    output = make_output(as_json=as_json, quiet=quiet, no_color=no_color)
    sources = _find_sources(output, files, max_bytes, dataset, mode)
    from app.cli.importing.batch import ImportBatch
    from app.cli.importing.report import ImportReport

    with interruptible(), connect(url, api_key, data, profile) as client:
        report = ImportReport(output, client.url, addresses=addresses)
        batch = ImportBatch(client, output, report, settings, dataset=dataset, store=store)
        code = batch.run(sources)
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
