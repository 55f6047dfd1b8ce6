"""Names of files and folders: the announced name, and the dataset."""

import os
import re

from app.columns.column import legal_name

SUFFIXES = re.compile(r"\.(csv|tsv|txt|gz|zst|zip)$", re.IGNORECASE)
ENDINGS_OF_TABLES = re.compile(r"\.(csv|tsv)(\.(gz|zst))?$", re.IGNORECASE)
# What the API takes no file name with.
FORBIDDEN = re.compile(r"[/\\\x00-\x1f\x7f]")
MAX_CHARACTERS = 200


def announced_name(file_name: str) -> str:
    """A file's name as an import takes it, with any bytes and signs on disk."""
    readable = os.fsencode(file_name).decode(errors="replace")
    return FORBIDDEN.sub("_", readable)[-MAX_CHARACTERS:] or "file"


def dataset_name(file_name: str) -> str:
    """The dataset's name for a file: `Köln 2024.csv.gz` is `koln_2024`."""
    stem = announced_name(file_name)
    while SUFFIXES.search(stem):
        stem = SUFFIXES.sub("", stem)
    return legal_name(stem) or "data"


def folder_dataset_name(folder_name: str) -> str:
    """The dataset's name for a folder: `My Folder` is `my_folder`."""
    return legal_name(announced_name(folder_name)) or "data"
