"""The output of commands: results to the standard output, messages to the standard error."""

import codecs
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from app.cli import exit_codes
from app.cli.display.visible import visible, visible_json, visible_lines

GAP = 2
# A column of a table can be folded to this width and still be read.
LEAST_WIDTH = 9


class _Console(Console):
    """A console that ends the command if its reader has gone."""

    def on_broken_pipe(self) -> None:
        _leave()


console = _Console(highlight=False)
errors = _Console(highlight=False, stderr=True, soft_wrap=True)


def fail(message: str, code: int = exit_codes.FAILED) -> NoReturn:
    """End the command with a message and an exit code."""
    say_error(message)
    raise typer.Exit(code)


def say_error(message: str) -> None:
    """Say what went wrong."""
    errors.print(Text.assemble(("Error: ", "red"), visible_lines(message)))


def write(text: str | bytes) -> None:
    """Write to the standard output as it is, bytes being UTF-8, and end the command if that is not possible.

    If the reader has gone, such as `head`, it has what it wanted.
    """
    try:
        if isinstance(text, str):
            text = text.encode("utf-8", "backslashreplace")
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _leave()
    except OSError as error:
        _forget_output()
        fail(f"The output cannot be written: {error.strerror}.")


def _leave() -> NoReturn:
    """End the command: its reader has what it wanted."""
    _forget_output()
    raise typer.Exit(exit_codes.OK)


def _forget_output() -> None:
    """Discard pending output, so that it does not fail again when the interpreter ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@dataclass(frozen=True)
class Output:
    """The output of a command: for people, or as the API's JSON."""

    as_json: bool = False
    is_quiet: bool = False

    def json(self, text: str) -> None:
        """Show an answer of the API as it is; on a terminal its control characters are escaped."""
        write((visible_json(text) if sys.stdout.isatty() else text).rstrip("\n") + "\n")

    def lines(self, text: str) -> None:
        """Show lines of data as they are; on a terminal with visible control characters."""
        write(visible_lines(text) if sys.stdout.isatty() else text)

    def pieces(self, pieces: Iterable[bytes]) -> None:
        """Show data that comes in pieces as it is; on a terminal with visible control characters."""
        if not sys.stdout.isatty():
            for piece in pieces:
                write(piece)
            return
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for piece in pieces:
            write(visible_lines(decoder.decode(piece)))
        write(visible_lines(decoder.decode(b"", final=True)))

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]], *, whole: Sequence[str] = ()) -> None:
        """Show a table with no cell cut; the columns in `whole` are not even folded.

        What is not a terminal gets lines with tabs between the cells.
        """
        cells = [[visible(cell) for cell in row] for row in rows]
        if not sys.stdout.isatty():
            write("".join("\t".join(row) + "\n" for row in [list(header), *cells]))
        elif _least_width(header, cells, whole) <= console.width:
            console.print(_table(header, cells, whole))
        else:
            _print_blocks(header, cells)

    def facts(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Show what something is, a line for each of its members."""
        shown = [(name, visible(value)) for name, value in pairs]
        if not sys.stdout.isatty():
            write("".join(f"{name}\t{value}\n" for name, value in shown))
            return
        table = Table.grid("", Column(overflow="fold"), padding=(0, GAP, 0, 0))
        for name, value in shown:
            table.add_row(Text(name, "bold"), Text(value))
        console.print(table)

    def title(self, text: str) -> None:
        """Show what a part of the output is about."""
        write(f"\n{text}\n" if not sys.stdout.isatty() else "\n")
        if sys.stdout.isatty():
            console.print(Text(text, "bold"))

    def say(self, message: str) -> None:
        """Say what was done; who asked for JSON or for quiet knows it by the exit code."""
        if not (self.as_json or self.is_quiet):
            console.print(Text(visible_lines(message)), soft_wrap=True)

    def note(self, message: str) -> None:
        """Print a note next to the result."""
        if not self.is_quiet:
            errors.print(Text(visible_lines(message), "dim"))

    def warn(self, message: str) -> None:
        """Say what is likely a mistake, though it was done."""
        errors.print(Text(f"Warning: {visible_lines(message)}", "yellow"))


def _least_width(header: Sequence[str], rows: Sequence[Sequence[str]], whole: Sequence[str]) -> int:
    """The width that a table needs for its columns to be readable, folded or not."""
    widths = [max(map(cell_len, column)) for column in zip(header, *rows, strict=True)]
    least = (width if name in whole else min(width, LEAST_WIDTH) for name, width in zip(header, widths, strict=True))
    return sum(width + GAP for width in least) - GAP


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], whole: Sequence[str]) -> Table:
    columns = [
        Column(
            Text(name),
            overflow="fold",
            no_wrap=name in whole,
            min_width=max(map(cell_len, cells)) if name in whole else None,
        )
        for name, *cells in zip(header, *rows, strict=True)
    ]
    table = Table(*columns, box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _print_blocks(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print each row as lines of its own: the columns do not fit next to each other."""
    for number, row in enumerate(rows, 1):
        grid = Table.grid("", Column(overflow="fold"), padding=(0, GAP, 0, 0))
        for name, cell in zip(header, row, strict=True):
            grid.add_row(Text(name, "bold"), Text(cell))
        console.print(Text(f"── {number} ", "dim"))
        console.print(grid)
