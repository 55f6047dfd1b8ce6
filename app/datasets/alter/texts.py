"""The SQL that reads texts as values of other types, as files write them. Pure.

A text is read as an import reads a cell: spaces around it are passed over, a blank one and the column's `nulls` are
null, and the column's other conventions say how the rest is written.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.columns.column import Column
from app.columns.conventions import OF_NUMBERS
from app.columns.date_formats import ISO_DATE
from app.columns.rules import type_rule
from app.core.strict_json import is_json
from app.datasets.alter.date_texts import read_date
from app.datasets.alter.number_texts import number_example, read_number
from app.datasets.alter.sql_texts import SPACES, literals

ALWAYS, NEVER = "true", "false"
# The words that files have for booleans, each in small letters, capitals or with a capital.
TRUE_WORDS = ("true", "t", "yes", "y", "1")
FALSE_WORDS = ("false", "f", "no", "n", "0")


@dataclass(frozen=True)
class Conversion:
    """A conversion: whether a value that is not null converts exactly, by SQL or a judge of its text, and the SQL of
    its result.

    `missing` is true, by SQL, of the values that become null.
    """

    fits: str | Callable[[str], bool]
    result: str
    missing: str = NEVER


def read_text(after: Column, value: str) -> Conversion:
    """The conversion of `value`, the SQL of a text, to a column of another type."""
    bare = f"btrim({value}, '{SPACES}')"
    words, missing = _null_words(after), missing_texts(after, value)
    if after.kind.is_document:
        result = unless(missing, f"{value}::jsonb")
        return Conversion(lambda text: text.strip(SPACES) in words or is_json(text), result, missing)
    fits, result = _read(after, bare)
    return Conversion(f"CASE WHEN {missing} THEN true ELSE {fits} END", unless(missing, result), missing)


def missing_texts(after: Column, value: str) -> str:
    """The SQL that is true of the texts that become null in a column."""
    return f"btrim({value}, '{SPACES}') IN ({literals(sorted(_null_words(after)))})"


def _null_words(after: Column) -> frozenset[str]:
    return frozenset(word.strip(SPACES) for word in ("", *(after.nulls or ())))


def not_read(after: Column) -> str:
    """The message for a text that is not a value of a column, by its conventions."""
    if after.kind.is_date and after.date_format not in (None, ISO_DATE):
        return f"not {after.kind.article} written {after.date_format}"
    if after.booleans is not None:
        return f"neither '{after.booleans[0]}' nor '{after.booleans[1]}'"
    message = type_rule(after).message
    if after.kind.is_number and any(getattr(after, name) for name in OF_NUMBERS):
        return f"{message}, written as {number_example(after)}"
    return message


def unless(missing: str, result: str) -> str:
    """The SQL of a result, null for what is missing."""
    return f"CASE WHEN {missing} THEN NULL ELSE {result} END"


def _read(after: Column, bare: str) -> tuple[str, str]:
    """Return whether a text that is not null is a value of the column, and which; `bare` is its SQL without spaces."""
    if after.kind.is_number:
        return read_number(after, bare)
    if after.kind.is_date:
        return read_date(after, bare)
    if "booleans" in after.kind.members:
        true, false = _boolean_words(after)
        return f"{bare} IN ({true}, {false})", f"{bare} IN ({true})"
    kind = after.kind
    if kind.pattern is None:
        return f"pg_input_is_valid({bare}, '{kind.sized_sql}')", f"{bare}::{kind.sized_sql}"
    return f"{bare} ~ '^{kind.pattern}$'", f"{bare}::{kind.sized_sql}"


def _boolean_words(after: Column) -> tuple[str, str]:
    """The words for true and those for false; as well as a column's own, an export has true and false."""
    if after.booleans is None:
        return literals(_spellings(TRUE_WORDS)), literals(_spellings(FALSE_WORDS))
    own = [word.strip(SPACES) for word in after.booleans]
    true, false = (
        [word, *(common for common in _spellings(words[:1]) if common not in own)]
        for word, words in zip(own, (TRUE_WORDS, FALSE_WORDS), strict=True)
    )
    return literals(true), literals(false)


def _spellings(words: tuple[str, ...]) -> list[str]:
    return [spelling for word in words for spelling in (word, word.upper(), word.capitalize())]
