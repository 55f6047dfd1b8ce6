"""Source: the file as a stream of blocks: fetched, decompressed, decoded to UTF-8.

The first bytes tell what a file is: its compression, its encoding, or that it is no CSV at all.
"""

import asyncio
import codecs
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from app.core.settings import get_settings
from app.core.storage import StoredObject, read_object
from app.datasets.import_options import ImportOptions
from app.imports.errors import EncodingMismatch, FileEmpty, FileNotCsv
from app.imports.unpack import BLOCK_SIZE, SAMPLE_SIZE, Compression, Expander, Gatherer, UnpackedLimit, unpack_some

SHORT_BYTES = 1024 * 1024
# Of text these are rare; those that may delimit fields, and NUL, which has a limit of its own, are not among them.
_CONTROLS = bytes([*range(1, 9), *range(0x0E, 0x1B), 0x7F])

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


Item = TypeVar("Item")


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
            total += self._size(data, before, int(place))
            distances[index], before = total, int(place)
        return distances

    def _size(self, data: bytes, start: int, end: int) -> int:
        """How many bytes of the file some decoded ones were, a part of them at a time."""
        total = 0
        while start < end:
            stop = min(start + BLOCK_SIZE, end)
            if stop < end:
                # Not inside a character, which has four bytes at most.
                stop -= next((back for back in range(4) if data[stop - back] & 0xC0 != 0x80), 0)
            text = data[start:stop].decode("utf-8", "surrogateescape")
            total += len(text.encode(self.name, "surrogateescape"))
            start = stop
        return total

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
            first, is_all = unpack_some(self.compression, first, is_all)
            _refuse_foreign(first)
        if self._options.header is None:
            _refuse_document(first)
        self.encoding = _find_encoding(first, self._options.encoding)
        self._sample, self._sample_is_all = first[:SAMPLE_SIZE], is_all and len(first) <= SAMPLE_SIZE

    @property
    def is_short(self) -> bool:
        """Whether the file is done with soon, whatever it holds: one that is packed has been seen to its end."""
        return self._sample_is_all or (self.compression == "none" and self._stored.size <= SHORT_BYTES)

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
        """The file unpacked, in blocks of about `BLOCK_SIZE`, each with how much of the stored file it took so far."""
        expander = None if self.compression == "none" else Expander(self.compression)
        gatherer = Gatherer(self._unpacked_limit() if expander else None)
        read = 0
        async for data in self._fetch():
            read += len(data)
            if expander is None:
                for block in gatherer.feed((data,)):
                    yield block, read
            else:
                async for block in in_thread(gatherer.feed(expander.feed(data))):
                    yield block, read
        if expander is not None:
            async for block in in_thread(gatherer.feed(expander.finish())):
                yield block, read
        if rest := gatherer.rest():
            yield rest, read

    def _unpacked_limit(self) -> UnpackedLimit:
        settings = get_settings()
        return UnpackedLimit(self._stored.size, settings.max_unpacked_bytes, settings.max_unpacked_ratio)

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
        census = _Census()
        async for raw, _ in self._raw_blocks():
            await asyncio.to_thread(census.take, raw)
        self.encoding = Encoding("utf-8")
        if census.speaks_for_cp1252:
            self.encoding = Encoding("cp1252")
            self.warnings = [
                "The file is not UTF-8 and was read as cp1252. Give its `encoding` if its letters are wrong."
            ]


class _Census:
    """Counts a file's bytes, and those that are part of a character of UTF-8."""

    def __init__(self) -> None:
        self._counts = np.zeros(256, np.int64)
        self._characters = self._in_characters = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")

    def take(self, data: bytes) -> None:
        self._counts += np.bincount(np.frombuffer(data, np.uint8), minlength=256)
        text = self._decoder.decode(data)
        encoded = np.frombuffer(text.encode(), np.uint8)
        high = int(np.count_nonzero(encoded >= 0x80))
        self._in_characters += high
        self._characters += len(text) - (len(encoded) - high)

    @property
    def speaks_for_cp1252(self) -> bool:
        # As ÿ or ý a byte is rare, and five bytes are none at all in cp1252.
        odd = int(self._counts[0xFD:].sum() + self._counts[[0x81, 0x8D, 0x8F, 0x90, 0x9D]].sum())
        stray = int(self._counts[0x80:].sum()) - self._in_characters
        return stray > self._characters and not odd


async def in_thread(items: Iterator[Item]) -> AsyncIterator[Item]:
    """The same items, each made beside the event loop."""
    while (item := await asyncio.to_thread(partial(next, items, None))) is not None:
        yield item


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
