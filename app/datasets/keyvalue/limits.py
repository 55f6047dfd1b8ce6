"""What the key-value store asks of a dataset, and which changes of one leave its records as they are. Pure."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.columns.column import Column
from app.columns.constraints import CONSTRAINTS
from app.datasets.definition import Definition
from app.datasets.errors import StoreUnsuitable
from app.datasets.schema import Shape

if TYPE_CHECKING:
    from app.datasets.alter.diff import Change  # with it come the bodies of requests

MOST_KEY_COLUMNS = 2
# What a list can ask of the second column of a key, beside one value of the first.
RANGES = ("eq", "gt", "gte", "lt", "lte", "between", "startswith")
# The definition is an item of the table, which has 400 KB at most.
MOST_DEFINITION_BYTES = 350_000
REPLACE = (
    "Import the records again, with mode=replace, into a dataset that is created that way, or create it as relational."
)


def check_definition(definition: Definition) -> None:
    """Raise StoreUnsuitable where a dataset of this definition, which has columns, cannot be in the key-value store."""
    if not 1 <= len(definition.key) <= MOST_KEY_COLUMNS:
        raise StoreUnsuitable(
            f"A key-value dataset needs a key of one or two columns, not of {len(definition.key)}.",
            hint="Give `key`: the column that finds a record, and one that sorts those with the same value of it.",
        )
    for column in definition.columns:
        if column.unique and definition.key != (column.name,):
            raise StoreUnsuitable(f"'{column.name}' is unique: in the key-value store only the key is.")
        if column.references is not None:
            raise StoreUnsuitable(f"'{column.name}' references '{column.references}': the key-value store does not.")
    if definition.indexes:
        raise StoreUnsuitable("The key-value store has no indexes beside the key.")
    kept = [column.model_dump(mode="json", exclude_none=True) for column in definition.columns]
    if len(json.dumps(kept)) > MOST_DEFINITION_BYTES:
        raise StoreUnsuitable("The columns' descriptions and constraints are too long for the key-value store.")


def listed_by(shape: Shape) -> list[tuple[Column, str]]:
    """The columns that a list filters by, each with an operator; none where the records are had by their key alone."""
    if len(shape.key) < MOST_KEY_COLUMNS:
        return []
    first, second = shape.key
    return [(first, "eq"), *((second, name) for name in second.kind.operators if name in RANGES)]


def check_change(change: "Change") -> None:
    """Raise StoreUnsuitable where a change asks something of the records that are there."""
    check_definition(change.after)
    if not change.before.columns:
        return
    if change.kept != {name: name for name in change.kept} or change.retyped or change.changes_key or change.fills:
        raise StoreUnsuitable(
            "A key-value dataset's columns are not renamed, retyped, dropped or filled, and its key is not changed.",
            hint=REPLACE,
        )
    for column in change.added:
        if column.required:
            raise StoreUnsuitable(
                f"'{column.name}' is required, and the records that are there have no value for it.", hint=REPLACE
            )
    for before, after in change.stays:
        for code in CONSTRAINTS:
            if not _is_looser(code, before, after):
                raise StoreUnsuitable(
                    f"`{code}` of '{after.name}' may not fit the records that are there, which are not looked through.",
                    hint="Loosen constraints only. " + REPLACE,
                )


def _is_looser(code: str, before: Column, after: Column) -> bool:
    """Whether what fulfils a constraint of a column as it was fulfils it as it is."""
    old, new = getattr(before, code), getattr(after, code)
    if new == old or new is None or new is False:
        return True
    return old is not None and code in _LOOSER and _LOOSER[code](after, old, new)


_LOOSER: dict[str, Callable[[Column, Any, Any], bool]] = {
    "max_length": lambda _, old, new: bool(new >= old),
    "min": lambda column, old, new: bool(column.parse_bound(new) <= column.parse_bound(old)),
    "max": lambda column, old, new: bool(column.parse_bound(new) >= column.parse_bound(old)),
    "one_of": lambda column, old, new: set(map(column.parse_bound, old)) <= set(map(column.parse_bound, new)),
}
