"""`tolva keys`: make, list and revoke API keys."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Column, Table
from rich.text import Text

from app.cli.connection import DEFAULT_DATA, DEFAULT_URL, Data, Key, Url, connect
from app.cli.output import console

keys = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


class Scope(StrEnum):
    """What a key may do; typer takes a list of an enumeration, not of a Literal."""

    read = "read"
    write = "write"
    admin = "admin"


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
    with connect(url, key, data) as client:
        made = client.request("POST", "/keys", body=body)
    console.print(f"Key {made['id']}. Keep it now, it is not shown again:", style="dim")
    print(made["key"])


@keys.command("list")
def list_keys(url: Url = DEFAULT_URL, key: Key = None, data: Data = DEFAULT_DATA) -> None:
    """List the keys; their secrets are not kept."""
    # An id is of use only whole, so it keeps its width and the others fold.
    table = Table(Column("id", no_wrap=True, min_width=36), "name", "scopes", "datasets", "expires", "revoked")
    with connect(url, key, data) as client:
        for item in client.list_all("/keys"):
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
    with connect(url, key, data) as client:
        client.request("DELETE", f"/keys/{key_id}")
    console.print(f"Key {key_id} is revoked.")
