"""The SQL that finds the records which do not fit a change of their dataset, by the rules of writes and imports. Pure.

Each rule of `rules.py` is a condition here that is true of a value which breaks it, but for `pattern`: PostgreSQL's
regular expressions are not those of RE2, so those values are read and matched.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.columns.column import Column
from app.columns.constraints import Rule, constraint_rules
from app.core.database.names import DATA_SCHEMA, quote

MAX_EXAMPLES = 10
VALUE_LIMIT = 200
# Limits of a sample of texts: rows looked at, different texts read, and their length.
SAMPLED_ROWS, SAMPLED_TEXTS, SAMPLED_LENGTH = 10_000, 300, 100


@dataclass(frozen=True)
class Condition:
    """An SQL condition on the row `record`; `values` are the texts of its parameters $1, $2, …

    `is_shared` if it compares records with each other.
    """

    sql: str
    values: tuple[Any, ...] = ()
    is_shared: bool = False


def rules_to_check(before: Column | None, after: Column, *, retyped: bool) -> list[Rule]:
    """The rules of a column that its values may break now: the new ones, and all of them if the values are new."""
    known = [] if before is None or retyped else constraint_rules(before)
    return [rule for rule in constraint_rules(after) if rule not in known]


def broken(rule: Rule, column: Column, value: str) -> Condition | None:
    """The SQL condition that `value`, the SQL of a column's value, breaks a rule; None if SQL cannot decide it."""
    find = _CONDITIONS.get(rule.code)
    return None if find is None else find(column, value, rule.bound)


def _is_missing(_column: Column, value: str, _bound: bool) -> Condition:
    return Condition(f"{value} IS NULL")


def _is_too_long(_column: Column, value: str, most: int) -> Condition:
    return Condition(f"char_length({value}) > {most}")


def _is_outside(sign: str) -> Callable[[Column, str, Any], Condition]:
    def find(column: Column, value: str, bound: Any) -> Condition:
        # Texts in the order of their characters, independent of the database's collation.
        compared = f'{value} COLLATE "C"' if column.kind.is_text else value
        beyond = f"{compared} {sign} CAST($1::text AS {column.kind.sql})"
        if not column.kind.not_finite:
            return Condition(beyond, (text_of(column, bound),))
        # A number that is not one is in no range.
        return Condition(f"{beyond} OR {value} = 'NaN'", (text_of(column, bound),))

    return find


def _is_not_among(column: Column, value: str, choices: Sequence[Any]) -> Condition:
    texts = [text_of(column, choice) for choice in choices]
    return Condition(f"{value} <> ALL (CAST($1::text[] AS {column.kind.sql}[]))", (texts,))


_CONDITIONS: dict[str, Callable[[Column, str, Any], Condition]] = {
    "required": _is_missing,
    "max_length": _is_too_long,
    "min": _is_outside("<"),
    "max": _is_outside(">"),
    "one_of": _is_not_among,
}


def text_of(column: Column, given: Any) -> str:
    """The text, as PostgreSQL reads it, of a value in JSON.

    Raises:
        ValueError: it is not a value of the column.
    """
    text = given if isinstance(given, str) else json.dumps(given)
    value = column.parse(text)
    return value.isoformat() if isinstance(value, date) else text


def dangling(column: Column, target_key: str) -> Condition:
    """The SQL condition of references to a missing record of the other dataset."""
    assert column.references is not None
    value = quote("record", column.name)
    answer = f"SELECT FROM {quote(DATA_SCHEMA, column.references)} AS referred"
    return Condition(f"{value} IS NOT NULL AND NOT EXISTS ({answer} WHERE {quote('referred', target_key)} = {value})")


def repeated(table: str, names: Sequence[str]) -> Condition:
    """The SQL condition of records that share their values, none of them null, with another one."""
    columns = ", ".join(quote(name) for name in names)
    given = " AND ".join(f"{quote(name)} IS NOT NULL" for name in names)
    shared = f"SELECT {columns} FROM {quote(DATA_SCHEMA, table)} WHERE {given} GROUP BY {columns} HAVING count(*) > 1"
    return Condition(f"({', '.join(quote('record', name) for name in names)}) IN ({shared})", is_shared=True)


def count_records(table: str, condition: Condition) -> str:
    """The statement that counts the records of which a condition is true."""
    return f"SELECT count(*) FROM {source_of(table)} WHERE {condition.sql}"


def select_examples(table: str, key: Sequence[Column], columns: Sequence[Column], condition: Condition) -> str:
    """The statement that reads some records of which a condition is true: the texts of their key, then of some values.

    They come in the order of their key, those that share their values side by side.
    """
    shown = [*map(_shown, key), *(f"left({_shown(column)}, {VALUE_LIMIT})" for column in columns)]
    order = _names([*columns, *key] if condition.is_shared else key)
    source = f"{source_of(table)} WHERE {condition.sql}"
    return f"SELECT {', '.join(shown)} FROM {source} ORDER BY {order} LIMIT {MAX_EXAMPLES}"


def select_texts(table: str, key: Sequence[Column], column: Column) -> str:
    """The statement that reads the texts of each record's key, and then that of its value if it has one."""
    shown = ", ".join(map(_shown, [*key, column]))
    return f"SELECT {shown} FROM {source_of(table)} WHERE {_names([column])} IS NOT NULL ORDER BY {_names(key)}"


def unconvertible(value: str, fits: str) -> str:
    """The SQL condition of a value that is not null and does not convert; `fits` is true of those that do."""
    return f"{value} IS NOT NULL AND ({fits}) IS NOT TRUE"


def select_sample(table: str, column: Column, condition: str) -> str:
    """The statement that reads some different texts of a column of which a condition is true, none of them long."""
    text = _names([column])
    short = f"char_length({text}) <= {SAMPLED_LENGTH}"
    some = f"SELECT {text} AS value FROM {source_of(table)} WHERE {short} AND {condition} LIMIT {SAMPLED_ROWS}"
    return f"SELECT DISTINCT value FROM ({some}) AS sample LIMIT {SAMPLED_TEXTS}"


def measure_longest(table: str, column: Column) -> str:
    """The statement for the size in bytes of the longest text of a column; null without texts."""
    return f"SELECT max(octet_length({_names([column])})) FROM {source_of(table)}"


def source_of(table: str) -> str:
    """The table of a dataset, each row of it as `record`."""
    return f"{quote(DATA_SCHEMA, table)} AS record"


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(quote("record", column.name) for column in columns)


def _shown(column: Column) -> str:
    return f"({column.kind.json_sql.format(quote('record', column.name))})::text"
