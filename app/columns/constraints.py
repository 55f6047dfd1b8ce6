"""Constraints: rules of a column's values besides its type. Pure.

A constraint is a class here, which says all that holds of it but how whole columns of a file are judged: that is its
check in `imports/values/validate.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, Field

from app.columns.patterns import anchored, matcher
from app.columns.types.base import ColumnType, Schema
from app.core.database.sql import Statement
from app.core.fields import Positive

MAX_CHOICES_SHOWN = 10

Kind = ColumnType[Any]
# Tells whether a value that is not null breaks a constraint.
Check = Callable[[Any], bool]


class Constraints(BaseModel):
    """The constraints of a column that only some of its values fulfil, as bodies declare them."""

    min: int | float | str | None = Field(None, description="the least value")
    max: int | float | str | None = Field(None, description="the greatest value")
    max_length: Positive | None = Field(None, description="the most characters of a text")
    pattern: str | None = Field(
        None, max_length=500, description="a regular expression that matches the whole text (RE2)"
    )
    one_of: list[str | int | float | bool] | None = Field(None, min_length=1, max_length=1000)


class Constraint(ABC):
    """A constraint of a column; `bound` is what the column declares of it, as in JSON, and `kind` the column's type."""

    @property
    @abstractmethod
    def code(self) -> str:
        """Its name in columns and faults."""

    @abstractmethod
    def message(self, bound: Any, /) -> str:
        """The message for a value that breaks it."""

    @abstractmethod
    def check_bound(self, kind: Kind, bound: Any, /) -> None:
        """Raise ValueError if it does not go with the type, or the bound says nothing of its values."""

    @abstractmethod
    def find_check(self, kind: Kind, bound: Any, /) -> Check:
        """Return a check of whether a value, as `ColumnType.parse` gives it, breaks it."""

    @abstractmethod
    def find_violation(self, kind: Kind, value: str, bound: Any, /) -> Statement | None:
        """The SQL that is true where `value`, the SQL of a column's value, breaks it; None for what SQL cannot tell."""

    def schema(self, _kind: Kind, _bound: Any, /) -> Schema:
        """The members that it adds to the JSON schema of a value."""
        return {}

    def is_looser(self, _kind: Kind, _old: Any, _new: Any, /) -> bool:
        """Return whether each value that fulfils its old bound fulfils the new one too."""
        return False


class Required(Constraint):
    """No value is missing."""

    code = "required"

    def message(self, _bound: bool) -> str:
        return "a value is required"

    def check_bound(self, kind: Kind, bound: bool) -> None:
        pass

    def find_check(self, _kind: Kind, _bound: bool) -> Check:
        return lambda value: value is None

    def find_violation(self, _kind: Kind, value: str, _bound: bool) -> Statement:
        return Statement(f"{value} IS NULL")


class MaxLength(Constraint):
    """No text has more characters."""

    code = "max_length"

    def message(self, bound: int) -> str:
        return f"longer than {bound}"

    def check_bound(self, kind: Kind, _bound: int) -> None:
        _expect_text(self.code, kind)

    def find_check(self, _kind: Kind, bound: int) -> Check:
        return lambda value: len(value) > bound

    def find_violation(self, _kind: Kind, value: str, bound: int) -> Statement:
        return Statement(f"char_length({value}) > {bound}")

    def schema(self, _kind: Kind, bound: int) -> Schema:
        return {"maxLength": bound}

    def is_looser(self, _kind: Kind, old: int, new: int) -> bool:
        return new >= old


class Pattern(Constraint):
    """The whole text fits a regular expression."""

    code = "pattern"

    def message(self, bound: str) -> str:
        return f"does not fit the pattern {bound}"

    def check_bound(self, kind: Kind, bound: str) -> None:
        _expect_text(self.code, kind)
        try:
            matcher(bound)
        except ValueError as error:
            raise ValueError(f"`pattern` is not a regular expression of RE2: {error}") from None

    def find_check(self, _kind: Kind, bound: str) -> Check:
        fits = matcher(bound)
        return lambda value: not fits(value)

    def find_violation(self, _kind: Kind, _value: str, _bound: str) -> None:
        # PostgreSQL's regular expressions are not those of RE2.
        return None

    def schema(self, _kind: Kind, bound: str) -> Schema:
        return {"pattern": anchored(bound)}


class _Bound(Constraint):
    """No value is beyond a bound. A number that is not one is in no range: it is at least, and at most, nothing."""

    # What SQL calls being beyond it, and what JSON schemas call it.
    sign: str
    keyword: str

    def check_bound(self, kind: Kind, bound: Any) -> None:
        if not kind.ordered:
            raise ValueError(f"`{self.code}` does not go with {kind.name}")
        kind.parse_bound(bound)

    def find_violation(self, kind: Kind, value: str, bound: Any) -> Statement:
        # Texts in the order of their characters, not of the database's collation.
        compared = f'{value} COLLATE "C"' if kind.is_text else value
        beyond = f"{compared} {self.sign} CAST($1::text AS {kind.sql})"
        return Statement(f"{beyond} OR {value} = 'NaN'" if kind.not_finite else beyond, (kind.write_sql(bound),))

    def schema(self, kind: Kind, bound: Any) -> Schema:
        is_number = kind.json_type in ("integer", "number")
        return {self.keyword: kind.decode(kind.parse_bound(bound))} if is_number else {}


class Min(_Bound):
    """No value is less."""

    code = "min"
    sign = "<"
    keyword = "minimum"

    def message(self, bound: Any) -> str:
        return f"less than {bound}"

    def find_check(self, kind: Kind, bound: Any) -> Check:
        least = kind.parse_bound(bound)
        return lambda value: not value >= least

    def is_looser(self, kind: Kind, old: Any, new: Any) -> bool:
        return bool(kind.parse_bound(new) <= kind.parse_bound(old))


class Max(_Bound):
    """No value is more."""

    code = "max"
    sign = ">"
    keyword = "maximum"

    def message(self, bound: Any) -> str:
        return f"more than {bound}"

    def find_check(self, kind: Kind, bound: Any) -> Check:
        most = kind.parse_bound(bound)
        return lambda value: not value <= most

    def is_looser(self, kind: Kind, old: Any, new: Any) -> bool:
        return bool(kind.parse_bound(new) >= kind.parse_bound(old))


class OneOf(Constraint):
    """Each value is one of some."""

    code = "one_of"

    def message(self, bound: Sequence[Any]) -> str:
        shown = ", ".join(str(choice) for choice in bound[:MAX_CHOICES_SHOWN])
        return f"not one of {shown}{'…' if len(bound) > MAX_CHOICES_SHOWN else ''}"

    def check_bound(self, kind: Kind, bound: Sequence[Any]) -> None:
        if kind.is_document:
            raise ValueError("`one_of` does not go with json")
        for value in bound:
            kind.parse_bound(value)

    def find_check(self, kind: Kind, bound: Sequence[Any]) -> Check:
        allowed = frozenset(map(kind.parse_bound, bound))
        return lambda value: value not in allowed

    def find_violation(self, kind: Kind, value: str, bound: Sequence[Any]) -> Statement:
        texts = [kind.write_sql(choice) for choice in bound]
        return Statement(f"{value} <> ALL (CAST($1::text[] AS {kind.sql}[]))", (texts,))

    def schema(self, kind: Kind, bound: Sequence[Any]) -> Schema:
        return {"enum": [kind.decode(kind.parse_bound(value)) for value in bound]}

    def is_looser(self, kind: Kind, old: Sequence[Any], new: Sequence[Any]) -> bool:
        return set(map(kind.parse_bound, old)) <= set(map(kind.parse_bound, new))


def _expect_text(code: str, kind: Kind) -> None:
    if not kind.is_text:
        raise ValueError(f"`{code}` goes with text, not with {kind.name}")


_ALL: tuple[Constraint, ...] = (Required(), MaxLength(), Pattern(), Min(), Max(), OneOf())
# Each constraint that a single value can break, in the order in which a value is judged.
CONSTRAINTS = {constraint.code: constraint for constraint in _ALL}
