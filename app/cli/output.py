"""Where commands write to: what they found to the standard output, what went wrong to the standard error."""

from typing import NoReturn

import typer
from rich.console import Console
from rich.text import Text

console = Console(highlight=False)
errors = Console(highlight=False, stderr=True, soft_wrap=True)


def fail(message: str) -> NoReturn:
    """End the command with a message and exit code 1."""
    errors.print(Text.assemble(("Error: ", "red"), message))
    raise typer.Exit(1)
