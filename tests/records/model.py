"""The meaning of a query in plain Python: records are dicts, missing values are None."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

Record = dict[str, Any]

# How JSON's values become those that are compared, by the column's type.
READERS: dict[str, Callable[[Any], Any]] = {
    "number": lambda value: math.nan if value == "NaN" else float(value),
    "decimal": Decimal,
    "bigint": int,
    "date": date.fromisoformat,
    "datetime": lambda value: datetime.fromisoformat(value).astimezone(UTC),
}


def place(value: Any) -> Any:
    """The comparison key of a value: NaN is itself, and more than any other number."""
    is_nan = isinstance(value, float) and math.isnan(value)
    return (is_nan, 0 if is_nan else value)


def _like(value: str, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> bool:
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    signs = {"%": ".*", "_": "."}
    expression = "".join(signs.get(part) or re.escape(part[-1]) for part in parts)
    return re.fullmatch(expression, value, re.DOTALL | flags) is not None


# What each operator says of a value that is there.
HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, asked: place(value) == place(asked),
    "ne": lambda value, asked: place(value) != place(asked),
    "in": lambda value, asked: place(value) in [place(item) for item in asked],
    "nin": lambda value, asked: place(value) not in [place(item) for item in asked],
    "gt": lambda value, asked: place(value) > place(asked),
    "gte": lambda value, asked: place(value) >= place(asked),
    "lt": lambda value, asked: place(value) < place(asked),
    "lte": lambda value, asked: place(value) <= place(asked),
    "between": lambda value, asked: place(asked[0]) <= place(value) <= place(asked[1]),
    "contains": lambda value, asked: asked in value,
    "startswith": lambda value, asked: value.startswith(asked),
    "like": _like,
    "ilike": lambda value, asked: _like(value, asked, re.IGNORECASE),
}


def holds(where: Mapping[str, Any], record: Record, types: Mapping[str, str]) -> bool:
    """Return whether a record fulfils the `where` of a query's body."""
    return all(_member_holds(name, asked, record, types) for name, asked in where.items())


def _member_holds(name: str, asked: Any, record: Record, types: Mapping[str, str]) -> bool:
    if name == "_not":
        return not holds(asked, record, types)
    if name == "_and":
        return all(holds(part, record, types) for part in asked)
    if name == "_or":
        return any(holds(part, record, types) for part in asked)
    return all(_condition_holds(operator, record[name], value, types[name]) for operator, value in asked.items())


def _condition_holds(operator: str, value: Any, asked: Any, type_name: str) -> bool:
    if operator == "isnull":
        return bool((value is None) == asked)
    if value is None:
        return operator in ("ne", "nin")
    read = READERS.get(type_name, lambda item: item)
    return HOLDS[operator](value, [read(item) for item in asked] if isinstance(asked, list) else read(asked))


def in_order(records: Sequence[Record], sort: Sequence[str], key: Sequence[str]) -> list[Record]:
    """Records sorted as a list's `sort` says: missing values last, what is left open by the key."""
    names = [name.removeprefix("-") for name in sort]
    descending = sort[-1].startswith("-") if sort else False
    terms = [*sort, *(f"-{name}" if descending else name for name in key if name not in names)]
    ordered = list(records)
    for term in reversed(terms):
        name = term.removeprefix("-")
        there = [record for record in ordered if record[name] is not None]
        missing = [record for record in ordered if record[name] is None]
        there.sort(key=lambda record: place(record[name]), reverse=term.startswith("-"))  # used at once
        ordered = there + missing
    return ordered
