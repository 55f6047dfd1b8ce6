"""The options of every command that talks to a Tolva: which one, and how its answers are shown."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

from app.cli.connection import Folder, Key, ProfileName, Url, connect
from app.cli.display.output import Output, console, errors

if TYPE_CHECKING:
    from app.client.api import Client

PANEL = "Output"

AsJson = Annotated[
    bool, typer.Option("--json", help="Print the API's response as it is, and nothing else.", rich_help_panel=PANEL)
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only results and errors.", rich_help_panel=PANEL)]
NoColor = Annotated[bool, typer.Option("--no-color", help="Print without colours; or NO_COLOR.", rich_help_panel=PANEL)]
# The former name of the API key's option; `--key` means columns in commands about these.
OldKey = Annotated[str | None, typer.Option("--key", hidden=True)]

Given = ParamSpec("Given")


@dataclass(frozen=True)
class Tolva:
    """The Tolva that a command talks to, and how the command shows what it answers."""

    client: "Client"
    output: Output


def connected(command: Callable[Concatenate[Tolva, Given], None]) -> Callable[..., None]:
    """Give a command the common options; it gets a Tolva as its first argument in place of them."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    takes_old_key = all(parameter.name != "key" for parameter in own)

    @wraps(command)
    def run(
        *args: Any,
        url: str | None,
        api_key: str | None,
        profile: str | None,
        data: Path | None,
        as_json: bool,
        quiet: bool,
        no_color: bool,
        **arguments: Any,
    ) -> None:
        output = make_output(as_json=as_json, quiet=quiet, no_color=no_color)
        old_key = arguments.pop("key", None) if takes_old_key else None
        with connect(url, api_key or old_key, data, profile) as client:
            command(Tolva(client, output), *args, **arguments)

    old = [_option("key", OldKey, None)] if takes_old_key else []
    run.__signature__ = inspect.Signature([*own, *_COMMON, *old])  # type: ignore[attr-defined]
    run.__annotations__ = {}
    return run


def make_output(*, as_json: bool = False, quiet: bool = False, no_color: bool = False) -> Output:
    """The output of a command, by its options."""
    if no_color:
        console.no_color = errors.no_color = True
    return Output(as_json=as_json, is_quiet=quiet)


def _option(name: str, annotation: Any, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


_COMMON = [
    _option("url", Url, None),
    _option("api_key", Key, None),
    _option("profile", ProfileName, None),
    _option("data", Folder, None),
    _option("as_json", AsJson, False),
    _option("quiet", Quiet, False),
    _option("no_color", NoColor, False),
]
