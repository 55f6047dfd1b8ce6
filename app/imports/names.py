"""Names: headers of a file as names of columns.

Pure: no I/O.
"""

from collections.abc import Sequence

from app.datasets.columns import MAX_NAME_LENGTH, SYSTEM_COLUMNS, legal_name


def name_columns(labels: Sequence[str]) -> list[str]:
    """A distinct legal name for each label: an empty one is called by its place, a repeated one is numbered."""
    names: list[str] = []
    wanted = [_name(label) or f"column_{place}" for place, label in enumerate(labels, 1)]
    for name in wanted:
        names.append(_distinct(name, {*names, *wanted}) if name in names else name)
    return names


def _name(label: str) -> str:
    name = legal_name(label)
    return f"{name}_column" if name in SYSTEM_COLUMNS else name


def _distinct(name: str, taken: set[str]) -> str:
    number = 2
    while True:
        suffix = f"_{number}"
        candidate = name[: MAX_NAME_LENGTH - len(suffix)].rstrip("_") + suffix
        if candidate not in taken:
            return candidate
        number += 1
