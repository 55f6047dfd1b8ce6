"""The SQL that changes a column's type: which values convert exactly, and into what. Nothing is rounded or cut. Pure.

A text becomes a value where it is written as one: as JSON shows it, or as the column's `date_format` says. A number
becomes another kind of number where the two are equal.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from app.core.json_text import is_json
from app.datasets.column_types import MAX_BIGINT, MAX_SAFE_INTEGER
from app.datasets.columns import NUMERIC, Column
from app.datasets.date_formats import ISO_DATE, TOKENS

ALWAYS = "true"
# Longer than any number that a double or a decimal holds exactly.
MAX_NUMBER_LENGTH = 2200

DECIMAL = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?"
INTEGER = r"^-?(0|[1-9][0-9]{0,18})$"
NUMBER = rf"^({DECIMAL}([eE][+-]?[0-9]{{1,4}})?|NaN|-?Infinity)$"
UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
TIME = (
    r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?(?: ?[ap]m)?"
    r"(?: ?(?:z|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
# The words that files have for booleans, each in small letters, capitals or with a capital.
TRUE_WORDS = ("true", "t", "yes", "y", "1")
FALSE_WORDS = ("false", "f", "no", "n", "0")
DATES = "BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"
DATETIMES = "BETWEEN TIMESTAMPTZ '0001-01-01 00:00:00Z' AND TIMESTAMPTZ '9999-12-31 23:59:59.999999Z'"

_TOKEN_REGEX = {"YYYY": "([0-9]{4})", "MM": "([0-9]{1,2})", "DD": "([0-9]{1,2})", "MON": rf"({MONTHS})\.?"}


@dataclass(frozen=True)
class Conversion:
    """Whether a value that is not null converts exactly, by SQL or a judge of its text; and what it becomes, by SQL."""

    fits: str | Callable[[str], bool]
    result: str


def is_retyped(before: Column, after: Column) -> bool:
    """Whether a change of a column is one of its type."""
    return (before.type, before.sql_type) != (after.type, after.sql_type)


def target_types(column: Column) -> list[str]:
    """The types that a column's can be changed into."""
    if column.type == "text":
        return [*NUMERIC, "boolean", "date", "datetime", "uuid", "json", "image"]
    numbers = [name for name in NUMERIC if column.type in NUMERIC and (name != column.type or name == "decimal")]
    return [*numbers, *(after for before, after in _OTHERS if before == column.type), "text"]


def find_conversion(before: Column, after: Column, value: str) -> Conversion | None:
    """How `value`, the SQL of a column's value, becomes one of its new type; None where no such value ever does."""
    if before.type in NUMERIC and after.type in NUMERIC:
        # A double by way of its shortest text: PostgreSQL's own cast rounds it to 15 digits.
        exact = f"{value}::text::numeric" if before.type == "number" else f"{value}::numeric"
        return Conversion(_number_fits(exact, after), f"({exact})::{after.sql_type}")
    if after.type == "text":
        return _to_text(before, value)
    if before.type == "text":
        return _from_text(after, value)
    if (before.type, after.type) not in _OTHERS:
        return None
    fits, result = _OTHERS[before.type, after.type]
    return Conversion(fits.format(value), result.format(value))


def _number_fits(exact: str, after: Column) -> str:
    """Whether a column holds a numeric as it is. NaN is greater than every bound."""
    if after.type == "number":
        fits = f"({exact})::double precision::text::numeric = {exact}"
        return f"CASE WHEN pg_input_is_valid(({exact})::text, 'double precision') THEN {fits} ELSE false END"
    if after.type == "decimal":
        whole = (after.precision or 0) - (after.scale or 0)
        return f"round({exact}, {after.scale}) = {exact} AND abs({exact}) < {'1'.ljust(whole + 1, '0')}"
    least, most = (-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER) if after.type == "integer" else (-MAX_BIGINT - 1, MAX_BIGINT)
    return f"trunc({exact}) = {exact} AND {exact} BETWEEN {least} AND {most}"


def _to_text(before: Column, value: str) -> Conversion:
    shown = before.kind.json_sql.format(value)
    if before.type == "date":
        return Conversion(f"{value} {DATES}", f"to_char({value}, 'YYYY-MM-DD')")
    if before.type == "datetime":
        return Conversion(f"{value} {DATETIMES}", shown)
    return Conversion(ALWAYS, f"{value}::text")


def _from_text(after: Column, value: str) -> Conversion | None:
    if after.type in NUMERIC:
        return _number_from_text(after, value)
    if after.type in ("date", "datetime"):
        return _date_from_text(after, value)
    if after.type == "boolean":
        true, false = _spellings(TRUE_WORDS), _spellings(FALSE_WORDS)
        return Conversion(f"{value} IN ({true}, {false})", f"{value} IN ({true})")
    if after.type == "uuid":
        return Conversion(f"{value} ~ '{UUID}'", f"{value}::uuid")
    if after.type == "json":
        return Conversion(is_json, f"{value}::jsonb")
    return Conversion(ALWAYS, value)


def _spellings(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{spelling}'" for word in words for spelling in (word, word.upper(), word.capitalize()))


def _number_from_text(after: Column, value: str) -> Conversion:
    pattern = NUMBER if after.type == "number" else f"^{DECIMAL}$" if after.type == "decimal" else INTEGER
    written = f"length({value}) <= {MAX_NUMBER_LENGTH} AND {value} ~ '{pattern}'"
    fits = _number_fits(f"{value}::numeric", after)
    if after.type == "number":
        # One that is too small for a double is not zero.
        written += f" AND pg_input_is_valid({value}, 'double precision')"
    if after.type == "decimal":
        fits += f" AND scale({value}::numeric) <= {after.scale}"
    return Conversion(_guarded(written, fits), f"{value}::{after.sql_type}")


def _date_from_text(after: Column, value: str) -> Conversion:
    date, iso = _read_format(after.date_format or ISO_DATE)
    pattern = f"^{date}$" if after.type == "date" else f"^{date}(?:[T ]({TIME}))?$"
    if after.type == "date":
        result = f"regexp_replace({value}, '{pattern}', '{iso}', 'i')"
        fits = f"pg_input_is_valid({result}, 'date')"
        return Conversion(_guarded(f"{value} ~* '{pattern}'", fits), f"{result}::date")
    result = rf"regexp_replace({value}, '{pattern}', '{iso} \4', 'i')"
    in_range = f"{result}::timestamptz {DATETIMES}"
    fits = f"CASE WHEN pg_input_is_valid({result}, 'timestamptz') THEN {in_range} ELSE false END"
    return Conversion(_guarded(f"{value} ~* '{pattern}'", fits), f"{result}::timestamptz")


def _read_format(date_format: str) -> tuple[str, str]:
    r"""A regular expression of dates of a format, and what makes them YYYY-MM-DD: as `\3-\2-\1` for DD/MM/YYYY."""
    tokens = TOKENS.findall(date_format)
    first, *others = (re.escape(part).replace("'", "''") for part in TOKENS.split(date_format))
    pattern = first + "".join(_TOKEN_REGEX[token] + part for token, part in zip(tokens, others, strict=True))
    if date_format.startswith("YYYY-"):
        pattern = pattern.replace("{1,2}", "{2}")
    year, month, day = tokens.index("YYYY"), tokens.index("MM" if "MM" in tokens else "MON"), tokens.index("DD")
    return pattern, rf"\{year + 1}-\{month + 1}-\{day + 1}"


def _guarded(written: str, fits: str) -> str:
    """Both conditions; the casts of the second would fail where the first is false."""
    return f"CASE WHEN {written} THEN {fits} ELSE false END"


# What each becomes, and which values do so exactly; {} is the value.
_OTHERS: dict[tuple[str, str], tuple[str, str]] = {
    ("integer", "boolean"): ("{0} IN (0, 1)", "{0} = 1"),
    ("bigint", "boolean"): ("{0} IN (0, 1)", "{0} = 1"),
    ("boolean", "integer"): (ALWAYS, "{0}::integer::bigint"),
    ("boolean", "bigint"): (ALWAYS, "{0}::integer::bigint"),
    ("date", "datetime"): (f"{{0}} {DATES}", "{0}::timestamp AT TIME ZONE 'UTC'"),
    ("datetime", "date"): (
        f"{{0}} {DATETIMES} AND date_trunc('day', {{0}} AT TIME ZONE 'UTC') = {{0}} AT TIME ZONE 'UTC'",
        "({0} AT TIME ZONE 'UTC')::date",
    ),
}
