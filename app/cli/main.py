"""The `tolva` command. What is heavy is imported by the command that needs it, so that help comes at once."""

from typing import Annotated

import typer

from app.cli.commands.cost import cost
from app.cli.commands.datasets import datasets
from app.cli.commands.dev import dev
from app.cli.commands.documents import open_docs, show_openapi, show_types
from app.cli.commands.export import export_records
from app.cli.commands.images import images
from app.cli.commands.import_command import import_file
from app.cli.commands.imports import imports
from app.cli.commands.keys import keys
from app.cli.commands.login import list_profiles, login, logout
from app.cli.commands.records import records
from app.cli.commands.watch import watch
from app.cli.display.output import write

START, DATA, CLIENTS, ACCESS, AWS = "Start and import", "Data", "For clients", "Access", "AWS"

app = typer.Typer(
    help="Drop a CSV in a bucket, get a typed, documented API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.command(rich_help_panel=START)(dev)
app.command("import", rich_help_panel=START)(import_file)
app.command(rich_help_panel=START)(watch)
app.add_typer(imports, name="imports", rich_help_panel=START)
app.add_typer(datasets, name="datasets", rich_help_panel=DATA)
app.add_typer(records, name="records", rich_help_panel=DATA)
app.add_typer(images, name="images", rich_help_panel=DATA)
app.command("export", rich_help_panel=DATA)(export_records)
app.command("openapi", rich_help_panel=CLIENTS)(show_openapi)
app.command("types", rich_help_panel=CLIENTS)(show_types)
app.command("open", rich_help_panel=CLIENTS)(open_docs)
app.add_typer(keys, name="keys", rich_help_panel=ACCESS)
app.command(rich_help_panel=ACCESS)(login)
app.command(rich_help_panel=ACCESS)(logout)
app.command("profiles", rich_help_panel=ACCESS)(list_profiles)
app.command(rich_help_panel=AWS)(cost)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        write(f"tolva {version('tolva')}\n")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Drop a CSV in a bucket, get a typed, documented API."""


def main() -> None:
    """The entry point of `tolva`."""
    app(prog_name="tolva")
