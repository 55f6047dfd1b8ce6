"""Names: headers of a file as names of columns.

Pure: no I/O but the tables of letters that `anyascii` comes with.
"""

import unicodedata
from collections.abc import Collection, Mapping, Sequence

from anyascii import anyascii

from app.datasets.columns import MAX_NAME_LENGTH, SYSTEM_COLUMNS, is_name, legal_name

# What is kept of the beginning of a label whose end tells it from others.
MIN_HEAD = 15
# The first letter of the Unicode category of what is spelt in Latin letters: letters, marks (vowels, in some scripts)
# and digits.
SPELT = "LMN"


def name_columns(
    labels: Sequence[str], chosen: Mapping[int, str] | None = None, left_out: Collection[int] = ()
) -> list[str]:
    """A distinct legal name for each label, but for the places that are `left_out`: these take no name from others.

    `chosen` names come first, by their places, then labels that are legal names and keep them. An empty label is called
    by its place, a repeated one is numbered.
    """
    names = {**dict.fromkeys(left_out, ""), **(chosen or {})}
    taken = {name for name in names.values() if name}
    for place, label in enumerate(labels):
        if place not in names and label not in taken and label not in SYSTEM_COLUMNS and is_name(label):
            names[place] = label
            taken.add(label)
    wanted = {place: _name(label) or f"column_{place + 1}" for place, label in enumerate(labels) if place not in names}
    reserved = taken | set(wanted.values())
    for place, name in wanted.items():
        names[place] = _distinct(name, reserved) if name in taken else name
        taken.add(names[place])
        reserved.add(names[place])
    return [names[place] for place in range(len(labels))]


def _name(label: str) -> str:
    spelt = spell(label)
    name = legal_name(spelt)
    question, divided, answer = spelt.rpartition(" - ")
    if divided and len(name) > MAX_NAME_LENGTH - MIN_HEAD:
        # Survey tools put what tells columns apart at the end, behind a question that they share.
        tail = legal_name(answer)[: MAX_NAME_LENGTH - MIN_HEAD]
        head = legal_name(question)[: MAX_NAME_LENGTH - len(tail) - 1].rstrip("_")
        name = f"{head}_{tail}" if head and tail else name
    return f"{name}_column" if name in SYSTEM_COLUMNS else name


def spell(label: str) -> str:
    """A label in the letters of ASCII: accents are left out, other scripts are written as they sound."""
    return label if label.isascii() else "".join(map(_spell, unicodedata.normalize("NFC", label)))


def _spell(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    if plain:
        return plain
    if unicodedata.category(character)[0] not in SPELT:
        return ""
    # Signs that stand for a soft or a hard sound divide no word.
    return "".join(filter(str.isalnum, anyascii(character)))


def _distinct(name: str, taken: Collection[str]) -> str:
    number = 2
    while True:
        suffix = f"_{number}"
        candidate = name[: MAX_NAME_LENGTH - len(suffix)].rstrip("_") + suffix
        if candidate not in taken:
            return candidate
        number += 1
