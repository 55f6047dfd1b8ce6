"""Match: a file's columns to those of the dataset that it goes into.

Pure: no I/O.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from app.columns.column import ROW_ID, Column
from app.columns.conventions import Conventions
from app.core.errors import did_you_mean
from app.imports.choices import ColumnChoice, first_mistake
from app.imports.errors import ColumnOptionsInvalid, ColumnsMismatch
from app.imports.inference.names import name_columns
from app.imports.inference.selection import Selection
from app.imports.inference.settle import EXPORT_WARNING

PLAINLY = dict.fromkeys(Conventions.model_fields)
OMIT_HINT = 'or leave one out with `columns`: {"label": "Notes", "omit": true} (--omit Notes)'


@dataclass
class Match:
    """The dataset's column for each of the file's, in the file's order; None for one that is passed over.

    The places in `empty` are those of columns without a name, which are passed over as long as they have no value.
    """

    columns: list[Column | None]
    empty: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    # The places of the columns whose values this file writes in a way of its own, which is not kept.
    apart: set[int] = field(default_factory=set)
    # Those whose separators are said for this file: nothing has to be proven of them.
    stated: set[int] = field(default_factory=set)
    # Return whether the header is that of the dataset's exports.
    has_own_header: bool = False


def match_columns(
    selection: Selection, columns: Sequence[Column], *, has_header: bool, is_numbered: bool = False
) -> Match:
    """Match a file's columns by label, name or choice; a column of the dataset that may be null may be missing.

    A dataset whose records `is_numbered` passes over the numbers that its own exports have.

    Raises:
        ColumnsMismatch: the file has a column that the dataset has not, or lacks one that is required.
        ColumnOptionsInvalid: a choice says something else of a column than the dataset does.
    """
    if has_header:
        match = _Matching(selection, columns, is_numbered=is_numbered).match()
    else:
        match = Match(_match_by_place(selection, columns))
    _refuse_repeated(match.columns)
    _refuse_missing(match.columns, columns)
    match.has_own_header = has_header and _has_own_header(selection.labels, columns, is_numbered=is_numbered)
    if match.has_own_header and _is_own_export(selection.labels, columns, is_numbered=is_numbered):
        _read_as_json(match)
    for place, choice in selection.choices.items():
        column = match.columns[place]
        if column is not None:
            match.columns[place] = _apply(choice, column)
            if choice.conventions:
                match.apart.add(place)
            if choice.decimal_separator or choice.thousands_separator:
                match.stated.add(place)
    return match


class _Matching:
    """Looks for the dataset's column of each header of a file."""

    def __init__(self, selection: Selection, columns: Sequence[Column], *, is_numbered: bool) -> None:
        self._selection = selection
        self._labels = selection.labels
        self._counts = Counter(selection.labels)
        self._folded = Counter(map(_fold, selection.labels))
        self._names = name_columns(selection.labels)
        self._columns = columns
        self._by_name = {column.name: column for column in columns}
        self._by_label = {column.label: column for column in reversed(columns) if column.label}
        self._is_numbered = is_numbered
        self._match = Match([None] * len(selection.labels))
        self._unknown: list[str] = []

    def match(self) -> Match:
        for place, label in enumerate(self._labels):
            choice = self._selection.choices.get(place)
            if choice is not None and choice.omit:
                continue
            column = self._find(place) if choice is None or choice.name is None else self._chosen(choice.name, label)
            self._match.columns[place] = column
            if column is None:
                self._pass_over(place)
        if self._unknown:
            raise ColumnsMismatch(
                f"The file has columns that the dataset does not have: {'; '.join(self._unknown[:10])}",
                hint=f"The dataset's columns are {', '.join(self._by_name)}. Rename the headers, {OMIT_HINT}, "
                "or import into a new dataset.",
            )
        return self._match

    def _chosen(self, name: str, label: str) -> Column:
        column = self._by_name.get(name)
        if column is None:
            raise ColumnOptionsInvalid(
                f"'{label}' is to be the column '{name}', which the dataset does not have."
                f"{did_you_mean(name, self._by_name)}",
                hint=f"The dataset's columns are {', '.join(self._by_name)}.",
            )
        return column

    def _find(self, place: int) -> Column | None:
        """By label; by name; or by a label that differs in case and spaces only, if that can be but one.

        A label that the file has twice says nothing: their names differ.
        """
        label, name = self._labels[place], self._names[place]
        if self._counts[label] > 1:
            return self._by_name.get(name)
        if (exact := self._by_label.get(label) or self._by_name.get(label)) is not None:
            return exact
        folded = _fold(label)
        alike = [
            column
            for column in self._columns
            if column.name == name or (column.label and folded and _fold(column.label) == folded)
        ]
        if len(alike) > 1:
            either = " or ".join(f"'{column.label or column.name}'" for column in alike)
            self._unknown.append(f"'{label}' could be {either}.")
        if len(alike) != 1:
            return None
        column = alike[0]
        if column.label and column.label != label and _fold(column.label) == folded:
            if self._folded[folded] > 1:
                return self._by_name.get(name)
            self._match.warnings.append(f"The header '{label}' was taken for '{column.label}' (column {column.name}).")
        return column

    def _pass_over(self, place: int) -> None:
        """Leave out what needs no column; anything else is unknown."""
        label, name = self._labels[place], self._names[place]
        if self._is_numbered and label == ROW_ID:
            self._match.warnings.append(
                f"{ROW_ID} was passed over: it numbers the records of a dataset without a key, and those of this file "
                "are numbered on."
            )
        elif not label:
            self._match.empty.append(place)
            self._match.warnings.append(f"The file's column {place + 1} has no name and was passed over.")
        elif not any(text.startswith(f"'{label}' could be") for text in self._unknown):
            self._unknown.append(f"no column '{name}'.{did_you_mean(name, self._by_name)}")


def _has_own_header(labels: Sequence[str], columns: Sequence[Column], *, is_numbered: bool) -> bool:
    """Return whether a file has all columns by name and in order, and the records' numbers, as exports have them."""
    names = [column.name for column in columns]
    return list(labels) == ([ROW_ID, *names] if is_numbered else names)


def _is_own_export(labels: Sequence[str], columns: Sequence[Column], *, is_numbered: bool) -> bool:
    """Return whether the header proves an export: it has record numbers, or other files use other headers.

    If a file may as well have the origin of the others, its values decide.
    """
    numbered = is_numbered and labels[0] == ROW_ID
    return numbered or any(column.label not in (None, column.name) for column in columns)


def _read_as_json(match: Match) -> None:
    """Forget how other files write the columns' values: an export writes them as JSON does."""
    for place, column in enumerate(match.columns):
        if column is None or not any(getattr(column, name) is not None for name in Conventions.model_fields):
            continue
        point = {"decimal_separator": "."} if column.kind.is_number else {}
        match.columns[place] = column.model_copy(update=PLAINLY | point)
        match.apart.add(place)
        match.stated.add(place)
    if match.apart:
        match.warnings.append(EXPORT_WARNING)


def _fold(label: str) -> str:
    return " ".join(label.casefold().split())


def _match_by_place(selection: Selection, columns: Sequence[Column]) -> list[Column | None]:
    """The columns of a file without a header: in the dataset's order, unless a name is chosen for each."""
    loaded = [place for place in range(len(selection.labels)) if place not in selection.omitted]
    names = {place: choice.name for place, choice in selection.choices.items() if choice.name is not None}
    matched: list[Column | None] = [None] * len(selection.labels)
    if names:
        if len(names) < len(loaded):
            raise ColumnOptionsInvalid(
                "The file has no header, and only some of its columns have a name by choice.",
                hint="Choose a name for each, `omit` the others, or choose none: then the order decides.",
            )
        by_name = {column.name: column for column in columns}
        for place, name in names.items():
            if name not in by_name:
                raise ColumnOptionsInvalid(f"The dataset has no column '{name}'.{did_you_mean(name, by_name)}")
            matched[place] = by_name[name]
        return matched
    if len(loaded) != len(columns):
        raise ColumnsMismatch(
            f"The file has no header and {len(loaded)} columns; the dataset has {len(columns)}.",
            hint="Add a header that names the columns, or say what each is with `columns`: by column_1, column_2, …",
        )
    for place, column in zip(loaded, columns, strict=True):
        matched[place] = column
    return matched


def _refuse_repeated(matched: Sequence[Column | None]) -> None:
    counts = Counter(column.name for column in matched if column is not None)
    repeated = sorted(name for name, count in counts.items() if count > 1)
    if repeated:
        raise ColumnsMismatch(
            f"Two columns of the file are '{repeated[0]}'.", hint="Rename or remove one of them, or `omit` it."
        )


def _refuse_missing(matched: Sequence[Column | None], columns: Sequence[Column]) -> None:
    found = {column.name for column in matched if column is not None}
    missing = [column.name for column in columns if column.required and column.name not in found]
    if missing:
        raise ColumnsMismatch(
            f"The file lacks columns that the dataset requires: {', '.join(missing)}.", hint="Add them to the file."
        )


def _apply(choice: ColumnChoice, column: Column) -> Column:
    """A column of the dataset as the file writes it.

    Raises:
        ColumnOptionsInvalid: the choice says something else of it than the dataset does.
    """
    for name, value in choice.members.items():
        if name in Conventions.model_fields or name == "name" or getattr(column, name) == value:
            continue
        raise ColumnOptionsInvalid(
            f"'{column.name}' has {name} {_shown(getattr(column, name))} in the dataset, not {_shown(value)}.",
            hint="An import does not change a dataset's columns: PATCH /datasets/{dataset} does, "
            "and mode=replace with infer_again=true infers them again.",
        )
    try:
        return Column.model_validate(column.model_dump(exclude_none=True) | choice.conventions)
    except ValidationError as error:
        raise ColumnOptionsInvalid(f"The choice of '{choice.label}' does not fit: {first_mistake(error)}.") from None


def _shown(value: object) -> str:
    return "none" if value is None else f"'{str(value)[:100]}'"
