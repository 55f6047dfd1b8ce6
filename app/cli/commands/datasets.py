"""`tolva datasets`: list, show, create, change and delete them."""

import json
from typing import Annotated, Any, Literal

import typer

from app.cli.arguments.column_flags import parse_type, split_names
from app.cli.arguments.dataset_change import ColumnChanges, ColumnFlags, merge, split_pair
from app.cli.arguments.flag_groups import with_flag_groups
from app.cli.arguments.json_input import read_object
from app.cli.arguments.names import dataset_path
from app.cli.arguments.questions import Yes, ask_for
from app.cli.command import Tolva, connected
from app.cli.completion import DatasetName
from app.cli.display.dataset_view import count_text, show_dataset
from app.cli.display.pages import read_list, write_list
from app.cli.groups import listing_group
from app.datasets.stores import STORES

Store = Literal["relational", "keyvalue"]
BODY_HELP = "The body of the API for what has no flag: JSON, @FILE, or - for the standard input (docs/datasets.md)."
Body = Annotated[str | None, typer.Option("--body", help=BODY_HELP, show_default=False)]
Title = Annotated[str | None, typer.Option(help="Its title; '' for none.", show_default=False)]
Description = Annotated[str | None, typer.Option(help="Its description; '' for none.", show_default=False)]
KeyColumns = Annotated[
    str | None,
    typer.Option("--key", help="The key columns: sku, or a,b; '' for none.", show_default=False),
]

datasets = listing_group("List, show, create, change and delete datasets.")


@datasets.command("list")
@connected
def list_datasets(tolva: Tolva) -> None:
    """List the datasets: `tolva datasets` alone does it too."""
    if tolva.output.as_json:
        tolva.output.json(write_list(read_list(tolva.client, "/datasets")))
        return
    found = list(tolva.client.list_all("/datasets"))
    rows = [
        (
            one["name"],
            count_text(one),
            str(len(one["columns"])),
            ", ".join(one["key"]),
            one["store"],
            one["title"] or "",
        )
        for one in found
    ]
    tolva.output.table(("name", "records", "columns", "key", "store", "title"), rows)
    if not rows:
        tolva.output.note("There are no datasets yet: tolva import FILE")


@datasets.command("show")
@connected
def show_one(tolva: Tolva, name: DatasetName) -> None:
    """Show a dataset: its columns with their types, its key, how many records it has, its indexes."""
    text = tolva.client.fetch("GET", dataset_path(name))
    if tolva.output.as_json:
        tolva.output.json(text)
        return
    dataset = json.loads(text)
    show_dataset(tolva.output, dataset, _count(tolva, dataset))


def _count(tolva: Tolva, dataset: dict[str, Any]) -> str:
    """The number of records of a dataset: counted if the database has no estimate."""
    if dataset["record_count"] is not None or not STORES[dataset["store"]].queries or not dataset["columns"]:
        return count_text(dataset)
    page = tolva.client.request("GET", dataset_path(dataset["name"], "/records"), _count="exact", _limit="1")
    return f"{page['count']:,}"


@datasets.command("create")
@connected
def create_dataset(
    tolva: Tolva,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.", show_default=False)],
    *,
    column: Annotated[
        list[str] | None,
        typer.Option(
            help='A column with its type: "price=decimal(12,2)". Can be repeated.',
            show_default=False,
            metavar="COLUMN=VALUE",
        ),
    ] = None,
    key: KeyColumns = None,
    store: Annotated[
        Store | None,
        typer.Option(help="relational for queries (the default), keyvalue for lookups by key.", show_default=False),
    ] = None,
    title: Title = None,
    description: Description = None,
    body: Body = None,
) -> None:
    """Create a dataset, with its columns or without: then its first import finds them."""
    said: dict[str, Any] = {"name": name} | ({"store": store} if store else {})
    pairs = [split_pair(pair, "--column", '"price=decimal(12,2)"') for pair in column or ()]
    if pairs:
        said["columns"] = [{"name": column_name, **parse_type(text)} for column_name, text in pairs]
    if key is not None:
        said["key"] = split_names(key)
    said |= {member: text for member, text in (("title", title), ("description", description)) if text}
    whole = merge(read_object(body, "--body"), said)
    text = tolva.client.fetch("POST", "/datasets", body=_as_json(whole))
    if tolva.output.as_json:
        tolva.output.json(text)
    tolva.output.say(f"The dataset '{name}' is created.")


@datasets.command("change")
@connected
@with_flag_groups
def change_dataset(
    tolva: Tolva,
    name: DatasetName,
    *,
    title: Title = None,
    description: Description = None,
    key: KeyColumns = None,
    flags: ColumnFlags,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check all of it, and change nothing.")] = False,
    body: Body = None,
) -> None:
    """Change a dataset, its records included: all of it, or nothing.

    Columns are named as they are called now; '' as a value removes what was said.
    """
    types = {one["name"]: one["type"] for one in _get(tolva, name)["columns"]} if flags.fill else {}
    said = ColumnChanges(types).take(flags)
    said |= {
        member: text or None for member, text in (("title", title), ("description", description)) if text is not None
    }
    if key is not None:
        said["key"] = split_names(key)
    whole = merge(read_object(body, "--body"), said)
    if not whole:
        raise typer.BadParameter("nothing to change was given; see --help", param_hint="NAME")
    if dry_run:
        whole["dry_run"] = True
    text = tolva.client.fetch("PATCH", dataset_path(name), body=_as_json(whole))
    _show_changed(tolva, text, is_dry=bool(whole.get("dry_run")))


def _show_changed(tolva: Tolva, text: str, *, is_dry: bool) -> None:
    if tolva.output.as_json:
        tolva.output.json(text)
        return
    dataset = json.loads(text)
    if not tolva.output.is_quiet:
        show_dataset(tolva.output, dataset, count_text(dataset))
    done = "would be as above; nothing was changed" if is_dry else "is changed"
    tolva.output.say(f"'{dataset['name']}' {done}.")


def _get(tolva: Tolva, name: str) -> dict[str, Any]:
    return tolva.client.request("GET", dataset_path(name))


@datasets.command("delete")
@connected
def delete_dataset(tolva: Tolva, name: DatasetName, *, yes: Yes = False) -> None:
    """Delete a dataset with all of its records."""
    dataset = _get(tolva, name)
    count = _count(tolva, dataset)
    records = f" with its records ({count})" if count != "0" else ""
    ask_for(name, f"This deletes the dataset '{name}'{records} at {tolva.client.url}.", yes=yes)
    tolva.client.request("DELETE", dataset_path(name), confirm=name)
    tolva.output.say(f"The dataset '{name}' is deleted.")


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
