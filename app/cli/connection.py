"""Which Tolva a command talks to: its address, and the API key it is called with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import fail

if TYPE_CHECKING:
    from app.client import Client

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_DATA = Path(".tolva")
KEY_VARIABLES = ["TOLVA_KEY", "TOLVA_ADMIN_KEY"]
KEY_HELP = "The API key; for a Tolva on this machine, the one in --data is found by itself."

Url = Annotated[str, typer.Option(envvar="TOLVA_URL", help="Where Tolva runs.")]
Key = Annotated[str | None, typer.Option("--api-key", "--key", envvar=KEY_VARIABLES, help=KEY_HELP, show_default=False)]
Data = Annotated[Path, typer.Option(help="The data folder of `tolva dev`.")]


@contextmanager
def connect(url: str, key: str | None, data: Path) -> Iterator["Client"]:
    """A client of the Tolva that a command's options name; what goes wrong ends the command with its message."""
    from app.client import Client, CommandError

    try:
        with Client(url, find_key(key, url, data)) as client:
            yield client
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
