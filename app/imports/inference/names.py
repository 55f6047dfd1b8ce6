"""Names: headers of a file as names of columns.

Pure: no I/O but the tables of letters that `anyascii` comes with.
"""

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import takewhile

from anyascii import anyascii

from app.columns.column import MAX_NAME_LENGTH, SYSTEM_COLUMNS, is_name, legal_name

# A name of two parts may be so long before it is shortened to what tells it from others.
LONG_NAME = 48
LEAST_WORDS = 2
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
    short = _shorten(labels)
    wanted = {
        place: short.get(label) or _name(label) or f"column_{place + 1}"
        for place, label in enumerate(labels)
        if place not in names
    }
    reserved = taken | set(wanted.values())
    for place, name in wanted.items():
        names[place] = _distinct(name, reserved) if name in taken else name
        taken.add(names[place])
        reserved.add(names[place])
    return [names[place] for place in range(len(labels))]


def _name(label: str) -> str:
    name = legal_name(spell(label))
    return f"{name}_column" if name in SYSTEM_COLUMNS else name


def _shorten(labels: Sequence[str]) -> dict[str, str]:
    """Names for the long labels of two parts: a question that many may share, and the answer.

    Survey tools and headers of two rows make them. One part is enough if no other column has it; else the name begins
    with as many words of the question as tell it from others with the same answer.
    """
    parts = {label: _divide(label) for label in labels}
    heads = Counter(head for head, _ in parts.values())
    heads_of: dict[str, list[str]] = {}
    for head, tail in parts.values():
        heads_of.setdefault(tail, []).append(head)
    beginnings = {tail: _beginnings(same) for tail, same in heads_of.items()}
    found = {}
    for label, (head, tail) in parts.items():
        if not head or len(f"{head}_{tail}") <= LONG_NAME:
            continue
        if len(heads_of[tail]) == 1 and is_name(tail):
            found[label] = tail
        elif heads[head] == 1:
            found[label] = head
        else:
            found[label] = f"{beginnings[tail][head]}_{tail}"[:MAX_NAME_LENGTH].rstrip("_")
    return {label: name for label, name in found.items() if is_name(name) and name not in SYSTEM_COLUMNS}


def _divide(label: str) -> tuple[str, str]:
    """The question and the answer of a label as names; no question if it has one part."""
    question, divided, answer = spell(label).rpartition(" - ")
    head, tail = legal_name(question), legal_name(answer)
    return (head, tail) if divided and head and tail else ("", _name(label))


def _beginnings(names: Iterable[str]) -> dict[str, str]:
    """For each of some different names as many of its words as tell it from the others, and two at least."""
    found: dict[str, str] = {}
    before: list[str] = []
    ordered = sorted(name.split("_") for name in set(names))
    for place, words in enumerate(ordered):
        # The most similar name is shown with it.
        behind = ordered[place + 1] if place + 1 < len(ordered) else []
        shared = max(_count_shared(words, before), _count_shared(words, behind))
        found["_".join(words)] = "_".join(words[: max(shared + 1, LEAST_WORDS)])
        before = words
    return found


def _count_shared(words: Sequence[str], others: Sequence[str]) -> int:
    """Count the words that two names begin with alike."""
    pairs = zip(words, others, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


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
