"""The rules of a column, by which imports (whole columns) and writes (single values) judge its values. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.columns.column import Column
from app.columns.constraints import CONSTRAINTS


@dataclass(frozen=True)
class Rule:
    """One rule: its code, its bound as the column declares it, and what is wrong with a value that breaks it."""

    code: str
    bound: Any
    message: str


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
    """The rules after the type's, in their order; a fault names the first that a value breaks."""
    declared = ((constraint, getattr(column, constraint.code)) for constraint in CONSTRAINTS.values())
    return [
        Rule(constraint.code, bound, constraint.message(bound))
        for constraint, bound in declared
        if bound is not None and bound is not False
    ]
