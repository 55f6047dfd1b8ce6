"""Reading what a caller asked for, name by name, from an address or from a body. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl

from app.columns.column import Column
from app.core.errors import ParameterInvalid, Problem, did_you_mean
from app.datasets.schema import DatasetSchema
from app.records.errors import ParameterRepeated, QueryInvalid
from app.records.query.filters import AllOf, Condition, condition_from_texts, takes_several
from app.records.query.hints.unknown_parameters import unknown_parameter
from app.records.query.limits import Limits
from app.records.query.operands import SHOWN_LENGTH, QueryError, join_list, named, shown
from app.records.query.operators import OPERATORS, SEPARATOR, parameter_name

# What takes names with commas between them, or a parameter for each.
LISTS = ("select", "sort", "embed", "group", "aggregate")
_PROBLEMS: dict[str, type[Problem]] = {"query": ParameterInvalid, "body": QueryInvalid}


@dataclass(frozen=True)
class QueryOptions:
    """The members of a query other than conditions, still unchecked; in a query string the `prefix` of the names is
    `_`.

    Its methods raise a QueryError if a member is invalid.
    """

    prefix: Literal["_", ""]
    members: Mapping[str, Any]

    def place(self, name: str) -> str:
        """The name as the caller wrote it."""
        return self.prefix + name

    def text(self, name: str) -> str | None:
        """A text; null in a body is as if it were left out."""
        value = self.members.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise QueryError(self.place(name), f"it takes a string, not {named(value)}")
        return value

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        """One of a few words."""
        value = self.members.get(name)
        if value is not None and value not in choices:
            said = value if isinstance(value, str) else named(value)
            message = f"there is no '{shown(said)}'.{did_you_mean(said[:SHOWN_LENGTH], choices)}"
            raise QueryError(self.place(name), message, hint=f"It takes: {', '.join(choices)}.")
        return value

    def flag(self, name: str) -> bool:
        """True or false, false by default."""
        value = self.members.get(name)
        if self.prefix and value in ("true", "false"):
            return bool(value == "true")
        if value is None or (not self.prefix and isinstance(value, bool)):
            return bool(value)
        raise QueryError(self.place(name), f"it takes true or false, not {named(value)}")

    def names(self, name: str) -> list[str] | None:
        """A list of different names: a comma list in an address, an array in a body."""
        value = self.members.get(name)
        if value is None:
            return None
        items = [item.strip() for item in value.split(",")] if self.prefix else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            hint = f'For example "{name}": {_EXAMPLES.get(name, _EXAMPLE)}.'
            raise QueryError(self.place(name), "it takes an array of names", hint=hint)
        seen: set[str] = set()
        for item in items:
            if item in seen:
                raise QueryError(self.place(name), f"it names '{shown(item)}' twice")
            seen.add(item)
        return items

    def limit(self, most: int, default: int | None) -> int | None:
        """The maximum number, `default` if it is left out."""
        value = self.members.get("limit")
        if value is None:
            return default
        if isinstance(value, str) and self.prefix and re.fullmatch("-?[0-9]{1,18}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            hint = f"1 to {most}; for all records, Accept: text/csv or application/x-ndjson."
            raise QueryError(self.place("limit"), f"it takes a whole number, not {named(value)}", hint=hint)
        if not 1 <= value <= most:
            hint = "Follow `next` to get more." if value > most else _LEAST[self.prefix]
            raise QueryError(self.place("limit"), f"it takes 1 to {most}, not {shown(str(value))}", hint=hint)
        return value


_LEAST = {
    "_": "To count records: _limit=1&_count=exact, or /aggregate.",
    "": 'To count records: {"limit": 1, "count": "exact"}.',
}
_EXAMPLE = '["name"]'
_EXAMPLES = {"sort": '["-price", "name"]', "select": '["sku", "price"]', "embed": '["maker"]'}


@contextmanager
def raise_as_problem(source: Literal["query", "body"]) -> Iterator[None]:
    """Turn a mistake into a problem: ParameterInvalid in a query string, QueryInvalid in a body."""
    try:
        yield
    except QueryError as mistake:
        message = mistake.message if mistake.message.endswith("?") else f"{mistake.message.rstrip('.')}."
        errors = [{"in": source, "path": mistake.place, "message": message[:1].upper() + message[1:]}]
        detail = f"'{mistake.place}' cannot be used: {message}"
        raise _PROBLEMS[source](detail, hint=mistake.hint, errors=errors) from None


def read_address(
    schema: DatasetSchema, raw: bytes, members: Sequence[str], limits: Limits, *, takes_conditions: bool = True
) -> tuple[AllOf, QueryOptions]:
    """The conditions of an address, and what else is asked for: `members`, each with a `_` before it.

    Raises:
        UnknownParameter, ParameterInvalid, ParameterRepeated, QueryTooLarge: something in it cannot be understood.
    """
    columns = schema.by_name if takes_conditions else {}
    asked: dict[str, str] = {}
    conditions: list[Condition] = []
    with raise_as_problem("query"):
        for name, values in _split_address(raw, len(members), limits).items():
            column_name, _, operator = name.partition(SEPARATOR)
            if column_name in columns:
                column = columns[column_name]
                if len(values) > 1 and operator in ("", *OPERATORS) and not takes_several(operator or "eq"):
                    raise _repeated(name, _hint_of_condition(column, operator or "eq", values))
                conditions.append(condition_from_texts(column, operator or "eq", values, shown(name), limits))
            elif name[:1] == "_" and name[1:] in members:
                if len(values) > 1 and name[1:] not in LISTS:
                    raise _repeated(name, "Give it once.")
                # No name has a comma.
                asked[name[1:]] = ",".join(values)
            else:
                raise unknown_parameter(schema, members, name, values[0], takes_conditions=takes_conditions)
    return AllOf(tuple(conditions)), QueryOptions("_", asked)


def _split_address(raw: bytes, members: int, limits: Limits) -> dict[str, list[str]]:
    """The values of each parameter, in their order: a list may be one of them, or several."""
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, encoding="utf-8", errors="strict")
    except UnicodeDecodeError:
        raise ParameterInvalid("The URL is not UTF-8.", hint="Percent-encode every parameter as UTF-8.") from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    limits.check_terms(len(values) - members, "parameters")
    return values


def _repeated(name: str, hint: str) -> ParameterRepeated:
    return ParameterRepeated(f"'{shown(name)}' is given more than once, and takes one value.", hint=hint)


def _hint_of_condition(column: Column, operator: str, values: Sequence[str]) -> str:
    """The hint for a condition that takes one value and was given several times."""
    several = {"eq": "in", "ne": "nin"}.get(operator)
    if several is None or several not in column.kind.operators:
        return "Give it once, or join conditions by `_and` or `_or` in POST …/records/query."
    return f"List the values: {parameter_name(column, several)}={shown(join_list(values))}"
