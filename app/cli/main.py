"""The `tolva` command. What is heavy is imported by the command that needs it, so that help comes at once."""

import typer

from app.cli.datasets import list_datasets
from app.cli.dev import dev
from app.cli.import_command import import_file
from app.cli.keys import keys

app = typer.Typer(
    help="Drop a CSV in a bucket, get a typed, documented API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(dev)
app.command("import")(import_file)
app.command("datasets")(list_datasets)
app.add_typer(keys, name="keys")


def main() -> None:
    """The entry point of `tolva`."""
    app()
