"""Examples for the documents: of each column a value from the dataset's own first records.

They are read when a document is asked for, a few records by the key's index, and kept for a while: a document costs no
query then, and shows nothing of a record for long that is gone. What has no table shows the values of any one record.
"""

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from asyncpg import PostgresError

from app.columns.column import Column
from app.core.database import statements
from app.core.database.errors import QUERY_CANCELED
from app.core.database.names import DATA_SCHEMA, quote
from app.core.settings import get_settings
from app.core.slices import slices
from app.datasets.schema import DatasetSchema

# What finds a record of a dataset that has no table, by the store.
FindRecord = Callable[[DatasetSchema], Awaitable[dict[str, Any]]]

MAX_KEPT = 1000
# Of those datasets in one document: to find that one has no record takes hundreds of requests.
MAX_SEARCHED = 10
RECORDS_READ = 10
# Of all datasets that are read by one statement.
MAX_COLUMNS_READ = 500
# Of a value as JSON; longer ones would only make the document longer.
MAX_BYTES = 80
# The table has changed since the catalogue was read, or is being changed: then there are no examples.
_PASSING = ("42P01", "42703", "42804", "42883", "55P03", QUERY_CANCELED)


@dataclass(frozen=True)
class _Kept:
    """A schema with the examples that were found for it, and when (seconds of a monotonic clock)."""

    schema: DatasetSchema
    exemplified: DatasetSchema
    read_at: float


_kept: dict[UUID, _Kept] = {}
_finders: dict[str, FindRecord] = {}


def provide(store: str, find: FindRecord) -> None:
    """Register a function that finds a record, as it is shown, for the examples of a store's datasets."""
    _finders[store] = find


async def with_examples(schemas: Sequence[DatasetSchema]) -> list[DatasetSchema]:
    """The schemas with examples. As long as these are the same, and the dataset is, so is the object."""
    fresh = {schema.id: _kept[schema.id].exemplified for schema in schemas if not _is_stale(schema)}
    stale = [schema for schema in schemas if schema.id not in fresh]
    readable = [schema for schema in stale if schema.columns and schema.can.has_table]
    found: dict[str, dict[str, Any]] = {}
    for some in slices(readable, lambda schema: len(schema.columns), MAX_COLUMNS_READ):
        found |= await _read(some)
    for schema in [schema for schema in stale if schema.columns and schema.store in _finders][:MAX_SEARCHED]:
        found[schema.name] = _brief(await _finders[schema.store](schema))
    fresh |= {schema.id: _keep(schema, found.get(schema.name, {})) for schema in stale}
    return [fresh[schema.id] for schema in schemas]


def _is_stale(schema: DatasetSchema) -> bool:
    kept = _kept.get(schema.id)
    return (
        kept is None or kept.schema is not schema or time.monotonic() - kept.read_at >= get_settings().example_seconds
    )


def _keep(schema: DatasetSchema, examples: Mapping[str, Any]) -> DatasetSchema:
    before = _kept.pop(schema.id, None)
    is_same = before is not None and before.schema is schema and before.exemplified.examples == examples
    exemplified = before.exemplified if before is not None and is_same else replace(schema, examples=examples)
    if len(_kept) >= MAX_KEPT:
        _kept.pop(next(iter(_kept)))
    _kept[schema.id] = _Kept(schema, exemplified, time.monotonic())
    return exemplified


async def _read(schemas: Sequence[DatasetSchema]) -> dict[str, dict[str, Any]]:
    """Of each dataset the first value in each column that has one."""
    try:
        rows = await statements.fetch(" UNION ALL ".join(f"({_statement(schema)})" for schema in schemas))
    except PostgresError as error:
        if error.sqlstate not in _PASSING:
            raise
        return {}
    found: dict[str, dict[str, Any]] = {}
    for dataset, record in rows:
        examples = found.setdefault(dataset, {})
        for column, value in json.loads(record).items():
            if value is not None:
                examples.setdefault(column, value)
    return found


def _statement(schema: DatasetSchema) -> str:
    # Names of datasets and columns are letters, digits and underscores.
    members = ", ".join(f"{_short(column)} AS {quote(column.name)}" for column in schema.columns)
    order = ", ".join(quote(column.name) for column in schema.key)
    records = f"SELECT {members} FROM {quote(DATA_SCHEMA, schema.name)} ORDER BY {order} LIMIT {RECORDS_READ}"
    return f"SELECT '{schema.name}', row_to_json(_record)::text FROM ({records}) AS _record"


def _short(column: Column) -> str:
    """The SQL of a value as JSON shows it, null if it is too long for an example."""
    value = column.kind.json_sql.format(quote(column.name))
    return f"CASE WHEN octet_length(({value})::text) <= {MAX_BYTES} THEN {value} END"


def _brief(record: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a record that are there and short enough for an example."""
    return {
        name: value
        for name, value in record.items()
        if value is not None and len(json.dumps(value, ensure_ascii=False).encode()) <= MAX_BYTES
    }
