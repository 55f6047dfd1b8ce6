"""The sources of `tolva import`: files, folders, patterns, URLs, pipes."""

import glob
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import BinaryIO, Protocol

from app.cli.display.bars import Bars
from app.client.api import BLOCK_SIZE, CommandError
from app.local.file_names import announced_name

STANDARD_INPUT = "-"
ENDINGS = re.compile(r"\.(csv|tsv)(\.(gz|zst))?$", re.IGNORECASE)
ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
PATTERN = re.compile(r"[*?\[]")
# Files that a process gives, and not a folder, have numbers for names.
NAMELESS = ("/dev/", "/proc/")
UNNAMED = "stdin"


@dataclass(frozen=True)
class OpenFile:
    """A file that is being read: what it is announced as, and how many bytes it has.

    One that `is_kept` can be read again by another process.
    """

    name: str
    size: int
    stream: BinaryIO
    is_kept: bool = False


class Source(Protocol):
    """The source of one file; `place` is the user's name for it, `name` its own name if known."""

    @property
    def place(self) -> str: ...

    @property
    def name(self) -> str | None: ...

    def opened(self, bars: Bars) -> AbstractContextManager[OpenFile]:
        """The file, which is closed when the block ends.

        Raises:
            CommandError: it cannot be read.
        """
        ...


@dataclass(frozen=True)
class LocalFile:
    """A file of this machine. A pipe, or another that is not regular, is read to its end first."""

    path: Path
    most_bytes: int

    @property
    def place(self) -> str:
        return str(self.path)

    @property
    def name(self) -> str | None:
        return None if self.place.startswith(NAMELESS) else announced_name(self.path.name)

    @contextmanager
    def opened(self, bars: Bars) -> Iterator[OpenFile]:
        try:
            stream = self.path.open("rb")
        except OSError as error:
            raise CommandError(f"{self.place} cannot be read: {error.strerror}.") from None
        with stream:
            found = os.fstat(stream.fileno())
            if stat.S_ISREG(found.st_mode):
                yield OpenFile(self.name or UNNAMED, found.st_size, stream, is_kept=True)
                return
            bars.say(f"Reading {self.place} to its end")
            with spooled(blocks_of(stream), self.place, self.most_bytes) as (copy, size):
                yield OpenFile(self.name or UNNAMED, size, copy)


@dataclass(frozen=True)
class StandardInput:
    """The input that is piped into the command."""

    most_bytes: int
    place: str = field(default="the standard input", init=False)
    name: str | None = field(default=None, init=False)

    @contextmanager
    def opened(self, bars: Bars) -> Iterator[OpenFile]:
        if sys.stdin.isatty():
            bars.say("Reading from the terminal; Ctrl-D ends it")
        with spooled(blocks_of(sys.stdin.buffer), self.place, self.most_bytes) as (copy, size):
            yield OpenFile(UNNAMED, size, copy)


def blocks_of(stream: BinaryIO) -> Iterator[bytes]:
    """A stream a block at a time."""
    return iter(partial(stream.read, BLOCK_SIZE), b"")


@contextmanager
def spooled(blocks: Iterable[bytes], place: str, most_bytes: int) -> Iterator[tuple[BinaryIO, int]]:
    """Copy a source that can be read only once into an unnamed temporary file; return it and its size.

    Raises:
        CommandError: there is more of it than `most_bytes`, or no room for it.
    """
    with TemporaryFile() as file:
        size = 0
        try:
            for block in blocks:
                size += len(block)
                if size > most_bytes:
                    raise CommandError(
                        f"{place} has more than {most_bytes:,} bytes, the most that is read from a pipe or an address. "
                        "--max-bytes raises that."
                    )
                file.write(block)
            file.seek(0)
        except OSError as error:
            raise CommandError(
                f"{place} could not be copied to the temporary folder {gettempdir()}: {error.strerror}. "
                "TMPDIR names another one."
            ) from None
        yield file, size


@dataclass(frozen=True)
class Found:
    """The files that were named, and what else was in the folders and patterns."""

    sources: list[Source]
    passed_over: list[str]


def find_sources(places: Sequence[str], most_bytes: int) -> Found:
    """Resolve the arguments of the command into sources, in their order.

    Raises:
        CommandError: one of them matches nothing.
    """
    found = Found([], [])
    for place in places:
        _add(found, place, most_bytes)
    return found


def _add(found: Found, place: str, most_bytes: int) -> None:
    if place == STANDARD_INPUT:
        found.sources.append(StandardInput(most_bytes))
    elif scheme := ADDRESS.match(place):
        found.sources.append(_address(place, scheme[1].lower(), most_bytes))
    elif Path(place).is_dir():
        _add_folder(found, Path(place), most_bytes)
    elif not Path(place).exists() and PATTERN.search(place):
        _add_matches(found, place, most_bytes)
    else:
        _check(Path(place))
        found.sources.append(LocalFile(Path(place), most_bytes))


def _address(place: str, scheme: str, most_bytes: int) -> Source:
    from app.cli.importing.download import Download

    if scheme not in ("http", "https"):
        raise CommandError(
            f"'{place}' cannot be read: addresses begin with https:// or http://. Pipe what it gives into "
            "`tolva import - --dataset NAME`."
        )
    return Download(place, most_bytes)


def _add_folder(found: Found, folder: Path, most_bytes: int) -> None:
    """The folder's own files that are CSV by their name; one alone goes with the pictures that are there."""
    from app.cli.importing.picture_folder import PictureFolder, find_pictures

    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
        pictures = find_pictures(folder)
    except OSError as error:
        raise CommandError(f"{folder} cannot be read: {error.strerror}.") from None
    files = [entry for entry in entries if is_csv(entry.name) and entry.is_file()]
    if not files:
        raise CommandError(f"There is no CSV file in the folder {folder}: their names end with .csv or .tsv.")
    if pictures and len(files) == 1:
        found.sources.append(PictureFolder(folder, files[0], pictures))
        left = (entry for entry in entries if entry not in (*files, *pictures) and not entry.is_dir())
        found.passed_over.extend(map(str, left))
        return
    found.sources.extend(LocalFile(file, most_bytes) for file in files)
    found.passed_over.extend(f"{entry}{'/' if entry.is_dir() else ''}" for entry in entries if entry not in files)


def is_csv(name: str) -> bool:
    """Return whether a file is CSV by its name, and neither hidden nor another program's."""
    return bool(ENDINGS.search(name)) and not name.startswith((".", "~"))


def _add_matches(found: Found, pattern: str, most_bytes: int) -> None:
    matches = [Path(match) for match in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207  # any path, ~ not
    files = [match for match in matches if not match.is_dir()]
    if not files:
        raise CommandError(f"No file matches {pattern}.")
    found.sources.extend(LocalFile(file, most_bytes) for file in files)
    found.passed_over.extend(f"{match}/" for match in matches if match.is_dir())


def _check(file: Path) -> None:
    try:
        file.stat()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a path"
        raise CommandError(f"{file} cannot be read: {reason}.") from None
