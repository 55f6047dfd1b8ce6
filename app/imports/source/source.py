"""Source: the file as a stream of blocks: fetched, decompressed, decoded to UTF-8.

The first bytes show what a file is: its compression, its encoding, or that it is not CSV at all.
"""

import asyncio
import codecs
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from app.core.aws.storage import StoredObject
from app.core.settings import get_settings
from app.datasets.import_options import ImportOptions
from app.imports.errors import EncodingMismatch, EncodingUnknown, FileEmpty, FileNotCsv
from app.imports.formats.csv.split import is_utf8
from app.imports.source.census import Census
from app.imports.source.compression import SAMPLE_SIZE, Compression, Expander, Gatherer, UnpackedLimit, unpack_some
from app.imports.source.encoding import Encoding, EncodingInDoubt, decoder, find_encoding
from app.imports.source.file import SourceFile, WholeFile
from app.imports.source.guess import guess_encoding

SHORT_BYTES = 1024 * 1024
# Items built in a thread before the event loop continues with them: usually more than a block becomes.
MADE_BYTES = 2 * 1024 * 1024

GZIP, ZSTD, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
FOREIGN = (
    (b"\x89PNG", "a PNG picture", "Upload a CSV file."),
    (b"\xff\xd8\xff", "a JPEG picture", "Upload a CSV file."),
    (b"GIF8", "a GIF picture", "Upload a CSV file."),
    (ZIP, "a zip archive or an Excel workbook", "Unpack it, or save the sheet as CSV."),
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

Item = TypeVar("Item")


@dataclass(frozen=True)
class Block:
    """Decoded bytes; `read` is how many bytes of the stored file have been fetched with it."""

    data: bytes
    read: int


class ArchiveFound(Exception):
    """The file is a zip archive: its table is to be read in its place."""


class Source:
    """One stored file, to be read from its beginning as often as needed."""

    def __init__(self, file: StoredObject | SourceFile, options: ImportOptions) -> None:
        self._file: SourceFile = WholeFile(file) if isinstance(file, StoredObject) else file
        self._options = options
        self.compression: Compression = "none"
        self.encoding = Encoding("utf-8", is_guess=True)
        self.warnings: list[str] = []
        # What to do about rows that are not of the encoding.
        self.encoding_hint = ""
        # The download that `open` began, and what it has taken from it: the first pass goes on with both.
        self._begun: tuple[bytes, AsyncGenerator[bytes]] | None = None
        self._sample, self._sample_is_all = b"", False

    async def open(self) -> None:
        """Fetch the first bytes and look at them: settle compression and encoding.

        Raises:
            FileEmpty, FileNotCsv, FileDamaged: there is nothing to import.
            ArchiveFound: the file is a zip archive, which may have one in it.
        """
        if self._file.size == 0:
            raise FileEmpty("The file has 0 bytes.", hint="Upload a file with a header and records.")
        first = await self._begin()
        self.compression = self._options.compression or _find_compression(first)
        if first.startswith(ZIP) and isinstance(self._file, WholeFile):
            raise ArchiveFound
        _refuse_foreign(first)
        is_all = len(first) == self._file.size
        if self.compression != "none":
            first, is_all = unpack_some(self.compression, first, is_all)
            _refuse_foreign(first)
        if self._options.header is None:
            _refuse_document(first)
        options = self._options
        separators = "".join(filter(None, (options.delimiter, options.quote, options.escape)))
        self.encoding = find_encoding(first, options.encoding, separators.encode())
        self._sample, self._sample_is_all = first[:SAMPLE_SIZE], is_all and len(first) <= SAMPLE_SIZE

    @property
    def is_short(self) -> bool:
        """Return whether the file is finished soon, for any content: a packed one has been seen to its end."""
        return self._sample_is_all or (self.compression == "none" and self._file.size <= SHORT_BYTES)

    async def close(self) -> None:
        """End a download that no pass has gone on with."""
        if self._begun is not None:
            await self._begun[1].aclose()
            self._begun = None

    async def blocks(self) -> AsyncIterator[Block]:
        """The file in UTF-8, without its mark, in blocks of about `BLOCK_SIZE`.

        Bytes that are not of the encoding stay as they are, and the validation of the cells finds them.
        """
        decode = self._decoder()
        to_skip = self.encoding.mark
        async for raw, read in self._raw_blocks():
            data = raw[to_skip:]
            to_skip -= len(raw) - len(data)
            if decode is not None:
                data = await asyncio.to_thread(decode, data, False)
            if data:
                yield Block(data, read)
        if decode is not None and (rest := decode(b"", True)):
            yield Block(rest, self._file.size)

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
                async for block in in_thread(gatherer.feed(expander.feed(data)), len):
                    yield block, read
        if expander is not None:
            async for block in in_thread(gatherer.feed(expander.finish()), len):
                yield block, read
        if rest := gatherer.rest():
            yield rest, read

    def _unpacked_limit(self) -> UnpackedLimit:
        settings = get_settings()
        return UnpackedLimit(self._file.size, settings.max_unpacked_bytes, settings.max_unpacked_ratio)

    async def _begin(self) -> bytes:
        """The first bytes of the stored file, at least as many as a sample needs."""
        first, download = b"", self._file.read()
        async for data in download:
            first += data
            if len(first) >= SAMPLE_SIZE:
                break
        self._begun = first, download
        return first

    async def _fetch(self) -> AsyncIterator[bytes]:
        """The stored file from its beginning, by a download under way if there is one."""
        first, download = self._begun or (b"", self._file.read())
        self._begun = None
        async with aclosing(download):
            if first:
                yield first
            async for data in download:
                yield data

    def sample(self) -> tuple[bytes, bool]:
        """The first part of the decoded file, and whether it is all of it."""
        data, decode = self._sample[self.encoding.mark :], self._decoder()
        return data if decode is None else decode(data, self._sample_is_all), self._sample_is_all

    def _decoder(self) -> Callable[[bytes, bool], bytes] | None:
        return decoder(self.encoding, is_given=self._options.encoding is not None)

    def check_names(self, cells: Iterable[bytes], line: int) -> None:
        """Let no column have a name that cannot be read, in the header of that line.

        Raises:
            EncodingInDoubt: all of the file is to be asked for its encoding.
            EncodingUnknown, EncodingMismatch: that would not help, or was in vain.
        """
        cell = next((cell for cell in cells if not is_utf8(cell)), None)
        if cell is None:
            return
        if self.encoding.is_guess:
            raise EncodingInDoubt
        shown = cell[:60].decode("utf-8", "backslashreplace")
        what = f"The header in line {line:,} holds bytes that are not {self.encoding.name}: '{shown}'."
        if self._options.encoding is not None:
            raise EncodingMismatch(what, hint="Give the right `encoding`, or leave it out.")
        raise EncodingUnknown(what, hint=self.encoding_hint or "Correct the header, or give the file's `encoding`.")

    async def take_census(self) -> None:
        """Determine the encoding from the whole file: cp1252 if its bytes make sense as that, and rarely as UTF-8.

        If they make sense as neither it stays UTF-8, for the rows that are, and `encoding_hint` says so.
        """
        census = Census()
        async for raw, _ in self._raw_blocks():
            await asyncio.to_thread(census.take, raw)
        self.encoding = Encoding("utf-8")
        if census.is_utf8:
            return
        western = census.speaks_for_cp1252
        guess = await asyncio.to_thread(guess_encoding, census.excerpt, may_be_cp1252=western)
        if western:
            self.encoding = Encoding("cp1252")
            likely = f", as {guess}," if guess and guess != "cp1252" else ""
            self.warnings = [
                f"The file is not UTF-8 and was read as cp1252. Give its `encoding`{likely} if its letters are wrong."
            ]
            return
        self.encoding_hint = _advise(guess, is_mixed=census.is_mixed)
        self.warnings = [self.encoding_hint]


def _advise(guess: str | None, *, is_mixed: bool) -> str:
    """The hint for a file that is not UTF-8."""
    if is_mixed:
        return "Part of the file is UTF-8 and part is not: write it in one, and give that as `encoding`."
    likely = f"; it may be {guess}: give its `encoding`" if guess else ": give its `encoding`, as shift_jis"
    return f"The file is not UTF-8{likely}."


async def in_thread(items: Iterator[Item], weigh: Callable[[Item], int]) -> AsyncIterator[Item]:
    """The same items, built outside the event loop, as many at a time as weigh little together."""
    is_end = False
    while not is_end:
        made, is_end = await asyncio.to_thread(_make_some, items, weigh)
        for item in made:
            yield item


def _make_some(items: Iterator[Item], weigh: Callable[[Item], int]) -> tuple[list[Item], bool]:
    """The next items, and whether they are the last ones."""
    made: list[Item] = []
    size = 0
    for item in items:
        made.append(item)
        size += weigh(item)
        if size >= MADE_BYTES:
            return made, False
    return made, True


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
