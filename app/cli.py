"""The `tolva` command. What is heavy is imported by the command that needs it, so that help comes at once."""

import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from app.column_flags import API_KEY, parse_columns, parse_key

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_DATA = Path(".tolva")

app = typer.Typer(
    help="Drop a CSV in a bucket, get a typed, documented API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
keys = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
app.add_typer(keys, name="keys")

console = Console(highlight=False)
errors = Console(highlight=False, stderr=True, soft_wrap=True)

Url = Annotated[str, typer.Option(envvar="TOLVA_URL", help="Where Tolva runs.")]
KEY_VARIABLES = ["TOLVA_KEY", "TOLVA_ADMIN_KEY"]
KEY_HELP = "The API key; for a Tolva on this machine, the one in --data is found by itself."
Key = Annotated[str | None, typer.Option("--api-key", "--key", envvar=KEY_VARIABLES, help=KEY_HELP, show_default=False)]
Data = Annotated[Path, typer.Option(help="The data folder of `tolva dev`.")]


Mode = Literal["append", "upsert", "replace"]
OnReject = Literal["abort", "skip"]
Store = Literal["relational", "keyvalue"]
Compression = Literal["none", "gzip", "zstd"]


class Scope(StrEnum):
    """What a key may do; typer takes a list of an enumeration, not of a Literal."""

    read = "read"
    write = "write"
    admin = "admin"


@app.command()
def dev(
    file: Annotated[Path | None, typer.Argument(help="A CSV file to import first.", show_default=False)] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The API's port.")] = 8000,
    host: Annotated[str, typer.Option(help="The API's address; 0.0.0.0 opens it to the network.")] = "127.0.0.1",
    data: Data = DEFAULT_DATA,
    reload: Annotated[bool, typer.Option("--reload", help="Start the API again when its code changes.")] = False,
) -> None:
    """Run all of Tolva on this machine: PostgreSQL, the AWS emulator, the API and the worker."""
    if sys.platform == "win32":
        fail("`tolva dev` runs on Linux and macOS. On Windows, run it in WSL.")
    from app.local.dev import DevOptions, run_dev

    raise typer.Exit(run_dev(DevOptions(host, port, data, file, reload)))


@app.command("import")
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
    url: Url = DEFAULT_URL,
    api_key: Annotated[
        str | None, typer.Option("--api-key", envvar=KEY_VARIABLES, help=KEY_HELP, show_default=False)
    ] = None,
    data: Data = DEFAULT_DATA,
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
    from app.client import Client, CommandError
    from app.importing import ImportRun

    try:
        with Client(url, find_key(api_key, url, data)) as client:
            succeeded = ImportRun(client, console, dataset, file, settings, store=store).run()
    except CommandError as error:
        fail(str(error))
    raise typer.Exit(0 if succeeded else 1)


@app.command()
def datasets(url: Url = DEFAULT_URL, key: Key = None, data: Data = DEFAULT_DATA) -> None:
    """List the datasets."""
    table = Table("name", "records", "columns", "key")
    for dataset in _list("/datasets", url, key, data):
        count = dataset["record_count"]
        records = "?" if count is None else f"{count:,}"
        table.add_row(dataset["name"], records, str(len(dataset["columns"])), ", ".join(dataset["key"]))
    console.print(table if table.row_count else "There are no datasets yet: tolva import FILE --dataset NAME")


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.", show_default=False)],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; may be given more than once.")],
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only on this dataset; may be given more than once.", show_default=False)
    ] = None,
    expires_days: Annotated[int | None, typer.Option(min=1, help="Days until it ends.", show_default=False)] = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Make a key. It is shown once: only its hash is kept."""
    body: dict[str, Any] = {"name": name, "scopes": list(scope), "datasets": dataset or None}
    if expires_days:
        body["expires_at"] = (datetime.now(UTC) + timedelta(days=expires_days)).isoformat()
    made = _request("POST", "/keys", url, key, data, body=body)
    console.print(f"Key {made['id']}. Keep it now, it is not shown again:", style="dim")
    print(made["key"])


@keys.command("list")
def list_keys(url: Url = DEFAULT_URL, key: Key = None, data: Data = DEFAULT_DATA) -> None:
    """List the keys; their secrets are not kept."""
    # An id is of use only whole, so it keeps its width and the others fold.
    table = Table(Column("id", no_wrap=True, min_width=36), "name", "scopes", "datasets", "expires", "revoked")
    for item in _list("/keys", url, key, data):
        names = item.get("datasets")
        cells = (item["id"], item["name"], ", ".join(item["scopes"]), "all" if names is None else ", ".join(names))
        dates = ((item.get("expires_at") or "never")[:10], (item.get("revoked_at") or "")[:10])
        table.add_row(*map(Text, (*cells, *dates)))
    console.print(table if table.row_count else "There are no keys yet: tolva keys create NAME --scope read")


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="From `tolva keys list`.", show_default=False)],
    url: Url = DEFAULT_URL,
    key: Key = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Revoke a key: requests with it are refused from now on."""
    _request("DELETE", f"/keys/{key_id}", url, key, data)
    console.print(f"Key {key_id} is revoked.")


def _request(
    method: str, path: str, url: str, key: str | None, data: Path, *, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    from app.client import Client, CommandError

    try:
        with Client(url, find_key(key, url, data)) as client:
            return client.request(method, path, body=body)
    except CommandError as error:
        fail(str(error))


def _list(path: str, url: str, key: str | None, data: Path) -> list[dict[str, Any]]:
    from app.client import Client, CommandError

    try:
        with Client(url, find_key(key, url, data)) as client:
            return list(client.list_all(path))
    except CommandError as error:
        fail(str(error))


def find_key(key: str | None, url: str, data: Path) -> str:
    """The key to call with: the one given, else the administrator's of the data folder for a Tolva on this machine."""
    from app.client import is_local

    if key:
        return key
    if is_local(url):
        try:
            return (data / "admin-key").read_text().strip()
        except OSError:
            return fail(
                f"There is no API key: none was given, and {data} holds none. Give one with --api-key or TOLVA_KEY, "
                "or name the data folder of the running `tolva dev` with --data."
            )
    return fail("There is no API key. Give one with --api-key or in the environment variable TOLVA_KEY.")


def parse_header(text: str | None) -> bool | int | None:
    """The option `header`: true, false or the number of a line."""
    if text is None:
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise typer.BadParameter(f"'{text}' is not true, false or the number of a line from 1", param_hint="--header")


def parse_booleans(true: str | None, false: str | None) -> list[str] | None:
    """The option `booleans`: what stands for true and for false."""
    if true is None and false is None:
        return None
    if true is None or false is None:
        raise typer.BadParameter("give both --boolean-true and --boolean-false", param_hint="--boolean-true")
    return [true, false]


def parse_date_formats(pairs: list[str]) -> dict[str, str] | None:
    """The option `date_format` from `column=format` pairs."""
    formats = {}
    for pair in pairs:
        column, separator, form = pair.partition("=")
        if not (column and separator and form):
            raise typer.BadParameter(f"'{pair}' is not column=format, as day=DD/MM/YYYY", param_hint="--date-format")
        formats[column] = form
    return formats or None


def fail(message: str) -> NoReturn:
    """End the command with a message and exit code 1."""
    errors.print(Text.assemble(("Error: ", "red"), message))
    raise typer.Exit(1)


def main() -> None:
    """The entry point of `tolva`."""
    app()


if __name__ == "__main__":
    main()
