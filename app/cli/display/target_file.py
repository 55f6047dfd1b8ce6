"""The file that a command writes: whole under its name, or not there at all."""

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from app.cli.display.output import fail

OutputFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="The file to write; by default the standard output.", show_default=False),
]


@contextmanager
def target_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which replaces the one of this name once all of it is written.

    A pipe, a device or anything else that is not a regular file is written directly.
    """
    try:
        place = path.resolve()
        if place.exists() and not stat.S_ISREG(place.stat().st_mode):
            with place.open("wb") as file:
                yield file
            return
        with _draft(place) as file:
            yield file
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror or error}. Nothing was left there.")


@contextmanager
def _draft(place: Path) -> Iterator[BinaryIO]:
    draft = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        with draft.open("xb") as file:
            yield file
        if place.exists():
            shutil.copymode(place, draft)
        draft.replace(place)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def write_file(path: Path, pieces: Iterable[bytes]) -> None:
    """Write the file of this name, of pieces that come one by one."""
    with target_file(path) as file:
        for piece in pieces:
            file.write(piece)
