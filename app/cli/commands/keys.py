"""`tolva keys`: create, list and revoke API keys."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any

import typer

from app.cli.command import Tolva, connected
from app.cli.completion import complete_datasets
from app.cli.display.output import fail
from app.cli.display.pages import read_list, write_list
from app.cli.groups import listing_group

Document = dict[str, Any]

keys = listing_group("Create, list and revoke API keys.")


class Scope(StrEnum):
    """The scopes of a key; typer takes a list of an enumeration, not of a Literal."""

    read = "read"
    write = "write"
    admin = "admin"


@keys.command("create")
@connected
def create_key(
    tolva: Tolva,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the key.", show_default=False)],
    *,
    scope: Annotated[
        list[Scope], typer.Option(help="A scope of the key. Can be repeated.", metavar="read|write|admin")
    ],
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            help="Only on this dataset. Can be repeated.",
            metavar="NAME",
            show_default=False,
            autocompletion=complete_datasets,
        ),
    ] = None,
    expires_days: Annotated[int | None, typer.Option(min=1, help="Days until it expires.", show_default=False)] = None,
) -> None:
    """Create a key. It is shown once: only its hash is kept."""
    body: Document = {"name": name, "scopes": list(scope), "datasets": dataset or None}
    if expires_days:
        body["expires_at"] = _in_days(expires_days)
    text = tolva.client.fetch("POST", "/keys", body=json.dumps(body))
    created = json.loads(text)
    for warning in created.get("warnings") or ():
        tolva.output.warn(warning)
    if tolva.output.as_json:
        tolva.output.json(text)
        return
    tolva.output.note(f"Key {created['id']}. Keep it now, it is not shown again:")
    tolva.output.lines(f"{created['key']}\n")


def _in_days(days: int) -> str:
    try:
        return (datetime.now(UTC) + timedelta(days=days)).isoformat()
    except OverflowError:
        raise typer.BadParameter("that is beyond the year 9999", param_hint="--expires-days") from None


@keys.command("list")
@connected
def list_keys(tolva: Tolva) -> None:
    """List the keys, newest first: `tolva keys` alone does it too. Their secrets are not kept."""
    if tolva.output.as_json:
        tolva.output.json(write_list(read_list(tolva.client, "/keys")))
        return
    found = list(tolva.client.list_all("/keys"))
    _show_keys(tolva, found)
    if not found:
        tolva.output.note("There are no keys yet: tolva keys create NAME --scope read")


def _show_keys(tolva: Tolva, found: Sequence[Document]) -> None:
    rows = [
        (
            one["id"],
            one["name"],
            ", ".join(one["scopes"]),
            "all" if one["datasets"] is None else ", ".join(one["datasets"]),
            _state(one),
        )
        for one in found
    ]
    tolva.output.table(("id", "name", "scopes", "datasets", "state"), rows, whole=("id",))


def _state(key: Document) -> str:
    """The status of a key, and when it ends."""
    if key["revoked_at"]:
        return f"revoked {key['revoked_at'][:10]}"
    if not key["expires_at"]:
        return "works"
    has_ended = datetime.fromisoformat(key["expires_at"]) <= datetime.now(UTC)
    return f"{'expired' if has_ended else 'works until'} {key['expires_at'][:10]}"


@keys.command("revoke")
@connected
def revoke_key(
    tolva: Tolva,
    wanted: Annotated[
        str, typer.Argument(metavar="ID|NAME", help="Its id or its name, from `tolva keys list`.", show_default=False)
    ],
) -> None:
    """Revoke a key: requests with it are refused from now on."""
    found = _find_key(tolva, wanted)
    tolva.client.request("DELETE", f"/keys/{found['id']}")
    tolva.output.say(f"The key '{found['name']}' ({found['id']}) is revoked.")


def _find_key(tolva: Tolva, given: str) -> Document:
    """The one key of an id, else the one of a name that is not revoked yet."""
    every = list(tolva.client.list_all("/keys"))
    by_id = [one for one in every if one["id"] == given.lower()]
    named = [one for one in every if one["name"] == given]
    found = by_id or [one for one in named if not one["revoked_at"]]
    if len(found) == 1:
        return found[0]
    if found:
        _show_keys(tolva, found)
        fail(f"{len(found)} keys are called '{given}'. Name the one by its id.")
    if named:
        fail(f"The key '{given}' is revoked already.")
    near = get_close_matches(given, [one["name"] for one in every if not one["revoked_at"]], 1)
    meant = f" Did you mean '{near[0]}'?" if near else ""
    return fail(f"There is no key '{given}'.{meant} `tolva keys list` shows the keys.")
