"""`tolva dev`: all of Tolva on this machine."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.cli.connection import Data
from app.cli.display.output import fail
from app.local.folder_lock import DEFAULT_DATA


def dev(
    file: Annotated[
        Path | None,
        typer.Argument(help="A CSV file, or a .zip of one with its pictures, to import first.", show_default=False),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The API's port.")] = 8000,
    host: Annotated[str, typer.Option(help="The host to listen on; 0.0.0.0 opens it to the network.")] = "127.0.0.1",
    data: Data = DEFAULT_DATA,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Replace all records of the dataset with FILE, without a question."),
    ] = False,
    upsert: Annotated[
        bool, typer.Option("--upsert", help="Add and change records by key from FILE, without a question.")
    ] = False,
    inbox: Annotated[
        Path | None,
        typer.Option(
            help="A folder to watch: each file that is put into DIR/{dataset}/ is imported.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    inbox_mode: Annotated[
        Literal["append", "upsert", "replace"],
        typer.Option(help="The mode of files of the inbox: add rows, add or change them by key, or replace them all."),
    ] = "append",
    reload: Annotated[bool, typer.Option("--reload", help="Start the API again when its code changes.")] = False,
) -> None:
    """Run all of Tolva on this machine: PostgreSQL, the AWS emulator, the API and the worker."""
    if sys.platform == "win32":
        fail("`tolva dev` runs on Linux and macOS. On Windows, run it in WSL.")
    from app.local.dev import DevOptions, run_dev

    choice = _choose(file, replace=replace, upsert=upsert)
    options = DevOptions(host, port, data, file=file, choice=choice, inbox=inbox, inbox_mode=inbox_mode, reload=reload)
    raise typer.Exit(run_dev(options))


def _choose(file: Path | None, *, replace: bool, upsert: bool) -> Literal["replace", "upsert"] | None:
    """The action for existing records of FILE's dataset; None to ask."""
    if replace and upsert:
        raise typer.BadParameter("Give one of --replace and --upsert.", param_hint="--replace")
    if file is None and (replace or upsert):
        raise typer.BadParameter(
            "It says what FILE does to a dataset: name one.", param_hint="--replace" if replace else "--upsert"
        )
    return "replace" if replace else "upsert" if upsert else None
