"""Clashes: which of the records that could not be written stand against which others, and how."""

from collections.abc import Sequence
from typing import Any

from app.access.principal import Principal
from app.columns.column import Column
from app.core.database import statements
from app.datasets.errors import DatasetNotFound
from app.datasets.schema_cache import look_up_schema
from app.records.documents import Fault, Values
from app.records.errors import ReferenceMissing, ValueTaken
from app.records.relational.write_plan import WritePlan
from app.records.results import MAX_SHOWN, Refused


async def explain_clash(
    plan: WritePlan,
    records: Sequence[Values],
    caller: Principal,
    own: Sequence[Any] = (),
) -> Refused | None:
    """Explain why the database did not take records; `own` is the key of the record that one of them replaces.

    Return None if nothing is in their way any longer.
    """
    names = records[0].keys()
    taken: list[Fault] = []
    for columns in plan.unique:
        if names >= {column.name for column in columns}:
            taken += await _find_taken(plan, columns, records, own)
    if taken:
        return Refused(ValueTaken, taken, "Change the record that has it, or choose another value.")
    dangling: list[Fault] = []
    for column in plan.referring:
        if column.name in names:
            dangling += await _find_dangling(plan, column, records, caller)
    if dangling:
        return Refused(ReferenceMissing, dangling, "Create the referenced record first.")
    return None


async def _find_taken(
    plan: WritePlan, columns: Sequence[Column], records: Sequence[Values], own: Sequence[Any]
) -> list[Fault]:
    statement = plan.sql.clashes(columns, is_update=bool(own))
    rows = await statements.fetch(statement, *(arrays_of(records, [c.name for c in columns])), *map(text_of, own))
    kind = "key" if columns == plan.sql.key else "value"
    faults = []
    for place, first, is_taken in rows:
        code = f"existing_{kind}" if is_taken else f"repeated_{kind}"
        message = "a record of the dataset already has it" if is_taken else f"the same as in record {first - 1}"
        faults.append(_fault(columns, code, message, records, place))
    return faults


async def _find_dangling(plan: WritePlan, column: Column, records: Sequence[Values], caller: Principal) -> list[Fault]:
    assert column.references is not None
    try:
        other = await look_up_schema(column.references)
    except DatasetNotFound:
        return []
    statement = plan.sql.dangling(column, other.name, other.key[0].name)
    rows = await statements.fetch(statement, *arrays_of(records, [column.name]))
    who = other.name if caller.may("read", other.name) else "another dataset"
    message = f"no record of {who} has this key"
    return [_fault([column], "reference_missing", message, records, row[0]) for row in rows]


def _fault(columns: Sequence[Column], code: str, message: str, records: Sequence[Values], place: int) -> Fault:
    record = records[place - 1]
    value = ",".join(text_of(record[column.name]) or "" for column in columns)
    names = ",".join(column.name for column in columns)
    return Fault(names, code, message, place - 1, value[:MAX_SHOWN])


def text_of(value: Any) -> str | None:
    """A value as a parameter of a statement."""
    return None if value is None else str(value)


def arrays_of(records: Sequence[Values], names: Sequence[str]) -> list[list[str | None]]:
    """The records' values as parameters, an array for each name."""
    return [[text_of(record[name]) for record in records] for name in names]
