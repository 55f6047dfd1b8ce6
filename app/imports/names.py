"""Names: headers of a file as names of columns.

Pure: no I/O.
"""

from collections.abc import Sequence

from app.datasets.columns import MAX_NAME_LENGTH, SYSTEM_COLUMNS, legal_name

# What is kept of the beginning of a label whose end tells it from others.
MIN_HEAD = 15


def name_columns(labels: Sequence[str]) -> list[str]:
    """A distinct legal name for each label: an empty one is called by its place, a repeated one is numbered."""
    names: list[str] = []
    wanted = [_name(label) or f"column_{place}" for place, label in enumerate(labels, 1)]
    for name in wanted:
        names.append(_distinct(name, {*names, *wanted}) if name in names else name)
    return names


def _name(label: str) -> str:
    name = legal_name(label)
    question, divided, answer = label.rpartition(" - ")
    if divided and len(name) > MAX_NAME_LENGTH - MIN_HEAD:
        # Survey tools put what tells columns apart at the end, behind a question that they share.
        tail = legal_name(answer)[: MAX_NAME_LENGTH - MIN_HEAD]
        head = legal_name(question)[: MAX_NAME_LENGTH - len(tail) - 1].rstrip("_")
        name = f"{head}_{tail}" if head and tail else name
    return f"{name}_column" if name in SYSTEM_COLUMNS else name


def _distinct(name: str, taken: set[str]) -> str:
    number = 2
    while True:
        suffix = f"_{number}"
        candidate = name[: MAX_NAME_LENGTH - len(suffix)].rstrip("_") + suffix
        if candidate not in taken:
            return candidate
        number += 1
