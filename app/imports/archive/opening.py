"""Opening: an archive in the bucket, of which only those bytes are read that are wanted."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
# So much of an archive is read at a time.
RUN_BYTES = 32 * 1024 * 1024
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


@dataclass(frozen=True)
class Run:
    """Entries of an archive that lie near each other, with the archive's bytes from `start` on."""

    start: int
    data: bytes


async def read_run(stored: StoredObject, entries: Sequence[Entry]) -> Run:
    """The bytes of entries that are in their order: one request brings many."""
    start = entries[0].offset
    return Run(start, await read_range(stored, start, min(_end_of(entries[-1]), stored.size)))


def _end_of(entry: Entry) -> int:
    """The end of an entry's bytes, unless there is more in its local header than in any known."""
    return entry.offset + LOCAL_HEADER + entry.name_bytes + EXTRA_BYTES + entry.packed


def split_runs(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Entries in their order, those together that a run of bounded size has."""
    run: list[Entry] = []
    for entry in entries:
        if run and _end_of(entry) - run[0].offset > RUN_BYTES:
            yield run
            run = []
        run.append(entry)
    if run:
        yield run


async def read_entry(stored: StoredObject, entry: Entry, run: Run) -> bytes:
    """The content of a file of an archive, which is not larger than a picture may be, from the run that it is in.

    Raises:
        MemberDamaged: it is not what the archive's directory says.
    """
    place = entry.offset - run.start
    start = place + content_offset(run.data[place : place + LOCAL_HEADER])
    content = run.data[start : start + entry.packed]
    if len(content) < entry.packed:
        if run.start + start + entry.packed > stored.size:
            raise MemberDamaged("it is cut off")
        content = await read_range(stored, run.start + start, run.start + start + entry.packed)
    return await asyncio.to_thread(unpack, entry, content)
