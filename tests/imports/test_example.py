"""The example with pictures: examples/catalog.zip."""

import io
import zipfile
import zlib

from app.imports.worker import pictures as worker_pictures
from examples.draw_catalog import ARCHIVE, PICTURES, draw_catalog
from tests.imports.conftest import Importer, types
from tests.imports.pictures import QuickCheck

MOST_BYTES = 60_000


def files_of(archive: bytes) -> dict[str, bytes]:
    """The files of an archive; of a picture its pixels, which libraries pack differently."""
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        return {info.filename: pixels(packed.read(info)) for info in packed.infolist()}


def pixels(content: bytes) -> bytes:
    """The pixels of a PNG file, any other content as it is."""
    start = content.find(b"IDAT")
    length = int.from_bytes(content[start - 4 : start])
    return zlib.decompress(content[start + 4 : start + 4 + length]) if start >= 0 else content


class TestCatalog:
    def test_it_is_small_and_as_its_script_draws_it(self) -> None:
        assert ARCHIVE.stat().st_size < MOST_BYTES
        assert files_of(ARCHIVE.read_bytes()) == files_of(draw_catalog())

    async def test_its_pictures_become_images(self, importer: Importer) -> None:
        worker_pictures.use_check(QuickCheck())
        shown = await importer("catalog", ARCHIVE.read_bytes(), filename="catalog.zip")
        assert shown["status"] == "succeeded", shown["problem"]
        assert types(shown) == {
            "sku": "text", "name": "text", "category": "text", "price": "decimal", "photo": "image"
        }  # fmt: skip
        assert (shown["images"]["matched"], shown["images"]["unused"]) == (7, 0)
        assert shown["warnings"] == []
        assert len(PICTURES) == 6
        assert (await importer.dataset("catalog"))["key"] == ["sku"]
