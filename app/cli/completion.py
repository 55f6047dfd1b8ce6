"""Shell completion of arguments: names of datasets, if a Tolva answers at once."""

import os
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import typer

# Nobody waits longer after pressing the tab key.
PATIENCE_SECONDS = 1.0
MAX_NAMES = 1000


def complete_datasets(context: typer.Context, incomplete: str) -> list[str]:
    """The datasets whose names begin so; none if no Tolva answers, or none that takes the key."""
    # A message would be written into the line that is typed.
    with redirect_stderr(StringIO()):
        try:
            return [name for name in _list_names(context.params) if name.startswith(incomplete)]
        except Exception:  # any failure means no completion
            return []


def _list_names(given: dict[str, Any]) -> list[str]:
    import httpx

    from app.cli.connection import Asked, find_target
    from app.client.api import Client

    data = given.get("data")
    asked = Asked(given.get("url"), given.get("api_key"), Path(data) if data else None, given.get("profile"))
    target = find_target(asked, os.environ)
    with Client(target.url, target.key, httpx.Timeout(PATIENCE_SECONDS)) as client:
        page = client.request("GET", "/datasets", _limit=str(MAX_NAMES))
    return [str(dataset["name"]) for dataset in page["data"]]


DatasetName = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="The name of the dataset.", show_default=False, autocompletion=complete_datasets
    ),
]
