"""A zip archive of records and the pictures that they name, which imports again as it is."""

import csv
import io
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from tempfile import TemporaryFile
from typing import BinaryIO
from urllib.parse import quote

from app.cli.arguments.names import dataset_path
from app.cli.display.bars import Bars
from app.client.api import Client, CommandError, Document
from app.imports.archive.file_kinds import PICTURE_FOLDER

# As no time is part of it, the same records make the same archive.
_DATE = (1980, 1, 1, 0, 0, 0)
_ID = re.compile(r"img_[0-9a-f]{20}")


class ArchiveExport:
    """Exports records of a dataset with their pictures."""

    def __init__(self, client: Client, dataset: str, bars: Bars) -> None:
        self._client = client
        self._dataset = dataset
        self._bars = bars

    def write(self, target: BinaryIO, pieces: Iterable[bytes]) -> int:
        """Write the archive of a table, which comes in pieces of CSV; how many pictures are in it.

        Raises:
            CommandError: a picture is not there any more.
        """
        with TemporaryFile() as table:
            for piece in pieces:
                table.write(piece)
            table.seek(0)
            pictures = self._find_pictures(_cells_of(table, self._image_columns()))
            with zipfile.ZipFile(target, "w") as archive:
                table.seek(0)
                with archive.open(
                    _entry(f"{self._dataset}.csv", zipfile.ZIP_DEFLATED), "w", force_zip64=True
                ) as member:
                    shutil.copyfileobj(table, member)
                self._add(archive, pictures)
        return len(pictures)

    def _image_columns(self) -> list[str]:
        dataset = self._client.request("GET", dataset_path(self._dataset))
        return [column["name"] for column in dataset["columns"] if column["type"] == "image"]

    def _find_pictures(self, cells: set[str]) -> dict[str, Document]:
        """The images that cells name, by their names in the archive; one that is named by its id is called so."""
        if not cells:
            return {}
        named: dict[str, Document] = {}
        by_id: dict[str, Document] = {}
        # The newest comes first, which is the one that a filename means.
        for image in self._client.list_all("/images", parameters=[("dataset", self._dataset), ("status", "ready")]):
            named.setdefault(image["filename"], image)
            by_id[image["id"]] = image
        found = {}
        for cell in cells:
            if _ID.fullmatch(cell):
                image = by_id.get(cell) or self._client.request("GET", f"/images/{cell}")
                found[f"{cell}{_suffix(image['filename'])}"] = image
            elif cell in named:
                found[cell] = named[cell]
            else:
                raise CommandError(f"There is no image '{cell}' any more: it was deleted meanwhile. Export again.")
        return dict(sorted(found.items()))

    def _add(self, archive: zipfile.ZipFile, pictures: dict[str, Document]) -> None:
        size = sum(image["size"] or 0 for image in pictures.values())
        with self._bars.transfer("Downloading pictures", size) as bar:
            for name, image in pictures.items():
                path = f"/images/{quote(image['id'], safe='')}/original"
                with (
                    self._client.stream("GET", path, accept="*/*") as pieces,
                    archive.open(_entry(f"{PICTURE_FOLDER}{name}"), "w", force_zip64=True) as member,
                ):
                    for piece in pieces:
                        member.write(piece)
                        bar.advance(len(piece))


def _entry(path: str, method: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, _DATE)
    info.compress_type = method
    return info


def _suffix(filename: str) -> str:
    _, dot, ending = filename.rpartition(".")
    return f".{ending}" if dot and "/" not in ending else ""


def _cells_of(table: BinaryIO, columns: Sequence[str]) -> set[str]:
    """The cells of some columns of a CSV file."""
    text = io.TextIOWrapper(table, "utf-8", newline="")
    try:
        return set(filter(None, _read_cells(text, columns)))
    finally:
        text.detach()


def _read_cells(text: io.TextIOWrapper, columns: Sequence[str]) -> Iterator[str]:
    # A JSON document or a text may be long.
    csv.field_size_limit(2**31 - 1)
    rows = csv.reader(text)
    header = next(rows, [])
    places = [place for place, name in enumerate(header) if name in columns]
    for row in rows:
        yield from (row[place] for place in places)
