"""Directory: the entries of a zip archive, found from its end without reading the rest. Pure: no I/O."""

import io
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass

from app.imports.errors import ArchiveRefused, FileDamaged

# The end of an archive, with room for the longest comment.
TAIL_BYTES = 128 * 1024
# An entry takes 46 bytes and its name at the least.
MOST_BYTES_AN_ENTRY = 1024
LOCAL_HEADER = 30
_ENTRY = b"PK\x01\x02"
_UTF_8, _ENCRYPTED = 0x800, 0x1
_SYMLINK, _KIND = 0xA000, 0xF000


@dataclass(frozen=True)
class Entry:
    """A file of an archive, by its path: where its local header begins, and what the directory says of its bytes.

    `is_western` says that the path was read as cp437, as it is not in UTF-8.
    """

    path: str
    offset: int
    packed: int
    size: int
    crc: int
    method: int
    is_encrypted: bool = False
    is_link: bool = False
    is_western: bool = False
    name_bytes: int = 0


class BytesWanted(Exception):
    """The directory is outside of the bytes that are known: those from `start` to `end` are wanted."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__(f"bytes {start} to {end}")
        self.start, self.end = start, end


class _KnownBytes(io.RawIOBase):
    """A file of which some bytes are known, by where they begin."""

    def __init__(self, size: int, known: dict[int, bytes]) -> None:
        self._size = size
        self._known = known
        self._place = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if place < 0:
            raise OSError("a place before the file")
        self._place = place
        return place

    def read(self, size: int | None = -1) -> bytes:
        end = self._size if size is None or size < 0 else min(self._place + size, self._size)
        if end <= self._place:
            return b""
        for start, data in self._known.items():
            if start <= self._place and end <= start + len(data):
                found = data[self._place - start : end - start]
                self._place = end
                return found
        raise BytesWanted(self._place, end)


def read_directory(size: int, known: dict[int, bytes], most: int) -> list[Entry]:
    """The files of an archive of `size` bytes in the order of their bytes; `known` are parts of it by where they begin.

    Raises:
        BytesWanted: other parts are needed.
        FileDamaged: it has no directory that can be read.
        ArchiveRefused: it has more than `most` entries, or entries that share bytes.
    """
    for data in known.values():
        if data.count(_ENTRY) > most:
            raise too_many_entries(most)
    try:
        with zipfile.ZipFile(_KnownBytes(size, known)) as archive:
            infos, end = archive.infolist(), archive.start_dir
    except BytesWanted as wanted:
        if wanted.end - wanted.start > most * MOST_BYTES_AN_ENTRY:
            raise too_many_entries(most) from None
        raise
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError, ValueError, OSError) as error:
        raise FileDamaged(
            f"The archive has no directory that can be read: {error}.", hint="Pack it again, and upload all of it."
        ) from None
    entries = sorted((_entry_of(info) for info in infos), key=lambda entry: entry.offset)
    _check_apart(entries, end)
    return [entry for entry in entries if not entry.path.endswith("/")]


def too_many_entries(most: int) -> ArchiveRefused:
    return ArchiveRefused(f"The archive has more than {most:,} files.", hint="Split it. (TOLVA_MAX_ARCHIVE_PICTURES)")


def _entry_of(info: zipfile.ZipInfo) -> Entry:
    path, is_western = _decode(info)
    return Entry(
        path=unicodedata.normalize("NFC", path.replace("\\", "/")),
        offset=info.header_offset,
        packed=info.compress_size,
        size=info.file_size,
        crc=info.CRC,
        method=info.compress_type,
        is_encrypted=bool(info.flag_bits & _ENCRYPTED),
        is_link=(info.external_attr >> 16) & _KIND == _SYMLINK,
        is_western=is_western,
        name_bytes=len(info.orig_filename.encode("utf-8" if info.flag_bits & _UTF_8 else "cp437")),
    )


def _decode(info: zipfile.ZipInfo) -> tuple[str, bool]:
    """The path of an entry, and whether it was read as cp437: macOS writes UTF-8 and does not say so."""
    name = info.orig_filename
    if info.flag_bits & _UTF_8 or name.isascii():
        return name, False
    raw = name.encode("cp437")
    if (said := _unicode_path(info.extra, raw)) is not None:
        return said, False
    try:
        return raw.decode("utf-8"), False
    except UnicodeDecodeError:
        return name, True


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The path in UTF-8 that Info-ZIP adds to an entry, if it is of this name."""
    while len(extra) >= 4:
        kind, length = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        content, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == 0x7075 and content[:1] == b"\x01" and content[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
            try:
                return content[5:].decode("utf-8")
            except UnicodeDecodeError:
                return None
    return None


def _check_apart(entries: list[Entry], end: int) -> None:
    """Raise ArchiveRefused if two entries have bytes in common: so a small archive unpacks to any size."""
    starts = [entry.offset for entry in entries[1:]] + [end]
    for entry, following in zip(entries, starts, strict=True):
        if entry.offset < 0 or entry.offset + LOCAL_HEADER + entry.name_bytes + entry.packed > following:
            raise ArchiveRefused(
                f"The entry '{entry.path[:200]}' shares bytes with what follows it.",
                hint="The archive is damaged, or made to harm: pack it again.",
            )
