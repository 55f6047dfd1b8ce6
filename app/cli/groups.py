"""Groups of commands: `tolva datasets` alone is `tolva datasets list`."""

from typing import Any

import typer
from typer.core import TyperGroup

LIST = "list"


class ListingGroup(TyperGroup):
    """A group that lists if no command of it is named; what begins with a dash is an option of the list."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = [LIST, *args]
        return super().parse_args(ctx, args)


def listing_group(about: str) -> typer.Typer:
    """A group whose command `list` need not be named."""
    return typer.Typer(help=about, cls=ListingGroup, no_args_is_help=False)
