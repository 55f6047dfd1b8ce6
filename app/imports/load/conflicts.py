"""Conflicts: staged rows that a dataset's table would not take, by the SQL that finds them."""

from collections.abc import Iterator, Sequence

from app.columns.column import Column
from app.core.database.names import CATALOGUE_SCHEMA, DATA_SCHEMA, quote
from app.imports.formats.table import VALUE_LIMIT
from app.imports.load.loader import LoadPlan
from app.imports.load.stage import STAGE, ConflictQuery, repeated


def list_conflict_queries(plan: LoadPlan) -> Iterator[ConflictQuery]:
    """Each kind of conflict that rows may have: a key, a value that must be unique, a reference to nothing."""
    if plan.key:
        key = ",".join(plan.key)
        yield ConflictQuery(key, "repeated_key", repeated(plan.key))
        if plan.mode == "append" and not plan.new:
            yield ConflictQuery(key, "existing_key", _existing(plan, plan.key))
    for column in plan.loaded:
        if column.unique and list(plan.key) != [column.name]:
            yield ConflictQuery(column.name, "repeated_value", repeated([column.name]))
            if plan.mode != "replace" and not plan.new:
                yield ConflictQuery(column.name, "existing_value", _existing(plan, [column.name]))
        if column.references is not None:
            yield ConflictQuery(column.name, "reference_missing", _dangling(plan, column, column.references))
        if column.kind.is_image:
            yield ConflictQuery(column.name, "image_missing", _without_image(column))


def _existing(plan: LoadPlan, names: Sequence[str]) -> str:
    """Rows whose values a record of the dataset has; if records are updated by key, another record."""
    table = quote(DATA_SCHEMA, plan.dataset)
    columns = ", ".join(f"staged.{quote(name)}" for name in names)
    same = " AND ".join(f"staged.{quote(name)} = record.{quote(name)}" for name in names)
    if plan.mode == "upsert":
        same += f" AND NOT ({' AND '.join(f'staged.{quote(name)} = record.{quote(name)}' for name in plan.key)})"
    return f"""
        SELECT _record AS record, _line AS line, _offset AS offset,
               left(concat_ws(',', {columns}), {VALUE_LIMIT}) AS value,
               'a record of the dataset already has it' AS message
        FROM {STAGE} AS staged JOIN {table} AS record ON {same}"""


def _dangling(plan: LoadPlan, column: Column, references: str) -> str:
    """Rows whose reference no record of the other dataset answers."""
    name, target = quote(column.name), quote(DATA_SCHEMA, references)
    key = quote(plan.references[references])
    return f"""
        SELECT _record AS record, _line AS line, _offset AS offset, left({name}::text, {VALUE_LIMIT}) AS value,
               'no record of {references} has this key' AS message
        FROM {STAGE} AS staged WHERE {name} IS NOT NULL
            AND NOT EXISTS (SELECT FROM {target} AS referred WHERE referred.{key} = staged.{name})"""


def _without_image(column: Column) -> str:
    """Rows whose value is the id of no image."""
    name = quote(column.name)
    return f"""
        SELECT _record AS record, _line AS line, _offset AS offset, left({name}, {VALUE_LIMIT}) AS value,
               'there is no image of this id: upload it with POST /images' AS message
        FROM {STAGE} AS staged WHERE {name} IS NOT NULL
            AND NOT EXISTS (SELECT FROM {quote(CATALOGUE_SCHEMA, "image")} AS image WHERE image.id = staged.{name})"""
