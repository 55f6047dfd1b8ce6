"""Groups of commands: `tolva datasets` alone is `tolva datasets list`."""

from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperGroup

LIST, SHOW = "list", "show"


class ListingGroup(TyperGroup):
    """A group that lists if no command of it is named; what begins with a dash is an option of the list."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        is_list = not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
        # While a line is completed, nobody has decided yet.
        if is_list and not ctx.resilient_parsing:
            args = [LIST, *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.commands and SHOW in self.commands and not get_close_matches(args[0], self.commands):
            ctx.fail(f"No such command '{args[0]}'. To show one: {ctx.command_path} {SHOW} {args[0]}")
        return super().resolve_command(ctx, args)


def listing_group(about: str) -> typer.Typer:
    """A group whose command `list` need not be named."""
    return typer.Typer(help=about, cls=ListingGroup, no_args_is_help=False)
