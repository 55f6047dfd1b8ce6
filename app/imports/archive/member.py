"""Member: the bytes of one entry of an archive, unpacked and held against what its directory says. Pure: no I/O."""

import zlib
from collections.abc import Iterator

from app.imports.archive.contents import DEFLATED
from app.imports.archive.directory import LOCAL_HEADER, Entry

PIECE_BYTES = 1024 * 1024
_LOCAL = b"PK\x03\x04"


class MemberDamaged(Exception):
    """The bytes of an entry are not as the archive's directory says; the message says why."""


def content_offset(header: bytes) -> int:
    """The distance from an entry's local header, of which the first bytes are given, to its content.

    Raises:
        MemberDamaged: it is no such header.
    """
    if len(header) < LOCAL_HEADER or not header.startswith(_LOCAL):
        raise MemberDamaged("it does not begin where the archive says")
    name, extra = (int.from_bytes(header[place : place + 2], "little") for place in (26, 28))
    return LOCAL_HEADER + name + extra


class Unpacking:
    """Unpacks an entry's content, in pieces of bounded size, and no more than its directory announces."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS) if entry.method == DEFLATED else None
        self._size = 0
        self._crc = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pieces that some bytes become.

        Raises:
            MemberDamaged: they are not what the archive says.
        """
        if self._inflate is None:
            yield self._count(data)
            return
        try:
            while data and not self._inflate.eof:
                piece = self._inflate.decompress(data, PIECE_BYTES)
                data = self._inflate.unconsumed_tail
                if piece:
                    yield self._count(piece)
        except zlib.error as error:
            raise MemberDamaged(f"it is damaged: {error}") from None

    def finish(self) -> Iterator[bytes]:
        """The rest; raises MemberDamaged if it is not all of the entry, or other bytes."""
        if self._inflate is not None and not self._inflate.eof:
            try:
                while piece := self._inflate.decompress(b"", PIECE_BYTES):
                    yield self._count(piece)
            except zlib.error as error:
                raise MemberDamaged(f"it is damaged: {error}") from None
        if self._size != self._entry.size or self._crc != self._entry.crc:
            raise MemberDamaged("its bytes are not as many, or not those, that the archive says")

    def _count(self, piece: bytes) -> bytes:
        self._size += len(piece)
        if self._size > self._entry.size:
            raise MemberDamaged("its bytes are more than the archive says")
        self._crc = zlib.crc32(piece, self._crc)
        return piece


def unpack(entry: Entry, data: bytes) -> bytes:
    """The content of an entry, from its packed bytes.

    Raises:
        MemberDamaged: it is not what the archive says.
    """
    unpacking = Unpacking(entry)
    return b"".join([*unpacking.feed(data), *unpacking.finish()])
