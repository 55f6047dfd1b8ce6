"""Filters: conditions on columns, joined by and, or and not; from a query string or from JSON. Pure.

Logic is two-valued: a condition on a missing value does not hold, except for those that ask for it (`isnull`) and those
that exclude a value (`ne`, `nin`). So a negation holds exactly if its condition does not.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.columns.column import Column
from app.core.errors import did_you_mean
from app.datasets.schema import DatasetSchema
from app.records.query.hints.idioms import JUNCTIONS
from app.records.query.hints.near_values import guess_in_json, how_written
from app.records.query.hints.operator_idioms import (
    Idiom,
    Source,
    advise,
    explain_operator,
    find_column,
    find_condition,
    find_in_value,
    missing,
)
from app.records.query.hints.value_hints import explain_value, hint_for_value, warn_of_values
from app.records.query.limits import Limits
from app.records.query.operands import (
    SHOWN_LENGTH,
    QueryError,
    comparable,
    named,
    shown,
    split_list,
    text_of,
)
from app.records.query.operators import OPERATORS

# Of a list, in a hint.
MAX_SHOWN = 5
_JUNCTIONS = ("_and", "_or", "_not")


@dataclass(frozen=True)
class Condition:
    """A condition on one column's value; `values` are texts that PostgreSQL casts to the column's type."""

    column: Column
    operator: str
    values: tuple[str, ...]
    # What a caller may not have meant by it, as sentences.
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def holds_for_missing(self) -> bool:
        """Return whether a record without a value can fulfil it."""
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
    """Return whether an operator takes more than one value: all of them in one parameter, or each in one of its own."""
    return OPERATORS[operator].takes in ("list", "pair")


def condition_from_texts(column: Column, operator: str, given: Sequence[str], place: str, limits: Limits) -> Condition:
    """Parse the condition of a query parameter, `given` once or, if it takes a list, several times.

    Raises:
        QueryError: the operator does not go with the column, or the text does not go with the operator.
        QueryTooLarge: a list or a text is too long.
    """
    _check_operator(column, operator, given[0], place, "query")
    takes = OPERATORS[operator].takes
    if takes == "flag":
        return Condition(column, operator, (_flag(given[0], place),))
    texts = given if takes == "value" else [item for text in given for item in split_list(text, place)]
    if takes != "value" and column.kind.sql != "text":
        texts = [item.strip(" ") for item in texts]
    return _condition(column, operator, texts, place, "query", limits=limits)


def _flag(text: str, place: str) -> str:
    if text in ("true", "false"):
        return text
    near = {"true": "true", "1": "true", "yes": "true", "false": "false", "0": "false", "no": "false"}.get(text.lower())
    guess = f". Did you mean {near}?" if near else ""
    raise QueryError(place, f"'{shown(text)}' is neither true nor false{guess}", hint="It takes true or false.")


def condition_from_json(column: Column, operator: str, value: Any, place: str, limits: Limits) -> Condition:
    """The condition that a member of a body states; see `condition_from_texts`."""
    _check_operator(column, operator, value, place, "body")
    takes = OPERATORS[operator].takes
    if takes == "flag":
        if not isinstance(value, bool):
            raise QueryError(
                place, f"it takes true or false, not {named(value)}", hint="Without quotes: true or false."
            )
        return Condition(column, operator, (json.dumps(value),))
    if takes != "value" and not isinstance(value, list):
        example = Idiom(column, operator, [value] if takes == "list" else ["…", "…"])
        raise QueryError(place, f"'{operator}' takes an array of values", hint=advise(example, "body"))
    if operator == "eq" and isinstance(value, list) and value and "in" in column.kind.operators:
        hint = f"One of several values: {Idiom(column, 'in', value[:MAX_SHOWN]).spell('body')}."
        raise QueryError(place, f"an array is not {column.kind.article}", hint=hint)
    values = [value] if takes == "value" else value
    limits.check_list(len(values), place)
    texts = [_text_of(item, column, operator, place) for item in values]
    return _condition(column, operator, texts, place, "body", limits=limits)


def _text_of(value: Any, column: Column, operator: str, place: str) -> str:
    try:
        return text_of(value, column, place)
    except QueryError as mistake:
        message = f"{mistake.message}{guess_in_json(column, value)}"
        hint = missing(column, "body", is_missing=operator not in ("ne", "nin")) if value is None else mistake.hint
        raise QueryError(place, message, hint=hint or how_written(column)) from None


def _check_operator(column: Column, operator: str, value: Any, place: str, source: Source) -> None:
    names = column.kind.operators
    if operator in names:
        return
    hint = f"'{column.name}' takes: {', '.join(names)}."
    if operator in OPERATORS:
        raise QueryError(place, f"'{operator}' does not go with {column.type}", hint=hint)
    idiom = explain_operator(column, operator, value, source)
    near = "" if idiom else did_you_mean(operator[:SHOWN_LENGTH], names)
    raise QueryError(place, f"there is no operator '{shown(operator)}'.{near}", hint=idiom or hint)


def _condition(
    column: Column, operator: str, texts: Sequence[str], place: str, source: Source, *, limits: Limits
) -> Condition:
    kind = OPERATORS[operator]
    limits.check_list(len(texts), place)
    if kind.takes == "pair" and len(texts) != 2:
        raise _not_a_pair(column, texts, place, source)
    values = []
    for text in texts:
        limits.check_text(len(text), place)
        if kind.takes_pattern and (len(text) - len(text.rstrip("\\"))) % 2:
            raise QueryError(place, "the pattern ends with a \\ that nothing follows", hint="A backslash is \\\\.")
        values.append(_comparable(text, column, operator, place, source))
    if kind.names_values and column.one_of is not None:
        _check_allowed(column, values, place, source)
    warnings = warn_of_values(column, operator, texts, source)
    return Condition(column, operator, tuple(values), tuple(warnings))


def _not_a_pair(column: Column, texts: Sequence[str], place: str, source: Source) -> QueryError:
    ranged = find_in_value(column, texts[0]) if source == "query" and len(texts) == 1 else None
    hint = advise(ranged, source) if ranged is not None else "Give the least and the greatest."
    return QueryError(place, f"it takes two values, not {len(texts)}", hint=hint)


def _comparable(text: str, column: Column, operator: str, place: str, source: Source) -> str:
    try:
        return comparable(column.kind.complete(text), column, place)
    except QueryError as mistake:
        raise explain_value(mistake, column, operator, text, source) from None


def _check_allowed(column: Column, values: Sequence[str], place: str, source: Source) -> None:
    allowed = column.allowed_texts
    for value in values:
        if value not in allowed:
            same = next((one for one in allowed if one.casefold() == value.strip().casefold()), None)
            near = f" Did you mean '{same}'?" if same else did_you_mean(value[:SHOWN_LENGTH], allowed)
            message = f"'{column.name}' is never '{shown(value)}'.{near}"
            hint = hint_for_value(column, "eq", value, source) or f"It is one of: {shown(', '.join(allowed))}."
            raise QueryError(place, message, hint=hint)


def no_column(name: str, columns: Sequence[Column], others: Sequence[str] = ()) -> str:
    """The mistake of an unknown column name; `others` are names that might have been meant too."""
    meant = find_column(columns, name)
    known = [*(column.name for column in columns), *others]
    near = f" Did you mean '{meant.name}'?" if meant is not None else did_you_mean(name[:SHOWN_LENGTH], known)
    return f"there is no column '{shown(name)}'.{near}"


def list_columns(columns: Sequence[Column]) -> str:
    """The hint that names the columns, the first ones of many."""
    return f"The columns are: {shown(', '.join(column.name for column in columns)) or 'none yet'}."


class WhereReader:
    """Reads the `where` of one body, and counts its conditions."""

    def __init__(self, schema: DatasetSchema, limits: Limits) -> None:
        self._schema = schema
        self._limits = limits
        self._count = 0

    def read(self, document: Any, place: str, depth: int = 1) -> AllOf:
        """The filter that an object states: all of its members hold.

        Raises:
            QueryError: something in it cannot be understood.
            QueryTooLarge: it has too many conditions, or is nested too deep.
        """
        self._limits.check_depth(depth, place)
        if not isinstance(document, dict):
            name = place.rpartition("/")[2]
            hint = f'Join conditions as {{"{name}": {{"_and": […]}}}}.' if isinstance(document, list) else None
            raise QueryError(place, 'it takes an object, for example {"price": {"gte": 10}}', hint=hint)
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
            raise QueryError(place, "it takes an array of at least one object")
        self._add(len(value))
        parts = tuple(self.read(item, f"{place}/{at}", depth + 1) for at, item in enumerate(value))
        return AllOf(parts) if name == "_and" else AnyOf(parts)

    def _conditions(self, name: str, value: Any, place: str) -> list[Condition]:
        column = self._schema.by_name.get(name)
        if column is None:
            raise self._no_column(name, value, place)
        asked = value if isinstance(value, dict) else {"eq": value}
        if not asked:
            raise QueryError(
                place, "it takes at least one operator", hint=f"It takes: {', '.join(column.kind.operators)}."
            )
        self._add(len(asked))
        return [
            condition_from_json(column, operator, wanted, f"{place}/{shown(operator)}", self._limits)
            for operator, wanted in asked.items()
        ]

    def _no_column(self, name: str, value: Any, place: str) -> QueryError:
        """The mistake that a member of a filter is neither a column nor joins conditions."""
        junction = JUNCTIONS.get(name.lower())
        if junction is not None and find_column(self._schema.columns, name) is None:
            return QueryError(place, f"there is no column '{shown(name)}'. Did you mean '{junction}'?")
        idiom = find_condition(self._schema.columns, name, "")
        if idiom is not None and find_column(self._schema.columns, name) is None and not isinstance(value, dict):
            hint = advise(replace(idiom, value=value), "body")
            return QueryError(place, f"there is no column '{shown(name)}'", hint=hint)
        message = no_column(name, self._schema.columns, _JUNCTIONS)
        return QueryError(place, message, hint=list_columns(self._schema.columns))

    def _add(self, count: int) -> None:
        self._count += count
        self._limits.check_terms(self._count, "conditions")
