"""`tolva records`: list, get, query, add, change and delete them."""

import json
from typing import Annotated, Any

import typer

from app.cli.arguments import record_query as asked
from app.cli.arguments.json_input import read_json
from app.cli.arguments.names import dataset_path, record_path
from app.cli.arguments.questions import Yes, ask_for
from app.cli.arguments.record_query import MEDIA_TYPES, Format, Parameters, list_parameters
from app.cli.command import Tolva, connected
from app.cli.commands.export import export_pieces, formatted
from app.cli.completion import DatasetName
from app.cli.display.exact_json import cell, parse
from app.cli.display.exact_json import write as write_exactly
from app.cli.display.output import fail
from app.cli.display.pages import json_line, read_pages

# As many as the API has on a page, if nothing is said and at most.
PAGE_SIZE, MAX_PAGE_SIZE = 50, 1000

records = typer.Typer(help="List, get, query, add, change and delete records.", no_args_is_help=True)

Keys = Annotated[
    list[str],
    typer.Argument(
        metavar="KEY", help="The keys of records; the values of one key are joined by commas.", show_default=False
    ),
]
OneKey = Annotated[
    str,
    typer.Argument(
        metavar="KEY", help="The key of the record; several values are joined by commas.", show_default=False
    ),
]
HowShown = Annotated[Format, typer.Option("--format", help="The output format.")]


@records.command("list")
@connected
def list_records(
    tolva: Tolva,
    name: DatasetName,
    filters: asked.Filters = None,
    *,
    select: asked.Select = None,
    sort: asked.Sort = None,
    search: asked.Search = None,
    limit: asked.Limit = None,
    cursor: Annotated[str | None, typer.Option(help="`next` of the previous page.", show_default=False)] = None,
    count: Annotated[bool, typer.Option("--count", help="Count all records that match.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="All pages, not only the first one.")] = False,
    how: HowShown = "table",
) -> None:
    """List the records that match: a page of 50, or --limit, or --all."""
    parameters = list_parameters(filters or [], select=select, sort=sort, search=search, limit=None)
    if everything or (limit or 0) > MAX_PAGE_SIZE or (how == "csv" and not tolva.output.as_json):
        for flag, is_given in (("--count", count), ("--cursor", cursor is not None)):
            if is_given:
                raise typer.BadParameter(
                    "it goes with a single page: not with --all, csv, or a --limit over 1,000", param_hint=flag
                )
        _list_all(tolva, name, parameters, limit if everything else limit or PAGE_SIZE, how)
        return
    page = {"_limit": limit, "_cursor": cursor, "_count": "exact" if count else None}
    parameters += [(member, str(value)) for member, value in page.items() if value is not None]
    _show_page(tolva, tolva.client.fetch("GET", dataset_path(name, "/records"), parameters=parameters), how)


def _list_all(tolva: Tolva, name: str, parameters: Parameters, limit: int | None, how: Format) -> None:
    if tolva.output.as_json:
        found = list(read_pages(tolva.client, name, parameters, limit))
        tolva.output.json(write_exactly({"data": found, "next": None}))
    elif how == "table":
        _show_records(tolva, list(read_pages(tolva.client, name, parameters, limit)))
    else:
        tolva.output.pieces(formatted(export_pieces(tolva.client, name, parameters, limit, how), how))


def _show_page(tolva: Tolva, text: str, how: Format) -> None:
    """Show a page as the API has answered it, or its records."""
    if tolva.output.as_json:
        tolva.output.json(text)
        return
    page = parse(text)
    found: list[dict[str, Any]] = page["data"]
    if how == "json":
        tolva.output.json("[" + ",\n".join(map(write_exactly, found)) + "]")
    elif how == "ndjson":
        tolva.output.lines("".join(map(json_line, found)))
    else:
        _show_records(tolva, found)
    _note_rest(tolva, page)


def _show_records(tolva: Tolva, found: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for record in found for name in record))
    if names:
        tolva.output.table(names, [[cell(record.get(name)) for name in names] for record in found])
    else:
        tolva.output.note("There are no such records.")


def _note_rest(tolva: Tolva, page: dict[str, Any]) -> None:
    for warning in page.get("warnings") or ():
        tolva.output.warn(str(warning))
    if "count" in page:
        tolva.output.note(f"{int(page['count']):,} records match.")
    if page.get("next"):
        tolva.output.note(f"There are more: --all shows them, --cursor {page['next']} goes on.")


@records.command("get")
@connected
def get_records(tolva: Tolva, name: DatasetName, keys: Keys, *, select: asked.Select = None) -> None:
    """Get records by their keys. The exit code is 1 if one of them is not there."""
    from app.client.api import ApiError

    dataset = tolva.client.request("GET", dataset_path(name))
    parameters = [("_select", select)] if select else []
    found, missing = [], []
    for key in keys:
        try:
            found.append(tolva.client.fetch("GET", record_path(dataset, key), parameters=parameters))
        except ApiError as error:
            if error.status != 404:
                raise
            missing.append(str(error))
    _show_got(tolva, found)
    if missing:
        fail("\n".join(missing))


def _show_got(tolva: Tolva, found: list[str]) -> None:
    if tolva.output.as_json:
        for text in found:
            tolva.output.json(text)
    elif len(found) == 1:
        tolva.output.facts((name, cell(value)) for name, value in parse(found[0]).items())
    elif found:
        _show_records(tolva, [parse(text) for text in found])


@records.command("query")
@connected
def query_records(
    tolva: Tolva,
    name: DatasetName,
    query: Annotated[
        str,
        typer.Argument(metavar="QUERY", help="JSON, @FILE, or - for the standard input.", show_default=False),
    ],
    *,
    how: HowShown = "table",
) -> None:
    """Query records with and, or and not: '{"where": {"_or": [{"stock": 0}, {"price": {"lt": 5}}]}}'."""
    text, _ = read_json(query, "QUERY", '{"where": {"price": {"gt": 3}}}')
    path = dataset_path(name, "/records/query")
    if how in ("csv", "ndjson") and not tolva.output.as_json:
        with tolva.client.stream("POST", path, body=text, accept=MEDIA_TYPES[how]) as pieces:
            tolva.output.pieces(pieces)
        return
    _show_page(tolva, tolva.client.fetch("POST", path, body=text), how)


RECORD_HELP = "JSON, @FILE, or - for the standard input."
RecordBody = Annotated[str, typer.Argument(metavar="RECORD", help=RECORD_HELP, show_default=False)]


@records.command("add")
@connected
def add_records(tolva: Tolva, name: DatasetName, record: RecordBody) -> None:
    """Add a record, or all records of an array or none of them: '{"sku": "900001", "price": "4.50"}'."""
    text, value = read_json(record, "RECORD", '{"sku": "900001"}')
    answer = tolva.client.fetch("POST", dataset_path(name, "/records"), body=text)
    if tolva.output.as_json:
        tolva.output.json(answer)
    added = len(value) if isinstance(value, list) else 1
    tolva.output.say(f"{added:,} {'record is' if added == 1 else 'records are'} added to '{name}'.")


@records.command("change")
@connected
def change_record(tolva: Tolva, name: DatasetName, record_key: OneKey, changes: RecordBody) -> None:
    """Change some columns of a record: '{"stock": 0}'. null empties a column."""
    text, _ = read_json(changes, "RECORD", '{"stock": 0}')
    dataset = tolva.client.request("GET", dataset_path(name))
    answer = tolva.client.fetch("PATCH", record_path(dataset, record_key), body=text)
    if tolva.output.as_json:
        tolva.output.json(answer)
    elif not tolva.output.is_quiet:
        _show_got(tolva, [answer])


@records.command("delete")
@connected
def delete_records(tolva: Tolva, name: DatasetName, keys: Keys, *, yes: Yes = False) -> None:
    """Delete records by their keys. The exit code is 1 if one of them was not there."""
    from app.client.api import ApiError

    dataset = tolva.client.request("GET", dataset_path(name))
    paths = [record_path(dataset, key) for key in keys]
    many = f"{len(keys):,} records" if len(keys) > 1 else f"the record {keys[0]}"
    ask_for("yes", f"This deletes {many} of '{name}' at {tolva.client.url}.", yes=yes)
    failures = []
    for path in paths:
        try:
            tolva.client.request("DELETE", path)
        except ApiError as error:
            if error.status != 404:
                raise
            failures.append(str(error))
    deleted = len(paths) - len(failures)
    tolva.output.say(f"{deleted:,} {'record is' if deleted == 1 else 'records are'} deleted from '{name}'.")
    if failures:
        fail("\n".join(failures))


@records.command("count")
@connected
def count_records(
    tolva: Tolva, name: DatasetName, filters: asked.Filters = None, *, search: asked.Search = None
) -> None:
    """Count the records that match."""
    parameters = list_parameters(filters or [], select=None, sort=None, search=search, limit=1)
    text = tolva.client.fetch("GET", dataset_path(name, "/records"), parameters=[*parameters, ("_count", "exact")])
    if tolva.output.as_json:
        tolva.output.json(text)
        return
    tolva.output.lines(f"{json.loads(text)['count']}\n")
