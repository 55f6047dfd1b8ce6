"""Filter operators: their documentation and the values they take. Pure.

Which types have which is said by each type: `ColumnType.operators`.
"""

from dataclasses import dataclass
from typing import Literal

from app.columns.column import Column

# In an address, between a column's name and what is asked of it: an operator, a function, a period.
SEPARATOR = "__"
# One value of the column's type, several of them, a pair of them, or true and false.
Takes = Literal["value", "list", "pair", "flag"]


@dataclass(frozen=True)
class Operator:
    """An operator: what it takes, and what it says of the column's value."""

    takes: Takes
    about: str
    # Return whether a record without a value can fulfil it.
    holds_for_null: bool = False
    # Return whether its values are looked for as they are: then they must be among those that the column allows.
    names_values: bool = False


OPERATORS: dict[str, Operator] = {
    "eq": Operator("value", "is this", names_values=True),
    "ne": Operator("value", "is not this, or missing", holds_for_null=True, names_values=True),
    "in": Operator("list", "is one of these", names_values=True),
    "nin": Operator("list", "is none of these, or missing", holds_for_null=True, names_values=True),
    "isnull": Operator("flag", "is missing (true) or present (false)", holds_for_null=True),
    "gt": Operator("value", "is more than this"),
    "gte": Operator("value", "is this or more"),
    "lt": Operator("value", "is less than this"),
    "lte": Operator("value", "is this or less"),
    "between": Operator("pair", "is between these two, both included"),
    "contains": Operator("value", "contains this"),
    "startswith": Operator("value", "starts with this"),
    "like": Operator("value", "matches this pattern: % is any text, _ any character, \\ takes the next one as it is"),
    "ilike": Operator("value", "matches this pattern, ignoring case"),
}


def parameter_name(column: Column, operator: str) -> str:
    """The name of a condition on a column in a query string."""
    return column.name if operator == "eq" else f"{column.name}{SEPARATOR}{operator}"


def operators_of(column: Column) -> tuple[str, ...]:
    """The operators that are worth offering for a column: one that is never missing is not asked for being so."""
    names = column.kind.operators
    return tuple(name for name in names if name != "isnull") if column.required else names
