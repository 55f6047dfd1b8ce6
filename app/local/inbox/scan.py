"""The contents of the folder of `tolva dev --inbox`: files to import, and other entries with what to do about them."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.columns.column import is_name
from app.local.file_names import announced_name, dataset_name, folder_dataset_name
from app.local.inbox.folder_watch import Signature, sign

LOG_NAME = "_tolva.log"
ENDINGS = re.compile(r"\.((csv|tsv|txt)(\.(gz|zst))?|zip)$", re.IGNORECASE)
# Endings of downloads and copies that are not complete, and names that programs give to files of their own.
UNFINISHED = re.compile(r"\.(part|partial|crdownload|download|tmp|temp|filepart|swp|swx)$|~$", re.IGNORECASE)
PRIVATE = re.compile(r"^(\.|~\$)")
ENDINGS_TEXT = (
    "the names of files end with .csv, .tsv or .txt, compressed ones with .gz or .zst after it, and of a table with "
    "pictures with .zip"
)


@dataclass
class Scan:
    """The files to import, and why each other one is not."""

    files: dict[Path, Signature] = field(default_factory=dict)
    ignored: dict[Path, str] = field(default_factory=dict)


def scan_inbox(root: Path) -> Scan:
    """Look at the files of the folder's folders; OSError if the folder itself cannot be read."""
    scan = Scan()
    for entry in _entries(root):
        if entry.name.startswith("."):
            continue
        if not _is_folder(entry):
            _refuse_root_file(scan, root, Path(entry.path))
        elif is_name(entry.name):
            _scan_dataset(scan, Path(entry.path))
        else:
            _refuse_folder(scan, root, Path(entry.path))
    return scan


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    with os.scandir(folder) as entries:
        yield from (entry for entry in entries if not entry.name.startswith(LOG_NAME))


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _refuse_root_file(scan: Scan, root: Path, file: Path) -> None:
    if ENDINGS.search(file.name):
        place = root / dataset_name(file.name) / announced_name(file.name)
        scan.ignored[file] = f"a file is imported from the folder of its dataset: move it to {place}"
    else:
        scan.ignored[file] = _explain_name(file.name)


def _refuse_folder(scan: Scan, root: Path, folder: Path) -> None:
    """Say of its CSV files that they are in a folder that names no dataset; others may have nothing to do with it."""
    better = root / folder_dataset_name(folder.name)
    try:
        for entry in _entries(folder):
            if ENDINGS.search(entry.name) and not PRIVATE.search(entry.name):
                scan.ignored[Path(entry.path)] = f"no dataset can be called '{folder.name}': call the folder {better}"
    except OSError as error:
        scan.ignored[folder] = f"the folder cannot be read: {error.strerror}"


def _scan_dataset(scan: Scan, folder: Path) -> None:
    try:
        for entry in _entries(folder):
            path = Path(entry.path)
            reason = _find_reason(path)
            if reason is None:
                scan.files[path] = sign(path)
            else:
                scan.ignored[path] = reason
    except OSError as error:
        scan.ignored[folder] = f"the folder cannot be read: {error.strerror}"


def _find_reason(path: Path) -> str | None:
    """The reason that a file in a dataset's folder is not imported, and what to do; None if it is imported."""
    try:
        if path.is_dir():
            return f"folders below a dataset's are not looked into: move its files to {path.parent}"
        reason = _explain_name(path.name) if not ENDINGS.search(path.name) or PRIVATE.search(path.name) else None
        if reason is None and announced_name(path.name) != path.name:
            reason = f"its name has characters that no import takes: call it {announced_name(path.name)}"
        return reason or _explain_content(path)
    except OSError as error:
        return f"it cannot be read: {error.strerror}"


def _explain_name(name: str) -> str:
    if UNFINISHED.search(name) or PRIVATE.search(name):
        return "by its name it is hidden, another program's, or not complete yet: rename it when it is complete"
    return f"by its name it is not a CSV file: {ENDINGS_TEXT}"


def _explain_content(path: Path) -> str | None:
    if not path.exists():
        return "it leads to a file that is not there"
    if not path.is_file():
        return "it is not a regular file"
    if not os.access(path, os.R_OK):
        return "it may not be read by the user that runs Tolva: change its rights"
    if not path.stat().st_size:
        return "it is empty so far: it is imported when something is in it"
    return None
