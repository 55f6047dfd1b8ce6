"""Match: a file's columns to those of the dataset that it goes into.

Pure: no I/O.
"""

from collections.abc import Sequence
from dataclasses import replace

from app.core.errors import did_you_mean
from app.datasets.columns import Column
from app.imports.cells import Conventions
from app.imports.errors import ColumnsMismatch, OptionsMismatch
from app.imports.names import name_columns

MOST_NAMED = 20


def match_columns(labels: Sequence[str], columns: Sequence[Column], *, has_header: bool) -> list[Column]:
    """The dataset's column for each of the file's, in the file's order; a column that may be null may be missing.

    Raises:
        ColumnsMismatch: the file has a column that the dataset has not, or lacks one that is required.
    """
    if not has_header:
        return _match_by_place(labels, columns)
    by_name = {column.name: column for column in columns}
    by_label = {column.label: column for column in reversed(columns) if column.label}
    matched: list[Column] = []
    unknown: list[str] = []
    for label, name in zip(labels, name_columns(labels), strict=True):
        # A label that the file has twice says nothing; their names differ.
        column = (by_label.get(label) if list(labels).count(label) == 1 else None) or by_name.get(name)
        if column is None:
            unknown.append(f"no column '{name}'.{did_you_mean(name, by_name)}")
        else:
            matched.append(column)
    if unknown:
        raise ColumnsMismatch(
            f"The file has columns that the dataset does not have: {'; '.join(unknown[:10])}",
            hint=f"The dataset's columns are {', '.join(by_name)}. Rename the headers, or import into a new dataset.",
        )
    _refuse_repeated(matched)
    _refuse_missing(matched, columns)
    return matched


def name_date_formats(
    conventions: Conventions, labels: Sequence[str], loaded: Sequence[Column], columns: Sequence[Column]
) -> Conventions:
    """The conventions with each date format by its column's name; it may be given by the file's label.

    `columns` are the dataset's, `loaded` those of the file in its order.

    Raises:
        OptionsMismatch: no column has that name or label.
    """
    names = {label: column.name for label, column in zip(labels, loaded, strict=True)}
    names |= {column.name: column.name for column in columns}
    formats = conventions.date_formats
    for given in formats:
        if given not in names:
            raise OptionsMismatch(
                f"`date_format` is given for '{given}', and no column is called so.{did_you_mean(given, names)}",
                hint=f"The columns are {', '.join(list(names)[:MOST_NAMED])}.",
            )
    return replace(conventions, date_formats={names[given]: written for given, written in formats.items()})


def _match_by_place(labels: Sequence[str], columns: Sequence[Column]) -> list[Column]:
    if len(labels) != len(columns):
        raise ColumnsMismatch(
            f"The file has no header and {len(labels)} columns; the dataset has {len(columns)}.",
            hint="Add a header that names the columns.",
        )
    return list(columns)


def _refuse_repeated(matched: Sequence[Column]) -> None:
    names = [column.name for column in matched]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ColumnsMismatch(f"Two columns of the file are '{repeated[0]}'.", hint="Rename or remove one of them.")


def _refuse_missing(matched: Sequence[Column], columns: Sequence[Column]) -> None:
    missing = [column.name for column in columns if column.required and column not in matched]
    if missing:
        raise ColumnsMismatch(
            f"The file lacks columns that the dataset requires: {', '.join(missing)}.", hint="Add them to the file."
        )
