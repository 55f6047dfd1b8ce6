"""Contents: which files of an archive are its table and its pictures, and which are not accepted. Pure: no I/O."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.imports.archive.directory import Entry, too_many_entries
from app.imports.archive.file_kinds import ARCHIVE, IGNORED, MAYBE_TABLE, PICTURE_FOLDER, TABLE, is_picture
from app.imports.errors import ArchiveRefused, ArchiveTableUnclear, FileNotCsv, UnpackedTooLarge

MAX_PATH = 255
# Pictures are packed already, and become little more.
MOST_RATIO, RATIO_FREELY = 100, 1024 * 1024
SHOWN = 5
STORED, DEFLATED = 0, 8
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile(r"^[A-Za-z]:")
WORKBOOKS = {
    "xl/workbook.xml": "an Excel workbook",
    "xl/workbook.bin": "an Excel workbook",
    "word/document.xml": "a Word document",
    "META-INF/MANIFEST.MF": "a Java archive",
    "content.xml": "an OpenDocument file",
}


@dataclass(frozen=True)
class ArchivePicture:
    """A picture of an archive: `filename` is what its image is called; one with a `problem` is not accepted."""

    entry: Entry
    filename: str
    problem: str = ""


@dataclass(frozen=True)
class Contents:
    """The files of an archive: one table, and pictures in the order of their bytes."""

    table: Entry
    pictures: Sequence[ArchivePicture]
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ArchiveLimits:
    """The most that an archive may have: pictures, bytes of each of them, bytes of all files unpacked."""

    pictures: int
    picture_bytes: int
    unpacked_bytes: int


def sort_entries(entries: Sequence[Entry], limits: ArchiveLimits) -> Contents:
    """Find an archive's table and its pictures.

    Raises:
        FileNotCsv: it is a workbook or another kind of document.
        ArchiveTableUnclear: it has no table, or several.
        ArchiveRefused, UnpackedTooLarge: its table cannot be read, or it has more than the limits allow.
    """
    paths = {entry.path for entry in entries}
    for path, what in WORKBOOKS.items():
        if path in paths and ("[Content_Types].xml" in paths or "mimetype" in paths or path.startswith("META-INF")):
            raise FileNotCsv(f"The file is {what}.", hint="Save the sheet as CSV.")
    kept = [entry for entry in entries if not IGNORED.search(entry.path)]
    pictures = [entry for entry in kept if is_picture(entry.path)]
    table = _find_table([entry for entry in kept if not is_picture(entry.path)])
    if problem := _find_problem(table):
        raise ArchiveRefused(f"The table '{_show(table.path)}' cannot be read: {problem}.", hint="Pack it again.")
    if len(pictures) > limits.pictures:
        raise too_many_entries(limits.pictures)
    total = sum(entry.size for entry in (table, *pictures))
    if total > limits.unpacked_bytes:
        raise UnpackedTooLarge(
            f"The archive unpacks to {total:,} bytes; {limits.unpacked_bytes:,} is the most that an import takes.",
            hint="Split it, or raise TOLVA_MAX_UNPACKED_BYTES.",
        )
    others = [entry for entry in kept if entry is not table and not is_picture(entry.path)]
    return Contents(table, _name_pictures(pictures, table, limits), _list_warnings(kept, others))


def _find_table(entries: Sequence[Entry]) -> Entry:
    for pattern in (TABLE, MAYBE_TABLE, re.compile(r"(^|/)[^.]+$")):
        found = [entry for entry in entries if pattern.search(entry.path)]
        if len(found) == 1:
            return found[0]
        if found:
            raise ArchiveTableUnclear(
                f"The archive has {len(found):,} tables: {_list(found)}.",
                hint="Pack one of them with its pictures, and import the others by themselves.",
            )
    archives = [entry for entry in entries if ARCHIVE.search(entry.path)]
    inside = f" It has archives, which are not opened: {_list(archives)}." if archives else ""
    raise ArchiveTableUnclear(
        f"The archive has no table: no file in it ends with .csv, .tsv or .txt.{inside}",
        hint="Pack the CSV file together with its pictures.",
    )


def _name_pictures(entries: Sequence[Entry], table: Entry, limits: ArchiveLimits) -> list[ArchivePicture]:
    """The pictures, called by their paths from the table's folder; a first folder images/ is no part of the name."""
    folder = table.path[: table.path.rfind("/") + 1]
    paths = [entry.path.removeprefix(folder) for entry in entries]
    is_everywhere = all(path.startswith(PICTURE_FOLDER) for path in paths)
    counts = Counter(paths)
    found = []
    for entry, path in zip(entries, paths, strict=True):
        bare = path.removeprefix(PICTURE_FOLDER)
        filename = bare if bare and (is_everywhere or bare not in counts) else path
        problem = _find_problem(entry) or _find_picture_problem(entry, filename, limits)
        if counts[path] > 1:
            problem = f"the archive has {counts[path]} entries of this name"
        found.append(ArchivePicture(entry, filename, problem))
    return found


def _find_problem(entry: Entry) -> str:
    """The reason that an entry cannot be unpacked, empty if it can."""
    if entry.is_encrypted:
        return "it is encrypted"
    if entry.method not in (STORED, DEFLATED):
        return f"it is packed by a method (number {entry.method}) that is not supported: use deflate"
    return "it is a link" if entry.is_link else ""


def _find_picture_problem(entry: Entry, filename: str, limits: ArchiveLimits) -> str:
    parts = entry.path.split("/")
    if entry.path.startswith("/") or _DRIVE.match(entry.path) or ".." in parts or _CONTROL.search(entry.path):
        return "its name leads out of the archive, or has control characters"
    if len(filename) > MAX_PATH:
        return f"its name has more than {MAX_PATH} characters"
    if not entry.size:
        return "it is empty"
    if entry.size > limits.picture_bytes:
        return f"it has {entry.size:,} bytes; {limits.picture_bytes:,} are the most"
    if entry.size > RATIO_FREELY + MOST_RATIO * entry.packed:
        return f"it unpacks to more than {MOST_RATIO} times its size"
    return ""


def _list_warnings(kept: Sequence[Entry], others: Sequence[Entry]) -> list[str]:
    warnings = []
    if others:
        warnings.append(f"Files of the archive that are no table and no pictures were passed over: {_list(others)}.")
    if western := [entry for entry in kept if entry.is_western]:
        warnings.append(
            f"Names in the archive that are not UTF-8 were read as cp437: {_list(western)}. Pack it with a newer "
            "program if their letters are wrong."
        )
    return warnings


def _list(entries: Sequence[Entry]) -> str:
    more = f" and {len(entries) - SHOWN:,} more" if len(entries) > SHOWN else ""
    return ", ".join(_show(entry.path) for entry in entries[:SHOWN]) + more


def _show(path: str) -> str:
    return _CONTROL.sub("�", path[:200])
