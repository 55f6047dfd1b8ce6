"""Unpack: gzip and zstd, one member or several, in pieces of bounded size and no more than a limit allows.

Pure: no I/O.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import zstandard

from app.imports.errors import FileDamaged, UnpackedTooLarge

Compression = Literal["none", "gzip", "zstd"]
BLOCK_SIZE = 1024 * 1024
SAMPLE_SIZE = 256 * 1024
# So many bytes any packed file may become: a small one of few words unpacks to many times its size.
UNPACKED_FREELY = 64 * 1024 * 1024


@dataclass(frozen=True)
class UnpackedLimit:
    """The limit of a packed file of `size` bytes: `most` bytes, and `ratio` times its size after the first ones."""

    size: int
    most: int
    ratio: int

    def check(self, unpacked: int) -> None:
        """Raise UnpackedTooLarge when so many bytes are too many."""
        if unpacked > self.most:
            raise UnpackedTooLarge(
                f"The file unpacks to more than {self.most:,} bytes, the most that an import takes.",
                hint="Split it, or raise TOLVA_MAX_UNPACKED_BYTES.",
            )
        if unpacked > UNPACKED_FREELY + self.ratio * self.size:
            raise UnpackedTooLarge(
                f"The file has {self.size:,} bytes and unpacks to more than {self.ratio:,} times as many, "
                f"the first {UNPACKED_FREELY:,} left out.",
                hint="Upload it unpacked, or raise TOLVA_MAX_UNPACKED_RATIO.",
            )


class Gatherer:
    """Puts pieces together into blocks of `BLOCK_SIZE` or more, and counts them against a limit.

    A file may unpack to pieces of one byte each, and a block costs as much time for any size.
    """

    def __init__(self, limit: UnpackedLimit | None) -> None:
        self._limit = limit
        self._total = self._size = 0
        self._pieces: list[bytes] = []

    def feed(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The blocks that some pieces complete."""
        for piece in pieces:
            self._pieces.append(piece)
            self._size += len(piece)
            self._total += len(piece)
            if self._limit is not None:
                self._limit.check(self._total)
            if self._size >= BLOCK_SIZE:
                yield self.rest()

    def rest(self) -> bytes:
        """The pieces that are in no block yet."""
        rest = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        return rest


class Expander:
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
        """The rest in the decompressor; raises FileDamaged if the last member is cut off."""
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


def unpack_some(compression: Compression, first: bytes, is_all: bool) -> tuple[bytes, bool]:
    """The content of the first bytes of a compressed file, as much as a sample needs, and whether it is all of it."""
    expander = Expander(compression)
    content = b""
    for piece in chain(expander.feed(first), expander.finish() if is_all else ()):
        content += piece
        if len(content) > SAMPLE_SIZE:
            return content, False
    return content, is_all
