"""The part of docs/cli.md that is generated from the commands; `python -m app.cli.reference` writes it again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.main import get_command

from app.cli.main import app

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
BEGIN = "<!-- Written by `python -m app.cli.reference` from here on. -->\n"
# Options that every command has are described once.
COMMON = ("Connection", "Output")


def describe_commands() -> str:
    """All commands, with their arguments and options."""
    root = typer.Context(get_command(app), info_name="tolva")
    return "\n".join(_describe(root.command, root))


def _describe(command: Any, context: typer.Context) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        for name, inner in sorted(command.commands.items()):
            yield from _describe(inner, typer.Context(inner, parent=context, info_name=name))
        return
    yield f"### {context.command_path}\n"
    yield f"{' '.join((command.help or '').split())}\n"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```\n{usage}\n```\n"
    rows = [_row(parameter, context) for parameter in command.params if _is_described(parameter)]
    if rows:
        yield "\n".join(["| | |", "|---|---|", *rows, ""])


def _is_described(parameter: Any) -> bool:
    return not parameter.hidden and parameter.rich_help_panel not in COMMON and bool(parameter.help)


def _row(parameter: TyperArgument | TyperOption, context: typer.Context) -> str:
    name, about = parameter.get_help_record(context) or ("", "")
    if isinstance(parameter, TyperArgument):
        name = parameter.display_name_raw
    return f"| `{_in_table(name)}` | {_in_table(about)} |"


def _in_table(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def write_page() -> None:
    """Write the reference again, and leave what stands before it."""
    text = PAGE.read_text("utf-8")
    PAGE.write_text(text[: text.index(BEGIN) + len(BEGIN)] + "\n" + describe_commands(), "utf-8")


if __name__ == "__main__":
    write_page()
