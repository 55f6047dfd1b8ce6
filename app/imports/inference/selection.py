"""Selection: which of a file's columns the choices of its import are about.

Pure: no I/O.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from app.core.errors import did_you_mean
from app.imports.choices import ColumnChoice
from app.imports.errors import ColumnOptionsInvalid, OptionsMismatch
from app.imports.inference.names import name_columns

LABELS_SHOWN = 30


@dataclass(frozen=True)
class Selection:
    """A file's labels and the choices of its columns by their places, from 0."""

    labels: Sequence[str]
    choices: Mapping[int, ColumnChoice] = field(default_factory=dict)

    @cached_property
    def omitted(self) -> frozenset[int]:
        """The places of the columns that are to be left out."""
        return frozenset(place for place, choice in self.choices.items() if choice.omit)

    @cached_property
    def names(self) -> list[str]:
        """The name of each column in a dataset that the file determines; a column that is left out has no name."""
        chosen = {place: choice.name for place, choice in self.choices.items() if choice.name is not None}
        return name_columns(self.labels, chosen, self.omitted)

    def check_names(self) -> None:
        """Raise ColumnOptionsInvalid if a name is chosen for one column that is the header of another."""
        for place, choice in self.choices.items():
            if choice.name is None or choice.name not in self.labels:
                continue
            other = self.labels.index(choice.name)
            if other != place and other not in self.omitted and not self._has_name(other):
                raise ColumnOptionsInvalid(
                    f"'{self.labels[place]}' is to be called '{choice.name}', which is the header of another column.",
                    hint="Choose another name, or say what becomes of that column: a name of its own, or omit.",
                )

    def _has_name(self, place: int) -> bool:
        return place in self.choices and self.choices[place].name is not None


def select_columns(labels: Sequence[str], choices: Sequence[ColumnChoice]) -> Selection:
    """The choices by the places of the columns that they are about.

    Raises:
        ColumnOptionsInvalid: the file has no column of a label, or several, or a column is chosen twice.
    """
    found: dict[int, ColumnChoice] = {}
    if choices:
        finder = _Finder(labels)
        for choice in choices:
            place = finder.find(choice.label)
            if place in found:
                raise ColumnOptionsInvalid(f"Two choices are about the column '{labels[place]}' of the file.")
            found[place] = choice
    return Selection(labels, found)


class _Finder:
    """Finds columns by their label or, if no label is like it, by the name that it makes."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        self._counts = Counter(labels)
        self._names = name_columns(labels)

    def find(self, label: str) -> int:
        label = label.strip()
        if self._counts[label] > 1:
            raise ColumnOptionsInvalid(
                f"The file has {self._counts[label]} columns '{label}': it is not clear which of them is meant.",
                hint="Give them headers that differ. Without choices each of them gets a name of its own.",
            )
        known = self._labels if label in self._counts else self._names
        if label not in known:
            shown = ", ".join(f"'{known}'" for known in self._labels[:LABELS_SHOWN])
            more = f" and {len(self._labels) - LABELS_SHOWN} more" if len(self._labels) > LABELS_SHOWN else ""
            raise ColumnOptionsInvalid(
                f"The file has no column '{label[:200]}'.{did_you_mean(label, self._labels)}",
                hint=f"A column is chosen by its header. Those of the file are {shown}{more}.",
            )
        return known.index(label)


def name_formats(
    formats: Mapping[str, str], labels: Sequence[str], names: Sequence[str], others: Collection[str] = ()
) -> dict[str, str]:
    """Formats of dates, which are given by label or by name, by the names of the columns; a name of "" is left out.

    `others` are names of columns that the file does not have.

    Raises:
        OptionsMismatch: one is of no column.
    """
    named = {}
    counts = Counter(labels)
    for key, written in formats.items():
        if key in others:
            continue
        known = labels if counts[key] == 1 else names
        if key not in known:
            raise OptionsMismatch(
                f"`date_format` is given for '{key[:200]}', and no column is called so."
                f"{did_you_mean(key, [*labels, *names])}",
                hint=f"Give a header of the file or a column's name: {', '.join(filter(None, names[:LABELS_SHOWN]))}.",
            )
        named[names[known.index(key)]] = written
    return named
