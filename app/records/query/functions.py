"""Aggregate functions: their SQL and the JSON of their results. Pure.

Which types have which is said by each type: `ColumnType.aggregates`.
"""

from dataclasses import dataclass
from typing import Any

from app.columns.column import Column

COUNT = "count"
# How a group's dates may be cut, as `released__month`: to_char's format and the JSON schema of what it gives.
PERIODS: dict[str, tuple[str, dict[str, Any]]] = {
    "day": ("YYYY-MM-DD", {"type": "string", "format": "date", "examples": ["2026-01-31"]}),
    "month": ("YYYY-MM", {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$", "examples": ["2026-01"]}),
    "year": ("YYYY", {"type": "string", "pattern": "^[0-9]{4}$", "examples": ["2026"]}),
}
_AS_TEXT, _AS_NUMBER, _AS_IT_IS = "({})::text", "({})::double precision", "{}"


@dataclass(frozen=True)
class Function:
    """An aggregate function: its SQL over {}, and what it says."""

    sql: str
    about: str


FUNCTIONS: dict[str, Function] = {
    "count": Function("count({})", "how many have a value"),
    "count_distinct": Function("count(DISTINCT {})", "how many different values there are"),
    "sum": Function("sum({})", "the sum"),
    "avg": Function("avg({})", "the mean"),
    "min": Function("min({})", "the least"),
    "max": Function("max({})", "the greatest"),
}


def periods_of(column: Column) -> tuple[str, ...]:
    """The periods by which a column may be grouped."""
    return tuple(PERIODS) if column.kind.is_date else ()


def can_group(column: Column) -> bool:
    """Return whether records may be grouped by a column: its values must have an equality."""
    return "eq" in column.kind.operators


def result_sql(function: str, column: Column) -> str:
    """The JSON of a result: an SQL template over {}, the function's result."""
    if function.startswith("count"):
        return _AS_IT_IS
    if function in ("min", "max"):
        return column.kind.json_sql
    if column.kind.json_type == "number" or (column.kind.json_type == "integer" and function == "avg"):
        return _AS_NUMBER
    return _AS_TEXT


def result_type(function: str, column: Column) -> str:
    """The name of a result's type in `registry.TYPES`; all but a count are null where no record has a value."""
    if function.startswith("count"):
        return "integer"
    if function in ("min", "max"):
        return column.type
    return "number" if result_sql(function, column) == _AS_NUMBER else "decimal"
