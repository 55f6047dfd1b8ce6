"""Opening: an archive in the bucket, of which only those bytes are read that are wanted."""

import asyncio

from app.core.aws.storage import StoredObject, read_range
from app.core.recent import Recent
from app.core.settings import get_settings
from app.imports.archive.contents import ArchiveLimits, Contents, sort_entries
from app.imports.archive.directory import LOCAL_HEADER, TAIL_BYTES, BytesWanted, Entry, read_directory
from app.imports.archive.member import MemberDamaged, content_offset, unpack

# Files of an archive that are no pictures.
OTHER_FILES = 1000
# The local header may have more in it than the directory's.
EXTRA_BYTES = 512
# Directories that were read last: each message of an archive's pictures needs it again.
_known: Recent[Contents] = Recent(32 * 1024 * 1024)
BYTES_OF_AN_ENTRY = 1024


async def open_archive(stored: StoredObject) -> Contents:
    """The table and the pictures of an archive.

    Raises:
        FileNotCsv, FileDamaged, ArchiveTableUnclear, ArchiveRefused, UnpackedTooLarge: it cannot be imported.
    """
    key = stored.key, stored.version
    contents = _known.find(key)
    if contents is None:
        settings = get_settings()
        limits = ArchiveLimits(settings.max_archive_pictures, settings.max_image_bytes, settings.max_unpacked_bytes)
        entries = await _read_directory(stored, limits.pictures + OTHER_FILES)
        contents = await asyncio.to_thread(sort_entries, entries, limits)
        _known.keep(key, contents, BYTES_OF_AN_ENTRY * len(entries))
    return contents


async def _read_directory(stored: StoredObject, most: int) -> list[Entry]:
    start = max(0, stored.size - TAIL_BYTES)
    known = {start: await read_range(stored, start, stored.size)}
    while True:
        try:
            return await asyncio.to_thread(read_directory, stored.size, known, most)
        except BytesWanted as wanted:
            known[wanted.start] = await read_range(stored, wanted.start, wanted.end)


async def read_entry(stored: StoredObject, entry: Entry) -> bytes:
    """The content of a file of an archive, which is not larger than a picture may be.

    Raises:
        MemberDamaged: it is not what the archive's directory says.
    """
    ahead = LOCAL_HEADER + entry.name_bytes + EXTRA_BYTES + entry.packed
    data = await read_range(stored, entry.offset, min(entry.offset + ahead, stored.size))
    start = content_offset(data[:LOCAL_HEADER])
    end = start + entry.packed
    if end > len(data):
        if entry.offset + end > stored.size:
            raise MemberDamaged("it is cut off")
        data += await read_range(stored, entry.offset + len(data), entry.offset + end)
    return await asyncio.to_thread(unpack, entry, data[start:end])
