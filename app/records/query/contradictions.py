"""Contradictory conditions, which no record can fulfil together, are refused. Pure."""

import math
from collections.abc import Sequence
from typing import Any

from app.records.errors import QueryContradictory
from app.records.query.filters import Condition
from app.records.query.operands import shown
from app.records.query.operators import OPERATORS


def refuse_contradictions(conditions: Sequence[Condition]) -> None:
    """Raise QueryContradictory if conditions that must all hold leave a column no value."""
    by_column: dict[str, list[Condition]] = {}
    for condition in conditions:
        by_column.setdefault(condition.column.name, []).append(condition)
    for same in by_column.values():
        if len(same) > 1 or OPERATORS[same[0].operator].takes == "pair":
            _check(same)


def _check(conditions: Sequence[Condition]) -> None:
    column = conditions[0].column
    missing = [c for c in conditions if c.operator == "isnull" and c.holds_for_missing]
    present = [c for c in conditions if not c.holds_for_missing]
    if missing and present:
        raise _contradiction(missing[0], present[0])
    equal = [c for c in conditions if c.operator == "eq"]
    for condition in conditions:
        if equal and not _allows(condition, equal[0].values[0]):
            raise _contradiction(equal[0], condition)
    # Texts sort by the collation of the database, not as they do here.
    if column.kind.is_number or column.kind.is_date:
        _check_bounds(conditions)


def _allows(condition: Condition, value: str) -> bool:
    operator = OPERATORS[condition.operator]
    return not operator.names_values or (value in condition.values) != operator.holds_for_null


def _check_bounds(conditions: Sequence[Condition]) -> None:
    pairs = [(c, OPERATORS[c.operator]) for c in conditions]
    lower = [(_bound(c, 0, 1 if o.least == "excluded" else 0), c) for c, o in pairs if o.least is not None]
    upper = [(_bound(c, -1, -1 if o.most == "excluded" else 0), c) for c, o in pairs if o.most is not None]
    if not lower or not upper:
        return
    least, least_said = max(lower, key=lambda pair: pair[0])
    greatest, greatest_said = min(upper, key=lambda pair: pair[0])
    if least > greatest:
        raise _contradiction(least_said, greatest_said)


def _bound(condition: Condition, which: int, beside: int) -> tuple[bool, Any, int]:
    """A bound to compare with others: `beside` is 1 just above the value, -1 just below it. NaN is the greatest."""
    value = condition.column.parse_comparable(condition.values[which])
    is_nan = isinstance(value, float) and math.isnan(value)
    return is_nan, 0 if is_nan else value, beside


def _contradiction(one: Condition, other: Condition) -> QueryContradictory:
    if one is other:
        return QueryContradictory(f"{_say(one)} begins above its end.", hint="Give the least value first.")
    return QueryContradictory(
        f"No record can fulfil both {_say(one)} and {_say(other)}.", hint="Leave one of them out, or join them by _or."
    )


def _say(condition: Condition) -> str:
    return f"'{condition.column.name}__{condition.operator}={shown(','.join(condition.values))}'"
