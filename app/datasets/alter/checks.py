"""The SQL that finds the records which do not fit a change of their dataset, by the rules of writes and imports. Pure.

Each constraint says which values break it in SQL, but for `pattern`: those values are read and matched.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.columns.column import Column
from app.columns.constraints import CONSTRAINTS
from app.columns.rules import Rule, constraint_rules
from app.core.database.names import CATALOGUE_SCHEMA, DATA_SCHEMA, quote

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
    """The SQL that is true if `value`, the SQL of a column's value, breaks a rule; None for what SQL cannot tell."""
    violation = CONSTRAINTS[rule.code].find_violation(column.kind, value, rule.bound)
    return None if violation is None else Condition(violation.text, violation.values)


def find_fit(rule: Rule, column: Column) -> Callable[[str], bool]:
    """Return a check of whether the text of a column's value fulfils a rule."""
    kind = column.kind
    is_broken = CONSTRAINTS[rule.code].find_check(kind, rule.bound)
    return lambda text: not is_broken(kind.read(text))


def dangling(column: Column, target_key: str) -> Condition:
    """The SQL condition of references to a missing record of the other dataset."""
    assert column.references is not None
    value = quote("record", column.name)
    answer = f"SELECT FROM {quote(DATA_SCHEMA, column.references)} AS referred"
    return Condition(f"{value} IS NOT NULL AND NOT EXISTS ({answer} WHERE {quote('referred', target_key)} = {value})")


def without_image(column: Column) -> Condition:
    """The SQL condition of ids that are those of no image."""
    value = quote("record", column.name)
    images = f"SELECT FROM {quote(CATALOGUE_SCHEMA, 'image')} AS image WHERE image.id = {value}"
    return Condition(f"{value} IS NOT NULL AND NOT EXISTS ({images})")


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
