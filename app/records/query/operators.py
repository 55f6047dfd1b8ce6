"""Filter operators: their documentation and the values they take. Pure.

Which types have which is said by each type: `ColumnType.operators`.
"""

from dataclasses import dataclass, replace
from typing import Literal

from app.columns.column import Column
from app.datasets.schema import DatasetSchema

# In an address, between a column's name and what is asked of it: an operator, a function, a period.
SEPARATOR = "__"
# One value of the column's type, several of them, a pair of them, or true and false.
Takes = Literal["value", "list", "pair", "flag"]


# A bound that is a value that may be, or one that may not.
Bound = Literal["included", "excluded"]


@dataclass(frozen=True, kw_only=True)
class Operator:
    """An operator: what it takes, and what it says of the column's value."""

    takes: Takes
    about: str
    # The condition in SQL: {0} is the column, {1} and {2} are what it takes, a list being one array.
    sql: str
    # The condition of a flag that is false.
    sql_if_false: str = ""
    # Whether a record without a value can fulfil it.
    holds_for_null: bool = False
    # Whether its values are looked for as they are: then they must be among those that the column allows.
    names_values: bool = False
    # Whether an index over the column serves it.
    is_indexed: bool = False
    # Which bounds it sets the column's value: the first of what it takes is the least, the last the greatest.
    least: Bound | None = None
    most: Bound | None = None
    # What SQL's LIKE takes for its text; {} is the text, each character of which stands for itself.
    pattern: str | None = None
    # Whether it takes such a pattern itself.
    takes_pattern: bool = False
    # Whether it is about how the text begins, and so about a range of keys.
    is_prefix: bool = False
    # Whether documents need not say what its name does.
    is_plain: bool = False

    @property
    def sets_range(self) -> bool:
        """Return whether the values that fulfil it lie side by side."""
        return self.least is not None or self.most is not None or self.is_prefix


OPERATORS: dict[str, Operator] = {
    "eq": Operator(
        takes="value", about="is this", sql="{0} = {1}",
        names_values=True, is_indexed=True, least="included", most="included",
    ),
    "ne": Operator(
        takes="value", about="is not this, or missing", sql="{0} IS DISTINCT FROM {1}",
        holds_for_null=True, names_values=True,
    ),
    "in": Operator(
        takes="list", about="is one of these", sql="{0} = ANY({1})",
        names_values=True, is_indexed=True, is_plain=True,
    ),
    "nin": Operator(
        takes="list", about="is none of these, or missing", sql="({0} = ANY({1})) IS NOT TRUE",
        holds_for_null=True, names_values=True,
    ),
    "isnull": Operator(
        takes="flag", about="is missing (true) or present (false)", sql="{0} IS NULL", sql_if_false="{0} IS NOT NULL",
        holds_for_null=True, is_indexed=True,
    ),
    "gt": Operator(
        takes="value", about="is more than this", sql="{0} > {1}",
        is_indexed=True, least="excluded", is_plain=True,
    ),
    "gte": Operator(
        takes="value", about="is this or more", sql="{0} >= {1}",
        is_indexed=True, least="included", is_plain=True,
    ),
    "lt": Operator(
        takes="value", about="is less than this", sql="{0} < {1}",
        is_indexed=True, most="excluded", is_plain=True,
    ),
    "lte": Operator(
        takes="value", about="is this or less", sql="{0} <= {1}",
        is_indexed=True, most="included", is_plain=True,
    ),
    "between": Operator(
        takes="pair", about="is between these two, both included", sql="{0} BETWEEN {1} AND {2}",
        is_indexed=True, least="included", most="included",
    ),
    # LIKE and not a function: the planner knows how often a pattern fits, and that an index serves how a text starts.
    "contains": Operator(takes="value", about="contains this", sql="{0} LIKE {1}", pattern="%{}%"),
    "startswith": Operator(
        takes="value", about="starts with this", sql="{0} LIKE {1}", pattern="{}%",
        is_indexed=True, is_prefix=True,
    ),
    "like": Operator(
        takes="value", about="matches this pattern: % is any text, _ any character, \\ takes the next one as it is",
        sql="{0} LIKE {1}", takes_pattern=True,
    ),
    "ilike": Operator(
        takes="value", about="matches this pattern, ignoring case",
        sql="{0} ILIKE {1}", takes_pattern=True,
    ),
}  # fmt: skip
# Of documents, what one holds is looked for otherwise, and is all that their index serves.
_OF_DOCUMENTS = OPERATORS | {
    "isnull": replace(OPERATORS["isnull"], is_indexed=False),
    "contains": Operator(takes="value", about=OPERATORS["contains"].about, sql="{0} @> {1}", is_indexed=True),
}


def operator_of(column: Column, name: str) -> Operator:
    """An operator as it is asked of a column."""
    return (_OF_DOCUMENTS if column.kind.is_document else OPERATORS)[name]


def parameter_name(column: Column, operator: str) -> str:
    """The name of a condition on a column in a query string."""
    return column.name if operator == "eq" else f"{column.name}{SEPARATOR}{operator}"


def operators_of(column: Column) -> tuple[str, ...]:
    """The operators that are worth offering for a column: one that is never missing is not asked for being so."""
    names = column.kind.operators
    return tuple(name for name in names if name != "isnull") if column.required else names


def listed_by(schema: DatasetSchema) -> list[tuple[Column, str]]:
    """The filters of a list in the key-value store: columns, each with an operator; empty if a key finds a record.

    It takes one value of the key's first column, and a range of its second.
    """
    if len(schema.key) < schema.can.max_key_columns:
        return []
    first, second = schema.key
    return [(first, "eq"), *((second, name) for name in second.kind.operators if OPERATORS[name].sets_range)]
