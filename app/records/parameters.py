"""Reading what a caller asked for, name by name, from an address or from a body. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl

from app.core.errors import ParameterInvalid, Problem, did_you_mean
from app.datasets.shape import Shape
from app.records.errors import ParameterRepeated, QueryInvalid
from app.records.filters import AllOf, Condition, condition_from_text
from app.records.limits import Limits
from app.records.operands import SHOWN_LENGTH, Mistake, named, shown
from app.records.unknown_parameters import SEPARATOR, unknown_parameter

_PROBLEMS: dict[str, type[Problem]] = {"query": ParameterInvalid, "body": QueryInvalid}


@dataclass(frozen=True)
class Asked:
    """What was asked for besides conditions, still unchecked; where it is an address, the `prefix` of the names is `_`.

    Its methods raise a Mistake where a member is not what they read.
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
            raise Mistake(self.place(name), f"it takes a text, not {named(value)}")
        return value

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        """One of a few words."""
        value = self.members.get(name)
        if value is not None and value not in choices:
            said = value if isinstance(value, str) else named(value)
            message = f"there is no '{shown(said)}'.{did_you_mean(said[:SHOWN_LENGTH], choices)}"
            raise Mistake(self.place(name), message, hint=f"It takes: {', '.join(choices)}.")
        return value

    def flag(self, name: str) -> bool:
        """True or false, false where it is left out."""
        value = self.members.get(name)
        if self.prefix and value in ("true", "false"):
            return bool(value == "true")
        if value is None or (not self.prefix and isinstance(value, bool)):
            return bool(value)
        raise Mistake(self.place(name), f"it takes true or false, not {named(value)}")

    def names(self, name: str) -> list[str] | None:
        """A list of different names: a comma list in an address, an array in a body."""
        value = self.members.get(name)
        if value is None:
            return None
        items = [item.strip() for item in value.split(",")] if self.prefix else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            hint = f'For example "{name}": {_EXAMPLES.get(name, _EXAMPLE)}.'
            raise Mistake(self.place(name), "it takes an array of names", hint=hint)
        seen: set[str] = set()
        for item in items:
            if item in seen:
                raise Mistake(self.place(name), f"it names '{shown(item)}' twice")
            seen.add(item)
        return items

    def limit(self, most: int, default: int | None) -> int | None:
        """How many at most, `default` where it is left out."""
        value = self.members.get("limit")
        if value is None:
            return default
        if isinstance(value, str) and self.prefix and re.fullmatch("-?[0-9]{1,18}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            hint = f"1 to {most}; for all records, Accept: text/csv or application/x-ndjson."
            raise Mistake(self.place("limit"), f"it takes a whole number, not {named(value)}", hint=hint)
        if not 1 <= value <= most:
            hint = "Follow `next` to get more." if value > most else _LEAST[self.prefix]
            raise Mistake(self.place("limit"), f"it takes 1 to {most}, not {shown(str(value))}", hint=hint)
        return value


_LEAST = {
    "_": "To count records: _limit=1&_count=exact, or /aggregate.",
    "": 'To count records: {"limit": 1, "count": "exact"}.',
}
_EXAMPLE = '["name"]'
_EXAMPLES = {"sort": '["-price", "name"]', "select": '["sku", "price"]', "embed": '["maker"]'}


@contextmanager
def refusals(source: Literal["query", "body"]) -> Iterator[None]:
    """Turn a mistake into the problem of where it was made: ParameterInvalid in an address, QueryInvalid in a body."""
    try:
        yield
    except Mistake as mistake:
        message = mistake.message if mistake.message.endswith("?") else f"{mistake.message.rstrip('.')}."
        errors = [{"in": source, "path": mistake.place, "message": message[:1].upper() + message[1:]}]
        detail = f"'{mistake.place}' cannot be used: {message}"
        raise _PROBLEMS[source](detail, hint=mistake.hint, errors=errors) from None


def read_address(
    shape: Shape, raw: bytes, members: Sequence[str], limits: Limits, *, takes_conditions: bool = True
) -> tuple[AllOf, Asked]:
    """The conditions of an address, and what else is asked for: `members`, each with a `_` before it.

    Raises:
        UnknownParameter, ParameterInvalid, ParameterRepeated, QueryTooLarge: something in it cannot be understood.
    """
    columns = shape.by_name if takes_conditions else {}
    asked: dict[str, str] = {}
    conditions: list[Condition] = []
    with refusals("query"):
        for name, value in _split_address(raw, len(members), limits).items():
            column_name, _, operator = name.partition(SEPARATOR)
            if column_name in columns:
                column = columns[column_name]
                conditions.append(condition_from_text(column, operator or "eq", value, shown(name), limits))
            elif name[:1] == "_" and name[1:] in members:
                asked[name[1:]] = value
            else:
                raise unknown_parameter(shape, members, name, value, takes_conditions=takes_conditions)
    return AllOf(tuple(conditions)), Asked("_", asked)


def _split_address(raw: bytes, members: int, limits: Limits) -> dict[str, str]:
    limits.check_terms(raw.count(b"&") + 1 - members, "parameters")
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, encoding="utf-8", errors="strict")
    except UnicodeDecodeError:
        raise ParameterInvalid("The address is not UTF-8.", hint="Percent-encode every parameter as UTF-8.") from None
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ParameterRepeated(
            f"'{shown(repeated)}' is given more than once.",
            hint="List several values with `in`, or send conditions as `_and` to POST …/records/query.",
        )
    return values
