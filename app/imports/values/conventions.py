"""Conventions: what the options of an import say of how its file writes values.

Pure: no I/O.
"""

from collections.abc import Iterable

from app.columns.column import Column
from app.core.strict_json import MAX_DOCUMENT_BYTES
from app.datasets.import_options import ImportOptions
from app.imports.values.cells import Conventions


def conventions_of(options: ImportOptions, delimiter: str, document_bytes: int = MAX_DOCUMENT_BYTES) -> Conventions:
    """The options that concern values, for a file whose fields end with `delimiter`."""
    return Conventions(
        options.decimal_separator,
        options.thousands_separator,
        tuple(options.units or ()),
        options.booleans,
        options.date_format or {},
        options.timezone or "UTC",
        document_bytes,
        delimiter,
    )


def separators_of(columns: Iterable[Column]) -> dict[str, str]:
    """The separators that the columns' numbers share, for a report."""
    known = list(columns)
    return {
        "decimal_separator": _common([column.decimal_separator for column in known]) or ".",
        "thousands_separator": _common([column.thousands_separator for column in known]) or "",
    }


def _common(marks: Iterable[str | None]) -> str | None:
    found = {mark for mark in marks if mark is not None}
    return found.pop() if len(found) == 1 else None
