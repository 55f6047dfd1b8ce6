import inspect
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.testing import CliRunner

from app.cli.arguments.flag_groups import with_flag_groups


@dataclass(frozen=True, kw_only=True)
class Colours:
    """A group with a flag of each kind."""

    color: Annotated[list[str], typer.Option(help="A color.")]
    shade: Annotated[str, typer.Option("--shade")] = "dark"
    size: int | None = None


seen: list[tuple[str, Colours, bool]] = []


@with_flag_groups
def paint(name: str, *, colours: Colours, dry: bool = False) -> None:
    """Paint."""
    seen.append((name, colours, dry))


class TestWithFlagGroups:
    def _run(self, *arguments: str) -> Any:
        seen.clear()
        app = typer.Typer()
        app.command()(paint)
        return CliRunner().invoke(app, list(arguments))

    def test_each_field_is_a_flag_in_its_place(self) -> None:
        assert list(inspect.signature(paint).parameters) == ["name", "color", "shade", "size", "dry"]

    def test_a_command_gets_them_together(self) -> None:
        assert self._run("wall", "--color", "red", "--color", "blue", "--shade", "light", "--size", "3").exit_code == 0
        assert seen == [("wall", Colours(color=["red", "blue"], shade="light", size=3), False)]

    def test_those_that_are_not_given_have_their_defaults(self) -> None:
        assert self._run("wall", "--dry").exit_code == 0
        assert seen == [("wall", Colours(color=[], shade="dark", size=None), True)]

    def test_a_value_of_another_type_is_a_usage_error(self) -> None:
        assert self._run("wall", "--size", "big").exit_code == 2
