"""The base of column types: one class a type, with all that holds of its values. Pure.

The class of each type stands in a file of this folder, and `registry` lists them.
"""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

from app.core.aws.dynamo_json import Attributes

Value = TypeVar("Value")
Schema = dict[str, Any]
Shown = str | int | float

EQUALITY = ("eq", "ne", "in", "nin", "isnull")
ORDER = ("gt", "gte", "lt", "lte", "between")

COUNTS = ("count", "count_distinct")
EXTREMES = ("min", "max")
ARITHMETIC = ("sum", "avg")


class Unreadable(ValueError):
    """A value is not one of its type, for a reason that the type's own message does not say."""


class ColumnType(ABC, Generic[Value]):
    """A type of columns; `Value` is how Python holds its values."""

    # The SQL expression of a value as JSON shows it, and as a cell of an export if that is another; {} is the column.
    json_sql = "{}"
    cell_sql: str | None = None
    # Texts are searched, measured and matched by patterns; they sort by the collation of the database.
    is_text = False
    is_number = False
    # A date or a moment, which has a format in files and is cut into periods.
    is_date = False
    is_document = False
    # A value is the id of an image, of which records show more.
    is_image = False
    # What a text has to fit that becomes a value, as PostgreSQL, RE2 and Python read a regular expression; without it
    # PostgreSQL judges.
    pattern: str | None = None
    # The members of a column that not every type has: of its size, and of how files write it.
    members: tuple[str, ...] = ()
    # What documents say of how a query may write a value.
    query_note: str | None = None
    ordered = True
    can_be_key = True
    can_be_sorted = True
    # What a query may ask of the type: names from `operators.OPERATORS` and from `functions.FUNCTIONS`.
    operators: tuple[str, ...] = EQUALITY + ORDER
    aggregates: tuple[str, ...] = COUNTS + EXTREMES

    # What documents show as a value, where nothing is known of the records.
    sample: Shown | None = None
    # The texts of values that JSON has no number for.
    not_finite: tuple[str, ...] = ()

    @property
    @abstractmethod
    def name(self) -> str:
        """The name that columns use."""

    @property
    @abstractmethod
    def sql(self) -> str:
        """The type's name in PostgreSQL, without a size."""

    @property
    @abstractmethod
    def article(self) -> str:
        """The words for one of its values in messages, such as `a date`."""

    @property
    @abstractmethod
    def example(self) -> str:
        """How messages say what a value looks like, as `as 2026-01-31`."""

    @property
    @abstractmethod
    def schema(self) -> Schema:
        """The JSON schema of a value."""

    @abstractmethod
    def read(self, text: str) -> Value:
        """The value that `text` stands for, written as JSON shows it, but for quotes.

        Raises:
            ValueError, ArithmeticError: it is not a value of this type.
        """

    @abstractmethod
    def show(self, value: Value) -> str:
        """The JSON text of a value: byte for byte what PostgreSQL makes of it by `json_sql`."""

    def complete(self, text: str) -> str:
        """A text of a filter with what it may leave out."""
        return text

    def read_json(self, value: Any) -> Value:
        """The value that a JSON value of a written record, as `parse_json` gives it, stands for.

        Raises:
            Unreadable: it is not a value of this type, for the reason that its message says.
            ValueError, ArithmeticError: it is not a value of this type.
        """
        return self.parse(expect_text(value))

    def write_attribute(self, value: Value) -> Attributes:
        """A value as an attribute of DynamoDB: as its own kind where it is exact in that, else as a text."""
        return {"S": str(value)}

    def read_attribute(self, attribute: Attributes) -> Value | None:
        """The value that an attribute holds, None for null."""
        for kind, text in attribute.items():
            if kind != "NULL":
                return self.restore(text)
        return None

    @property
    @abstractmethod
    def restore(self) -> Callable[[str], Value]:
        """Return the value of an attribute's text or number."""

    def write_sql(self, value: Any) -> str:
        """The text that PostgreSQL casts to a value that is given as JSON shows it.

        Raises:
            ValueError: it is not a value of this type.
        """
        text = value if isinstance(value, str) else json.dumps(value)
        self.parse(text)
        return text

    def sort_key(self, value: Value) -> str:
        """The text of a value that sorts, by its bytes, as the value does: so it stands in the key of an item.

        Raises:
            TypeError: no value of this type is one of a key.
        """
        raise TypeError(f"{self.name} has no sort key for {value!r}")

    def least_sort_key(self, value: Value) -> str:
        """The same of the least value that is not below `value`, which may have more digits than fit."""
        return self.sort_key(value)

    def greatest_sort_key(self, value: Value) -> str:
        """The same of the greatest value that is not above `value`."""
        return self.sort_key(value)

    def decode(self, value: Value) -> Shown:
        """A value as a program has it that reads the JSON which shows it; only of values that can be compared."""
        return str(value)

    @property
    def written_schema(self) -> Schema:
        """The members that the JSON schema of a value that is sent has in addition."""
        return {}

    @property
    def json_type(self) -> str | None:
        """The type of the JSON that shows a value, None where it is any."""
        return self.schema.get("type")

    @property
    def sized_sql(self) -> str:
        """The type's name in PostgreSQL with its size, such as `numeric(12,2)`."""
        return self.sql

    @property
    def described(self) -> str:
        """The words of messages for what a value has to be."""
        return f"{self.article} ({self.example})"

    def sized(self, precision: int | None, scale: int | None) -> Self:
        """The type of a column that declares these.

        Raises:
            ValueError: they do not go with the type.
        """
        if precision is not None or scale is not None:
            raise ValueError(f"`precision` and `scale` belong to decimal, not to {self.name}")
        return self

    def parse(self, text: str) -> Value:
        """The value that `text` stands for, as asyncpg takes it.

        Raises:
            ValueError: it is not a value of this type; the message says what one looks like.
        """
        return self.parse_comparable(text)

    def parse_comparable(self, text: str) -> Value:
        """As `parse`, for a value that is only compared with others: a decimal may have any digits.

        Raises:
            ValueError: it is not a value of this type.
        """
        try:
            return self.read(text)
        except (ValueError, ArithmeticError):
            raise ValueError(f"'{text[:200]}' is not {self.article} ({self.example})") from None

    def parse_bound(self, value: str | float) -> Value:
        """A value of a constraint, written as in JSON, as `parse` gives it.

        Raises:
            ValueError: it is not a value of this type, or no number that others can be compared with.
        """
        parsed = self.parse(value if isinstance(value, str) else json.dumps(value))
        if isinstance(parsed, float) and not math.isfinite(parsed):
            raise ValueError(f"no value can be compared with {value}")
        return parsed


def expect_text(value: Any) -> str:
    """The value.

    Raises:
        ValueError: it is not a text.
    """
    if not isinstance(value, str):
        raise ValueError
    return value
