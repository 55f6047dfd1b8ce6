"""Constraints of a column's values: the one table that imports (whole columns) and writes (single values) use.

Pure. Neither uses anything else: a rule that is added here needs a check in `imports/validate.py` and in
`records/values.py`, or their tables do not match this one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.columns.column import Column

MAX_CHOICES_SHOWN = 10


@dataclass(frozen=True)
class Rule:
    """One rule: its code, its bound as the column declares it, and what is wrong with a value that breaks it."""

    code: str
    bound: Any
    message: str


def _not_among(choices: Sequence[Any]) -> str:
    shown = ", ".join(str(choice) for choice in choices[:MAX_CHOICES_SHOWN])
    return f"not one of {shown}{'…' if len(choices) > MAX_CHOICES_SHOWN else ''}"


# Each constraint of a column that a single value can break, in the order in which a value is judged.
CONSTRAINTS: dict[str, Callable[[Any], str]] = {
    "required": lambda _: "a value is required",
    "max_length": lambda most: f"longer than {most}",
    "pattern": lambda pattern: f"does not fit the pattern {pattern}",
    "min": lambda least: f"less than {least}",
    "max": lambda most: f"more than {most}",
    "one_of": _not_among,
}


# Clients remove these from an address before they send it: what is left is the address of something else.
UNADDRESSABLE = (".", "..")
# Every other text.
ADDRESSABLE = r"^(|[^.][\s\S]*|\.[^.][\s\S]*|\.\.[\s\S]+)$"


def address_rule(column: Column, key: Sequence[str]) -> Rule | None:
    """The rule that a column's values can address a record, if the key is that column alone.

    The values of other types, and several values with a comma between them, can always be.
    """
    if not column.kind.is_text or list(key) != [column.name]:
        return None
    message = "no key: clients remove . and .. from an address before they send it"
    return Rule("key_not_addressable", UNADDRESSABLE, message)


def type_rule(column: Column) -> Rule:
    """The rule that comes first: a value is one of the column's type."""
    return Rule(f"not_{column.type}", column.type, f"not {column.kind.described}")


def constraint_rules(column: Column) -> list[Rule]:
    """The rules after the type's, in order; the first one that a value breaks is reported."""
    declared = {code: getattr(column, code) for code in CONSTRAINTS}
    return [
        Rule(code, bound, CONSTRAINTS[code](bound))
        for code, bound in declared.items()
        if bound is not None and bound is not False
    ]
