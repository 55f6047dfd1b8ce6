"""Questions before something is lost: asked on a terminal, answered in advance by --yes."""

import sys
from typing import Annotated

import typer

from app.cli import exit_codes
from app.cli.display.output import errors, fail
from app.cli.display.visible import visible

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def ask_for(word: str, question: str, *, yes: bool) -> None:
    """Go on if the user types a word, or has said yes; else the command ends and nothing is done."""
    if yes:
        return
    if not sys.stdin.isatty():
        fail(f"{question} Say --yes: there is no terminal to ask on.", exit_codes.USAGE)
    errors.print(visible(f"{question} Type {word} to do it: "), end="", markup=False)
    try:
        answer = input()
    except EOFError:
        answer = ""
    if answer.strip() != word:
        fail("That was something else: nothing was done.")
