"""A folder with one table and pictures, sent as the archive that it would be."""

import os
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import BinaryIO

from app.cli.display.bars import Bar, Bars
from app.cli.importing.sources import OpenFile
from app.client.api import BLOCK_SIZE, CommandError
from app.imports.archive.file_kinds import IGNORED, PICTURE
from app.local.file_names import ENDINGS_OF_TABLES, announced_name

# As no file's time is part of it, the same files make the same archive.
_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class PictureFolder:
    """A folder of a table and its pictures; the archive is called as the table."""

    folder: Path
    table: Path
    pictures: tuple[Path, ...]

    @property
    def place(self) -> str:
        return str(self.folder)

    @property
    def name(self) -> str:
        return f"{announced_name(ENDINGS_OF_TABLES.sub('', self.table.name))[-190:]}.zip"

    @contextmanager
    def opened(self, bars: Bars) -> Iterator[OpenFile]:
        """The archive, in a temporary file."""
        files = (self.table, *self.pictures)
        try:
            size = sum(file.stat().st_size for file in files)
            with TemporaryFile() as target:
                with bars.transfer(f"Packing {self.folder}", size) as bar:
                    self._pack(target, files, bar)
                size = target.tell()
                target.seek(0)
                yield OpenFile(self.name, size, target)
        except OSError as error:
            place = error.filename or f"the temporary folder {gettempdir()} (TMPDIR names another one)"
            raise CommandError(f"{self.folder} could not be packed: {place}: {error.strerror}.") from None

    def _pack(self, target: BinaryIO, files: tuple[Path, ...], bar: Bar) -> None:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for file in files:
                info = zipfile.ZipInfo(file.relative_to(self.folder).as_posix(), _DATE)
                with file.open("rb") as source, archive.open(info, "w", force_zip64=True) as member:
                    while block := source.read(BLOCK_SIZE):
                        member.write(block)
                        bar.advance(len(block))
        target.seek(0, os.SEEK_END)


def find_pictures(folder: Path) -> tuple[Path, ...]:
    """The pictures in a folder and in those below it; links to folders are not followed.

    Raises:
        OSError: a folder cannot be read.
    """
    found = []
    for root, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        found += [Path(root, name) for name in sorted(names) if PICTURE.search(name) and not IGNORED.search(name)]
    return tuple(file for file in found if stat.S_ISREG(file.stat().st_mode))


def _raise(error: OSError) -> None:
    raise error
