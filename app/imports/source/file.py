"""Files of imports: one of the bucket, or one in an archive there."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from app.core.aws.storage import StoredObject, read_object, read_range
from app.core.settings import get_settings
from app.imports.archive.directory import LOCAL_HEADER, Entry
from app.imports.archive.member import MemberDamaged, Unpacking, content_offset
from app.imports.errors import FileDamaged
from app.imports.source.compression import UnpackedLimit

# So many bytes at a time are unpacked, outside of the event loop.
PORTION = 256 * 1024


class SourceFile(Protocol):
    """A file that can be read from its beginning as often as needed."""

    @property
    def size(self) -> int:
        """How many bytes it has."""
        ...

    def read(self) -> AsyncGenerator[bytes]:
        """Its bytes, in blocks as they arrive."""
        ...


@dataclass(frozen=True)
class WholeFile:
    """A file of the bucket."""

    stored: StoredObject

    @property
    def size(self) -> int:
        return self.stored.size

    def read(self) -> AsyncGenerator[bytes]:
        return read_object(self.stored)


@dataclass(frozen=True)
class MemberFile:
    """A file in an archive of the bucket, which is unpacked as it is read."""

    stored: StoredObject
    entry: Entry

    @property
    def size(self) -> int:
        return self.entry.size

    def check_size(self) -> None:
        """Raise UnpackedTooLarge if it is much larger than its bytes in the archive."""
        settings = get_settings()
        UnpackedLimit(self.entry.packed, settings.max_unpacked_bytes, settings.max_unpacked_ratio).check(self.size)

    async def read(self) -> AsyncGenerator[bytes]:
        """Its bytes, in blocks of bounded size.

        Raises:
            FileDamaged: they are not as the archive says.
        """
        entry = self.entry
        try:
            header = await read_range(self.stored, entry.offset, entry.offset + LOCAL_HEADER)
            start = entry.offset + content_offset(header)
            unpacking = Unpacking(entry)
            async with aclosing(read_object(self.stored, start, start + entry.packed)) as blocks:
                async for block in blocks:
                    for place in range(0, len(block), PORTION):
                        pieces = unpacking.feed(block[place : place + PORTION])
                        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                            yield piece
            for piece in unpacking.finish():
                yield piece
        except MemberDamaged as damage:
            raise FileDamaged(
                f"'{entry.path}' in the archive cannot be read: {damage}.", hint="Pack it again, and upload all of it."
            ) from None
