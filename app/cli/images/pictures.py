"""Pictures that a command line names: files, and folders with all that is in them."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.client.api import CommandError
from app.images.file_names import MEDIA_TYPES, normal_filename

BLOCK_SIZE = 1024 * 1024


@dataclass(frozen=True)
class Picture:
    """A file that is to become an image, by the name that it gets."""

    path: Path
    filename: str
    size: int

    def sha256(self) -> str:
        """The digest of the file, in hexadecimal.

        Raises:
            CommandError: it cannot be read.
        """
        digest = hashlib.sha256()
        try:
            with self.path.open("rb") as file:
                while block := file.read(BLOCK_SIZE):
                    digest.update(block)
        except OSError as error:
            raise CommandError(f"'{self.path}' cannot be read: {error.strerror}.") from None
        return digest.hexdigest()


def find_pictures(named: Sequence[str]) -> list[Picture]:
    """The pictures among files and in folders, each once and in the order of their names within a folder.

    Raises:
        CommandError: one is not there, is no picture by its name, or has the same name as another.
    """
    pictures = [picture for name in named for picture in _pictures_at(Path(name))]
    by_name: dict[str, Picture] = {}
    for picture in pictures:
        other = by_name.setdefault(picture.filename, picture)
        if other.path.resolve() != picture.path.resolve():
            raise CommandError(
                f"'{other.path}' and '{picture.path}' have one name, and records name images by it. Rename one."
            )
    return list(by_name.values())


def _pictures_at(path: Path) -> Iterator[Picture]:
    if path.is_dir():
        inside = sorted(found for found in path.rglob("*") if _is_picture(found) and found.is_file())
        if not inside:
            raise CommandError(f"There is no picture in '{path}': the name of one ends in {', '.join(MEDIA_TYPES)}.")
        yield from map(_picture, inside)
    elif not path.is_file():
        raise CommandError(f"There is no file '{path}'.")
    else:
        yield _picture(path)


def _is_picture(path: Path) -> bool:
    hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return path.suffix.lower() in MEDIA_TYPES and not hidden


def _picture(path: Path) -> Picture:
    size = path.stat().st_size
    if size == 0:
        raise CommandError(f"'{path}' is empty.")
    try:
        return Picture(path, normal_filename(path.name), size)
    except ValueError:
        raise CommandError(f"'{path}' has a name with a sign that cannot be printed. Rename it.") from None
