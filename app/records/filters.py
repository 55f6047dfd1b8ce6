"""Filters: conditions on columns, joined by and, or and not; from an address or from JSON. Pure.

Logic is two-valued: a condition on a missing value does not hold, but for those that ask for it (`isnull`) and those
that say what the value is not (`ne`, `nin`). So a negation holds exactly where what it negates does not.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.errors import did_you_mean
from app.datasets.columns import Column
from app.datasets.operators import OPERATORS
from app.datasets.shape import Shape
from app.records.limits import Limits
from app.records.operands import Mistake, comparable, shown, split_list, text_of

_JUNCTIONS = ("_and", "_or", "_not")


@dataclass(frozen=True)
class Condition:
    """What one column's value must be; `values` are texts that PostgreSQL casts to the column's type."""

    column: Column
    operator: str
    values: tuple[str, ...]

    @property
    def holds_for_missing(self) -> bool:
        """Whether a record without a value can fulfil it."""
        return self.values == ("true",) if self.operator == "isnull" else OPERATORS[self.operator].holds_for_null


@dataclass(frozen=True)
class AllOf:
    parts: tuple["Filter", ...] = ()

    @property
    def conditions(self) -> list[Condition]:
        """The conditions that stand in it side by side."""
        return [part for part in self.parts if isinstance(part, Condition)]


@dataclass(frozen=True)
class AnyOf:
    parts: tuple["Filter", ...]


@dataclass(frozen=True)
class Not:
    part: "Filter"


Filter = Condition | AllOf | AnyOf | Not


def canonical(part: Filter) -> Any:
    """A filter as JSON that is the same for all orders of its conditions."""
    match part:
        case Condition():
            return [part.column.name, part.operator, *part.values]
        case Not():
            return ["_not", canonical(part.part)]
        case AllOf() | AnyOf():
            name = "_and" if isinstance(part, AllOf) else "_or"
            return [name, *sorted((canonical(inner) for inner in part.parts), key=json.dumps)]


def conditions_of(part: Filter) -> Iterator[Condition]:
    """Every condition in a filter, however deep."""
    match part:
        case Condition():
            yield part
        case Not():
            yield from conditions_of(part.part)
        case AllOf() | AnyOf():
            for inner in part.parts:
                yield from conditions_of(inner)


def takes_several(operator: str) -> bool:
    """Whether an operator takes more than one value: all of them in one parameter, or each in one of its own."""
    return OPERATORS[operator].takes in ("list", "pair")


def condition_from_texts(column: Column, operator: str, given: Sequence[str], place: str, limits: Limits) -> Condition:
    """The condition that a parameter of an address states, `given` once or, where it takes a list, more often.

    Raises:
        Mistake: the operator does not go with the column, or the text does not go with the operator.
        QueryTooLarge: a list or a text is too long.
    """
    _check_operator(column, operator, place)
    takes = OPERATORS[operator].takes
    if takes == "flag":
        if given[0] not in ("true", "false"):
            raise Mistake(place, f"'{shown(given[0])}' is neither true nor false")
        return Condition(column, operator, (given[0],))
    texts = given if takes == "value" else [item for text in given for item in split_list(text, place)]
    return _condition(column, operator, texts, place, limits)


def condition_from_json(column: Column, operator: str, value: Any, place: str, limits: Limits) -> Condition:
    """The condition that a member of a body states; see `condition_from_texts`."""
    _check_operator(column, operator, place)
    takes = OPERATORS[operator].takes
    if takes == "flag":
        if not isinstance(value, bool):
            raise Mistake(place, "it takes true or false")
        return Condition(column, operator, (json.dumps(value),))
    if takes != "value" and not isinstance(value, list):
        raise Mistake(place, f"'{operator}' takes an array of values")
    values = [value] if takes == "value" else value
    limits.check_list(len(values), place)
    return _condition(column, operator, [text_of(item, column, place) for item in values], place, limits)


def _check_operator(column: Column, operator: str, place: str) -> None:
    names = column.kind.operators
    if operator in names:
        return
    hint = f"'{column.name}' takes: {', '.join(names)}."
    if operator in OPERATORS:
        raise Mistake(place, f"'{operator}' does not go with {column.type}", hint=hint)
    raise Mistake(place, f"there is no operator '{shown(operator)}'.{did_you_mean(operator, names)}", hint=hint)


def _condition(column: Column, operator: str, texts: Sequence[str], place: str, limits: Limits) -> Condition:
    kind = OPERATORS[operator]
    limits.check_list(len(texts), place)
    if kind.takes == "pair" and len(texts) != 2:
        raise Mistake(place, f"it takes two values, not {len(texts)}", hint="Give the least and the greatest.")
    values = []
    for text in texts:
        limits.check_text(len(text), place)
        if operator in ("like", "ilike") and (len(text) - len(text.rstrip("\\"))) % 2:
            raise Mistake(place, "the pattern ends with a \\ that nothing follows", hint="A backslash is \\\\.")
        values.append(comparable(text, column, place))
    if kind.names_values and column.one_of is not None:
        _check_allowed(column, values, place)
    return Condition(column, operator, tuple(values))


def _check_allowed(column: Column, values: Sequence[str], place: str) -> None:
    allowed = column.allowed_texts
    for value in values:
        if value not in allowed:
            message = f"'{column.name}' is never '{shown(value)}'.{did_you_mean(value, allowed)}"
            raise Mistake(place, message, hint=f"It is one of: {shown(', '.join(allowed))}.")


def no_column(name: str, known: Sequence[str]) -> str:
    """What is said where a name is no column's."""
    return f"there is no column '{shown(name)}'.{did_you_mean(name, known)}"


class WhereReader:
    """Reads the `where` of one body, and counts its conditions."""

    def __init__(self, shape: Shape, limits: Limits) -> None:
        self._shape = shape
        self._limits = limits
        self._count = 0

    def read(self, document: Any, place: str, depth: int = 1) -> AllOf:
        """The filter that an object states: all of its members hold.

        Raises:
            Mistake: something in it cannot be understood.
            QueryTooLarge: it has too many conditions, or is nested too deep.
        """
        self._limits.check_depth(depth, place)
        if not isinstance(document, dict):
            raise Mistake(place, 'it takes an object, as {"price": {"gte": 10}}')
        parts: list[Filter] = []
        for name, value in document.items():
            inner = f"{place}/{shown(name)}"
            if name in _JUNCTIONS:
                parts.append(self._junction(name, value, inner, depth))
            else:
                parts += self._conditions(name, value, inner)
        return AllOf(tuple(parts))

    def _junction(self, name: str, value: Any, place: str, depth: int) -> Filter:
        if name == "_not":
            return Not(self.read(value, place, depth + 1))
        if not isinstance(value, list) or not value:
            raise Mistake(place, "it takes an array of at least one object")
        self._add(len(value))
        parts = tuple(self.read(item, f"{place}/{at}", depth + 1) for at, item in enumerate(value))
        return AllOf(parts) if name == "_and" else AnyOf(parts)

    def _conditions(self, name: str, value: Any, place: str) -> list[Condition]:
        column = self._shape.by_name.get(name)
        if column is None:
            raise Mistake(place, no_column(name, [*self._shape.by_name, *_JUNCTIONS]))
        asked = value if isinstance(value, dict) else {"eq": value}
        if not asked:
            raise Mistake(place, "it takes at least one operator", hint=f"As {', '.join(column.kind.operators)}.")
        self._add(len(asked))
        return [
            condition_from_json(column, operator, wanted, f"{place}/{shown(operator)}", self._limits)
            for operator, wanted in asked.items()
        ]

    def _add(self, count: int) -> None:
        self._count += count
        self._limits.check_terms(self._count, "conditions")
