"""`tolva dev`: all of Tolva on this machine."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.connection import DEFAULT_DATA, Data
from app.cli.output import fail


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
