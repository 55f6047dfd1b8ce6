"""The file as a stream of decoded blocks: compression, encoding, and files that are not CSV."""

import gzip
import os
import random
import tracemalloc
from collections.abc import Callable
from functools import partial

import pytest
import zstandard

from app.core.aws.storage import ObjectWriter, find_object
from app.core.settings import get_settings
from app.datasets.import_options import ImportOptions
from app.imports.errors import EncodingMismatch, FileDamaged, FileEmpty, FileNotCsv, UnpackedTooLarge
from app.imports.source.compression import BLOCK_SIZE, SAMPLE_SIZE
from app.imports.source.source import ArchiveFound, Source

pytestmark = pytest.mark.usefixtures("database_url")

TEXT = b"id,name\n1,a\n2,b\n"
# Without the time of day, which would give a test another name in each process.
compressed = partial(gzip.compress, mtime=0)


async def source(content: bytes, **options: object) -> Source:
    """The opened source of a file with this content."""
    writer = ObjectWriter("uploads/file.csv", "text/csv")
    await writer.write(content)
    await writer.finish()
    stored = await find_object("uploads/file.csv")
    assert stored is not None
    opened = Source(stored, ImportOptions.model_validate(options))
    await opened.open()
    return opened


async def read(opened: Source) -> bytes:
    return b"".join([block.data async for block in opened.blocks()])


class TestCompression:
    @pytest.mark.parametrize(
        ("content", "name"),
        [
            (TEXT, "none"),
            (compressed(TEXT), "gzip"),
            (compressed(TEXT[:9]) + compressed(TEXT[9:]), "gzip"),
            (compressed(TEXT) + bytes(512), "gzip"),
            (zstandard.compress(TEXT), "zstd"),
            (zstandard.compress(TEXT[:9]) + zstandard.compress(TEXT[9:]), "zstd"),
        ],
    )
    async def test_is_told_by_the_first_bytes(self, content: bytes, name: str) -> None:
        opened = await source(content)
        assert opened.compression == name
        assert await read(opened) == TEXT
        assert opened.sample() == (TEXT, True)

    @pytest.mark.parametrize("compress", [compressed, zstandard.compress], ids=["gzip", "zstd"])
    async def test_of_a_file_of_many_blocks(self, compress: object) -> None:
        content = b"id,name\n" + random.Random(7).randbytes(3 * BLOCK_SIZE).hex().encode()
        assert callable(compress)
        assert await read(await source(compress(content))) == content

    async def test_delimiters_of_ascii_are_text(self) -> None:
        assert await read(await source(b"a\x1fb\x1e1\x1f2\x1e")) == b"a\x1fb\x1e1\x1f2\x1e"

    @pytest.mark.parametrize("content", [compressed(TEXT * 50), zstandard.compress(TEXT * 50)])
    async def test_cut_off(self, content: bytes) -> None:
        with pytest.raises(FileDamaged, match="ends too early"):
            await source(content[:-5])

    async def test_cut_off_behind_the_sample(self) -> None:
        opened = await source(compressed(random.Random(7).randbytes(SAMPLE_SIZE).hex().encode())[:-5])
        with pytest.raises(FileDamaged, match="ends too early"):
            await read(opened)

    async def test_damaged(self) -> None:
        content = bytearray(compressed(random.Random(7).randbytes(100_000).hex().encode()))
        content[60_000] ^= 0xFF
        with pytest.raises(FileDamaged, match="is damaged"):
            await read(await source(bytes(content)))

    @pytest.mark.parametrize("compress", [compressed, zstandard.compress], ids=["gzip", "zstd"])
    async def test_a_bomb_comes_out_in_small_pieces(self, compress: object) -> None:
        assert callable(compress)
        opened = await source(compress(b"a,b\n" * (15 * 1024 * 1024)))
        tracemalloc.start()
        try:
            sizes = [len(block.data) async for block in opened.blocks()]
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert sum(sizes) == 60 * 1024 * 1024
        assert max(sizes) <= 2 * BLOCK_SIZE
        # Pieces that are made together, a block of them, and what waits: a quarter of the whole at most.
        assert peak < 15 * BLOCK_SIZE


class TestEncoding:
    @pytest.mark.parametrize(
        ("content", "name", "mark"),
        [
            (b"\xef\xbb\xbf" + TEXT, "utf-8", 3),
            (TEXT, "utf-8", 0),
            (b"\xff\xfe" + TEXT.decode().encode("utf-16-le"), "utf-16-le", 2),
            (b"\xfe\xff" + TEXT.decode().encode("utf-16-be"), "utf-16-be", 2),
            (TEXT.decode().encode("utf-16-le"), "utf-16-le", 0),
            (TEXT.decode().encode("utf-16-be"), "utf-16-be", 0),
            (b"\xff\xfe\0\0" + TEXT.decode().encode("utf-32-le"), "utf-32-le", 4),
        ],
    )
    async def test_is_told_by_the_mark_or_the_bytes(self, content: bytes, name: str, mark: int) -> None:
        for data in (content, compressed(content)):
            opened = await source(data)
            assert (opened.encoding.name, opened.encoding.mark) == (name, mark)
            assert await read(opened) == TEXT

    @pytest.mark.parametrize("name", ["cp1252", "shift_jis", "utf-16", "iso8859-15", "gb18030"])
    async def test_declared(self, name: str) -> None:
        text = "id,t\n1,abc\n"
        assert await read(await source(text.encode(name), encoding=name)) == text.encode()

    async def test_characters_over_the_border_of_a_block(self) -> None:
        text = "é😀" * 1_500_000
        assert await read(await source(text.encode("utf-16-le"), encoding="utf-16-le")) == text.encode()

    async def test_bytes_of_no_character_stay(self) -> None:
        opened = await source(b"a\n\x81\n", encoding="cp1252")
        assert await read(opened) == b"a\n\x81\n"

    async def test_of_another_encoding_than_declared(self) -> None:
        opened = await source(b"id,t\n1,\xd8\x00", encoding="utf-16")
        with pytest.raises(EncodingMismatch, match="The file is not utf-16-le"):
            await read(opened)


class TestCensus:
    @pytest.mark.parametrize(
        ("content", "name"),
        [
            ("5 € – café’s".encode("cp1252"), "cp1252"),
            ("café ".encode() * 20 + b"\xe9", "utf-8"),
            ("café ".encode("cp1252") * 20 + "Ã©".encode("cp1252"), "cp1252"),
            (b"plain \xff", "utf-8"),
            (b"plain \x81 \xe9", "utf-8"),
        ],
    )
    async def test_weighs_all_bytes(self, content: bytes, name: str) -> None:
        opened = await source(b"id,t\n" + content)
        assert opened.encoding.is_guess
        await opened.take_census()
        assert (opened.encoding.name, opened.encoding.is_guess) == (name, False)


class TestForeignFiles:
    @pytest.mark.parametrize(
        ("content", "what", "hint"),
        [
            (b"\x89PNG\r\n\x1a\n" + bytes(50), "a PNG picture", "Upload a CSV"),
            (b"%PDF-1.7\n", "a PDF document", "Export"),
            (b"PAR1" + bytes(20), "a Parquet file", "Export"),
            (b"\xef\xbb\xbf\r\n<!DOCTYPE HTML>\n<html>", "an HTML page", "Download the CSV file itself"),
            (compressed(b"<html lang=en>"), "an HTML page", "Download"),
            (b'<?xml version="1.0"?>\n<rows/>', "an XML document", "Export"),
            (b'{"a": 1}\n{"a": 2}\n', "a JSON document", "Write its records as CSV"),
            (b'[\n  {"a": 1}]', "a JSON document", "CSV"),
            (b'["a", "b"]\n[1, 2]', "a JSON document", "CSV"),
            (compressed(b"PK\x03\x04" + bytes(50)), "a zip archive", "save the sheet"),
            (bytes(range(256)) * 2 + bytes(2000), "binary data", "UTF-8"),
            (random.Random(7).randbytes(5000), "binary data", "UTF-8"),
            (random.Random(7).randbytes(5000).replace(b"\0", b"\1"), "binary data", "UTF-8"),
        ],
    )
    async def test_are_refused_with_a_hint(self, content: bytes, what: str, hint: str) -> None:
        with pytest.raises(FileNotCsv, match=what) as refused:
            await source(content)
        assert hint in (refused.value.hint or "")

    async def test_an_archive_is_to_be_opened(self) -> None:
        with pytest.raises(ArchiveFound):
            await source(b"PK\x03\x04" + bytes(50))

    @pytest.mark.parametrize(
        "content", [b"[id],[name]\n1,a\n", b"{id},{name}\n1,a\n", b"<id>,<name>\n1,a\n", b"[1],[2]\n1,a\n", b"html\n<"]
    )
    async def test_odd_headers_are_not_among_them(self, content: bytes) -> None:
        assert (await source(content)).sample() == (content, True)

    async def test_a_document_is_a_table_where_its_header_is_given(self) -> None:
        content = b'{"a": 1}\n{"a": 2}\n'
        assert (await source(content, header=False)).sample() == (content, True)

    async def test_empty_ones_too(self) -> None:
        with pytest.raises(FileEmpty):
            await source(b"")


def set_limit(name: str, value: str) -> None:
    """Change a setting, which the fixture `setting` restores."""
    os.environ[name] = value
    get_settings.cache_clear()


class TestUnpackedLimit:
    BOMB = b"\n" * (80 * BLOCK_SIZE)

    @pytest.mark.parametrize("compress", [compressed, zstandard.compress], ids=["gzip", "zstd"])
    @pytest.mark.parametrize("members", [1, 4])
    async def test_of_the_ratio(self, compress: Callable[[bytes], bytes], members: int) -> None:
        opened = await source(compress(self.BOMB[::members]) * members)
        with pytest.raises(UnpackedTooLarge, match="more than 200 times") as raised:
            [block async for block in opened.blocks()]
        assert "TOLVA_MAX_UNPACKED_RATIO" in (raised.value.hint or "")

    @pytest.mark.parametrize("compress", [compressed, zstandard.compress], ids=["gzip", "zstd"])
    async def test_of_the_census(self, compress: Callable[[bytes], bytes]) -> None:
        opened = await source(compress(self.BOMB))
        with pytest.raises(UnpackedTooLarge):
            await opened.take_census()

    @pytest.mark.usefixtures("setting")
    @pytest.mark.parametrize("compress", [compressed, zstandard.compress], ids=["gzip", "zstd"])
    @pytest.mark.parametrize("members", [1, 100])
    async def test_of_bytes(self, compress: Callable[[bytes], bytes], members: int) -> None:
        set_limit("TOLVA_MAX_UNPACKED_BYTES", "10000")
        assert len(await read(await source(compress(b"x\n" * (5000 // members)) * members))) == 10_000
        opened = await source(compress(b"x\n" * (5000 // members)) * members + compress(b"x"))
        with pytest.raises(UnpackedTooLarge, match="more than 10,000 bytes") as raised:
            await read(opened)
        assert "TOLVA_MAX_UNPACKED_BYTES" in (raised.value.hint or "")

    @pytest.mark.usefixtures("setting")
    async def test_of_a_ratio_that_is_set(self) -> None:
        set_limit("TOLVA_MAX_UNPACKED_RATIO", "100000")
        opened = await source(zstandard.compress(self.BOMB))
        assert sum([len(block.data) async for block in opened.blocks()]) == len(self.BOMB)

    @pytest.mark.usefixtures("setting")
    async def test_what_is_not_packed_has_none(self) -> None:
        set_limit("TOLVA_MAX_UNPACKED_BYTES", "1024")
        assert await read(await source(TEXT * 1000)) == TEXT * 1000

    async def test_pieces_of_a_byte_make_whole_blocks(self) -> None:
        members = b"".join(compressed(b"x") for _ in range(BLOCK_SIZE // 50))
        opened = await source(members)
        assert [len(block.data) async for block in opened.blocks()] == [BLOCK_SIZE // 50]
