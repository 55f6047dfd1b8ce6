"""Source: the file as a stream of blocks: fetched, decompressed, decoded to UTF-8.

The first bytes tell what a file is: its compression, its encoding, or that it is no CSV at all.
"""

import asyncio
import codecs
import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
import numpy.typing as npt
import zstandard

from app.core.storage import StoredObject, read_object
from app.imports.errors import EncodingMismatch, FileDamaged, FileEmpty, FileNotCsv
from app.imports.options import ImportOptions

BLOCK_SIZE = 1024 * 1024
SAMPLE_SIZE = 256 * 1024
# Of text these are rare; those that may delimit fields, and NUL, which has a limit of its own, are not among them.
_CONTROLS = bytes([*range(1, 9), *range(0x0E, 0x1B), 0x7F])
Compression = Literal["none", "gzip", "zstd"]

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
FOREIGN = (
    (b"\x89PNG", "a PNG picture", "Upload a CSV file."),
    (b"\xff\xd8\xff", "a JPEG picture", "Upload a CSV file."),
    (b"GIF8", "a GIF picture", "Upload a CSV file."),
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "Unpack it, or save the sheet as CSV."),
    (b"PK\x05\x06", "an empty zip archive", "Upload the CSV file itself, or compress it with gzip or zstd."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save the sheet as CSV."),
    (b"%PDF", "a PDF document", "Export the table as CSV."),
    (b"PAR1", "a Parquet file", "Export it as CSV."),
    (b"SQLite format 3", "an SQLite database", "Export the table as CSV."),
    (b"BZh", "compressed with bzip2", "Compress it with gzip or zstd."),
    (b"\xfd7zXZ", "compressed with xz", "Compress it with gzip or zstd."),
    (b"\x7fELF", "a program", "Upload a CSV file."),
)  # fmt: skip
# Text, but no table unless its `header` is given. The first is what a download answers that wanted a login.
DOCUMENTS = (
    (re.compile(rb"<(!doctype html|html|head|body)\b", re.IGNORECASE), "an HTML page", "Download the CSV file itself."),
    (re.compile(rb"<(\?xml|!doctype|!--)", re.IGNORECASE), "an XML document", "Export the table as CSV."),
    (re.compile(rb"(\[\s*)?\{\s*(\"|\}\s*$)|\[\s*[\[\"\]]"), "a JSON document", "Write its records as CSV."),
)
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Block:
    """Decoded bytes; `read` is how many bytes of the stored file have been fetched with it."""

    data: bytes
    read: int


@dataclass(frozen=True)
class Encoding:
    """The encoding, and how many bytes its mark at the file's beginning takes.

    `is_guess` is true where only the whole file can tell.
    """

    name: str
    mark: int = 0
    is_guess: bool = False

    @property
    def is_utf8(self) -> bool:
        return codecs.lookup(self.name).name in ("utf-8", "ascii")

    def offset(self, data: bytes, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The places in decoded `data`, in ascending order, as bytes of the file, counted from where `data` begins."""
        if self.is_utf8 or not len(places):
            return places
        distances, before, total = np.empty(len(places), np.int64), 0, 0
        for index, place in enumerate(places):
            total += len(data[before:place].decode("utf-8", "surrogateescape").encode(self.name, "surrogateescape"))
            distances[index], before = total, int(place)
        return distances

    def size(self, data: bytes) -> int:
        """How many bytes of the file decoded `data` was."""
        return int(self.offset(data, np.array([len(data)]))[0])


class Source:
    """One stored file, to be read from its beginning as often as needed."""

    def __init__(self, stored: StoredObject, options: ImportOptions) -> None:
        self._stored = stored
        self._options = options
        self.compression: Compression = "none"
        self.encoding = Encoding("utf-8", is_guess=True)
        self.warnings: list[str] = []
        # The download that `open` began, and what it has taken from it: the first pass goes on with both.
        self._begun: tuple[bytes, AsyncGenerator[bytes]] | None = None
        self._sample, self._sample_is_all = b"", False

    async def open(self) -> None:
        """Fetch the first bytes and look at them: settle compression and encoding.

        Raises:
            FileEmpty, FileNotCsv, FileDamaged: there is nothing to import.
        """
        if self._stored.size == 0:
            raise FileEmpty("The file has 0 bytes.", hint="Upload a file with a header and records.")
        first = await self._begin()
        self.compression = self._options.compression or _find_compression(first)
        _refuse_foreign(first)
        is_all = len(first) == self._stored.size
        if self.compression != "none":
            first, is_all = _decompress_some(self.compression, first, is_all)
            _refuse_foreign(first)
        if self._options.header is None:
            _refuse_document(first)
        self.encoding = _find_encoding(first, self._options.encoding)
        self._sample, self._sample_is_all = first[:SAMPLE_SIZE], is_all and len(first) <= SAMPLE_SIZE

    async def close(self) -> None:
        """End a download that no pass has gone on with."""
        if self._begun is not None:
            await self._begun[1].aclose()
            self._begun = None

    async def blocks(self) -> AsyncIterator[Block]:
        """The file in UTF-8, without its mark, in blocks of about `BLOCK_SIZE`.

        Bytes that are not of the encoding stay as they are, to be found by whoever validates the cells.
        """
        decode = _decoder(self.encoding)
        to_skip = self.encoding.mark
        async for raw, read in self._raw_blocks():
            data = raw[to_skip:]
            to_skip -= len(raw) - len(data)
            if decode is not None:
                data = await asyncio.to_thread(decode, data, False)
            if data:
                yield Block(data, read)
        if decode is not None and (rest := decode(b"", True)):
            yield Block(rest, self._stored.size)

    async def _raw_blocks(self) -> AsyncIterator[tuple[bytes, int]]:
        expand = None if self.compression == "none" else _Expander(self.compression)
        read, waiting, size = 0, list[bytes](), 0
        async for data in self._fetch():
            read += len(data)
            if expand is None:
                waiting.append(data)
                size += len(data)
                if size >= BLOCK_SIZE:
                    yield b"".join(waiting), read
                    waiting, size = [], 0
                continue
            pieces = expand.feed(data)
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                yield piece, read
        if expand is not None:
            for piece in expand.finish():
                yield piece, read
        if waiting:
            yield b"".join(waiting), read

    async def _begin(self) -> bytes:
        """The first bytes of the stored file, at least as many as a sample needs."""
        first, download = b"", read_object(self._stored)
        async for data in download:
            first += data
            if len(first) >= SAMPLE_SIZE:
                break
        self._begun = first, download
        return first

    async def _fetch(self) -> AsyncIterator[bytes]:
        """The stored file from its beginning, by the download that is under way where there is one."""
        first, download = self._begun or (b"", read_object(self._stored))
        self._begun = None
        async with aclosing(download):
            if first:
                yield first
            async for data in download:
                yield data

    def sample(self) -> tuple[bytes, bool]:
        """The first part of the decoded file, and whether it is all of it."""
        data, decode = self._sample[self.encoding.mark :], _decoder(self.encoding)
        return data if decode is None else decode(data, self._sample_is_all), self._sample_is_all

    async def take_census(self) -> None:
        """Settle the encoding by all of the file: cp1252 where its bytes make sense as that, and rarely as UTF-8."""
        counts = np.zeros(256, np.int64)
        characters = in_characters = 0
        decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        async for raw, _ in self._raw_blocks():
            counts += np.bincount(np.frombuffer(raw, np.uint8), minlength=256)
            text = decoder.decode(raw)
            encoded = np.frombuffer(text.encode(), np.uint8)
            high = int(np.count_nonzero(encoded >= 0x80))
            in_characters += high
            characters += len(text) - (len(encoded) - high)
        # As ÿ or ý a byte is rare, and five bytes are none at all in cp1252.
        odd = int(counts[0xFD:].sum() + counts[[0x81, 0x8D, 0x8F, 0x90, 0x9D]].sum())
        stray = int(counts[0x80:].sum()) - in_characters
        self.encoding = Encoding("utf-8")
        if stray > characters and not odd:
            self.encoding = Encoding("cp1252")
            self.warnings = [
                "The file is not UTF-8 and was read as cp1252. Give its `encoding` if its letters are wrong."
            ]


def _find_compression(first: bytes) -> Compression:
    return "gzip" if first.startswith(GZIP) else "zstd" if first.startswith(ZSTD) else "none"


def _refuse_foreign(first: bytes) -> None:
    for magic, what, hint in FOREIGN:
        if first.startswith(magic):
            raise FileNotCsv(f"The file is {what}.", hint=hint)


def _refuse_document(first: bytes) -> None:
    beginning = first[:1024].removeprefix(codecs.BOM_UTF8).lstrip()
    for pattern, what, hint in DOCUMENTS:
        if pattern.match(beginning):
            raise FileNotCsv(f"The file is {what}.", hint=hint)


def _find_encoding(first: bytes, given: str | None) -> Encoding:
    for mark, name in MARKS:
        if first.startswith(mark) and (given is None or _agrees(given, name)):
            return Encoding(name, len(mark))
    if given is not None:
        name = codecs.lookup(given).name
        return Encoding({"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}.get(name, name))
    head = first[:4096]
    if wide := _find_wide_encoding(head):
        return Encoding(wide)
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if head.count(0) > 0.1 * len(head) or controls > 0.05 * len(head):
        raise FileNotCsv("The file holds binary data.", hint="Upload a CSV file in UTF-8.")
    return Encoding("utf-8", is_guess=True)


def _agrees(given: str, marked: str) -> bool:
    name = codecs.lookup(given).name
    return name == marked or (
        name in ("utf-16", "utf-32", "utf-8-sig") and marked.startswith(name.removesuffix("-sig"))
    )


def _find_wide_encoding(head: bytes) -> str | None:
    """UTF-16 without a mark shows as a NUL in every other byte."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 0.7 * len(head) / 2 and even < 0.05 * len(head):
        return "utf-16-le"
    if even > 0.7 * len(head) / 2 and odd < 0.05 * len(head):
        return "utf-16-be"
    return None


def _decoder(encoding: Encoding) -> Callable[[bytes, bool], bytes] | None:
    """What turns the file's bytes into UTF-8, block by block; None where they are that already."""
    if encoding.is_utf8:
        return None
    decoder = codecs.getincrementaldecoder(encoding.name)("surrogateescape")

    def decode(data: bytes, final: bool) -> bytes:
        try:
            return decoder.decode(data, final).encode("utf-8", "surrogateescape")
        except UnicodeDecodeError as error:
            raise EncodingMismatch(
                f"The file is not {encoding.name}: byte {error.object[error.start : error.end].hex(' ')} is not of it.",
                hint="Give the right `encoding`, or leave it out.",
            ) from None

    return decode


class _Expander:
    """Decompresses a stream of one or more members, in pieces of bounded size."""

    def __init__(self, compression: Compression) -> None:
        self._compression = compression
        self._member = _new_member(compression)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            # What follows the last member may be padding.
            if self._member.eof and not data.strip(b"\0"):
                return
            if self._member.eof:
                self._member = _new_member(self._compression)
            try:
                piece, data = self._member.expand(data)
            except (zlib.error, zstandard.ZstdError) as error:
                raise FileDamaged(
                    f"The {self._compression} data is damaged: {error}.", hint="Compress and upload the file again."
                ) from None
            if piece:
                yield piece

    def finish(self) -> Iterator[bytes]:
        """What the decompressor still holds; raises FileDamaged when the last member is cut off."""
        while not self._member.eof:
            piece, _ = self._member.expand(b"")
            if not piece:
                raise FileDamaged(f"The {self._compression} data ends too early.", hint="Upload the whole file.")
            yield piece


class _GzipMember:
    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    def expand(self, data: bytes) -> tuple[bytes, bytes]:
        """A piece of the content, and what of `data` is left."""
        piece = self._inflate.decompress(data, BLOCK_SIZE)
        return piece, self._inflate.unconsumed_tail or self._inflate.unused_data


class _ZstdMember:
    # Four bytes may stand for a block of 128 KiB: small portions bound what comes out at once.
    PORTION = 128

    def __init__(self) -> None:
        self._inflate = zstandard.ZstdDecompressor(max_window_size=2**27).decompressobj()

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    def expand(self, data: bytes) -> tuple[bytes, bytes]:
        """A piece of the content, and what of `data` is left."""
        portions: list[bytes] = []
        size = used = 0
        while used < len(data) and size < BLOCK_SIZE and not self._inflate.eof:
            portion = data[used : used + self.PORTION]
            portions.append(self._inflate.decompress(portion))
            size += len(portions[-1])
            used += len(portion) - len(self._inflate.unused_data)
        return b"".join(portions), data[used:]


def _new_member(compression: Compression) -> _GzipMember | _ZstdMember:
    return _GzipMember() if compression == "gzip" else _ZstdMember()


def _decompress_some(compression: Compression, first: bytes, is_all: bool) -> tuple[bytes, bool]:
    """The content of the first bytes of a compressed file, as much as a sample needs, and whether it is all of it."""
    expander = _Expander(compression)
    content = b""
    for piece in chain(expander.feed(first), expander.finish() if is_all else ()):
        content += piece
        if len(content) > SAMPLE_SIZE:
            return content, False
    return content, is_all
