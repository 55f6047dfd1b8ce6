"""`tolva import`: a file into a dataset."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app.cli.column_flags import API_KEY, parse_columns, parse_key
from app.cli.connection import Folder, Key, ProfileName, Url, connect
from app.cli.import_flags import parse_booleans, parse_date_formats, parse_header
from app.cli.output import console

Mode = Literal["append", "upsert", "replace"]
OnReject = Literal["abort", "skip"]
Store = Literal["relational", "keyvalue"]
Compression = Literal["none", "gzip", "zstd"]


def import_file(
    file: Annotated[Path, typer.Argument(help="The CSV file.", show_default=False)],
    dataset: Annotated[str, typer.Option(help="The dataset it goes into; made when missing.", show_default=False)],
    store: Annotated[
        Store, typer.Option(help="Where a dataset that is made is kept: to be queried, or had by its key.")
    ] = "relational",
    mode: Annotated[Mode, typer.Option(help="Add rows, add or change them by key, or replace them all.")] = "append",
    on_reject: Annotated[
        OnReject, typer.Option(help="Load nothing when a row is bad, or leave the bad rows out.")
    ] = "abort",
    max_rejections: Annotated[
        int | None, typer.Option(min=0, help="With skip: fail when more rows than this are bad.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but the commit.")] = False,
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help="Let replace leave no records.")] = False,
    infer_again: Annotated[
        bool, typer.Option("--infer-again", help="With replace: infer the columns again from this file.")
    ] = False,
    column_type: Annotated[
        list[str] | None,
        typer.Option(
            "--type", help="A column's type by its header: total=decimal or total=decimal(12,2).", show_default=False
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help='A column\'s name by its header: "Unit price=price".', show_default=False),
    ] = None,
    omit: Annotated[
        list[str] | None, typer.Option(help="The header of a column that is left out.", show_default=False)
    ] = None,
    columns_key: Annotated[
        str | None,
        typer.Option("--key", help="The columns that address a record: sku, or a,b; '' for none.", show_default=False),
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="As , or ; or \\t.", show_default=False)] = None,
    quote: Annotated[str | None, typer.Option(help="The quote character; '' for none.", show_default=False)] = None,
    escape: Annotated[str | None, typer.Option(help="The escape character; '' for none.", show_default=False)] = None,
    encoding: Annotated[str | None, typer.Option(help="As utf-8 or cp1252.", show_default=False)] = None,
    compression: Annotated[Compression | None, typer.Option(show_default=False)] = None,
    header: Annotated[str | None, typer.Option(help="true, false, or its line from 1.", show_default=False)] = None,
    null: Annotated[list[str] | None, typer.Option(help="A text that stands for null.", show_default=False)] = None,
    quoted_nulls: Annotated[bool, typer.Option("--quoted-nulls", help="Let --null be quoted too.")] = False,
    boolean_true: Annotated[str | None, typer.Option(help="The text for true.", show_default=False)] = None,
    boolean_false: Annotated[str | None, typer.Option(help="The text for false.", show_default=False)] = None,
    date_format: Annotated[
        list[str] | None, typer.Option(help="header=format or column=format, as day=DD/MM/YYYY.", show_default=False)
    ] = None,
    decimal_separator: Annotated[str | None, typer.Option(help=". or ,", show_default=False)] = None,
    thousands_separator: Annotated[str | None, typer.Option(help="As , or . or a space.", show_default=False)] = None,
    unit: Annotated[list[str] | None, typer.Option(help="Left out of numbers, as $ or %.", show_default=False)] = None,
    timezone: Annotated[str | None, typer.Option(help="Of times without one; UTC.", show_default=False)] = None,
    lenient_quotes: Annotated[bool, typer.Option("--lenient-quotes", help="Keep stray quotes.")] = False,
    pad_short_rows: Annotated[bool, typer.Option("--pad-short-rows", help="Fill short rows with nulls.")] = False,
    url: Url = None,
    api_key: Key = None,
    profile: ProfileName = None,
    data: Folder = None,
) -> None:
    """Import a CSV file into a dataset and show what came of it. The exit code is 0 when it succeeded, else 1."""
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
        # As it was given before --key named columns; it is no name of one.
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
        settings["key"] = parse_key(columns_key)
    from app.cli.import_run import ImportRun

    with connect(url, api_key, data, profile) as client:
        succeeded = ImportRun(client, console, dataset, file, settings, store=store).run()
    raise typer.Exit(0 if succeeded else 1)
