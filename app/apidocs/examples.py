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
from app.datasets.schema import Shape

# What finds a record of a dataset that has no table, by the store.
FindRecord = Callable[[Shape], Awaitable[dict[str, Any]]]

MOST_KEPT = 1000
# Of those datasets in one document: to find that one has no record takes hundreds of requests.
MOST_SEARCHED = 10
RECORDS_READ = 10
# Of all datasets that are read by one statement.
MOST_COLUMNS_READ = 500
# Of a value as JSON; longer ones would only make the document longer.
MOST_BYTES = 80
# The table is another than the catalogue said a moment before, or someone is changing it: then there are no examples.
_PASSING = ("42P01", "42703", "42804", "42883", "55P03", QUERY_CANCELED)


@dataclass(frozen=True)
class _Kept:
    """A shape with the examples that were found for it, and when (seconds of a monotonic clock)."""

    shape: Shape
    exemplified: Shape
    read_at: float


_kept: dict[UUID, _Kept] = {}
_finders: dict[str, FindRecord] = {}


def provide(store: str, find: FindRecord) -> None:
    """Have the examples of a store's datasets found by a function, which gives any record as it is shown."""
    _finders[store] = find


async def with_examples(shapes: Sequence[Shape]) -> list[Shape]:
    """The shapes with examples. As long as these are the same, and the dataset is, so is the object."""
    fresh = {shape.id: _kept[shape.id].exemplified for shape in shapes if not _is_stale(shape)}
    stale = [shape for shape in shapes if shape.id not in fresh]
    readable = [shape for shape in stale if shape.columns and shape.can.has_table]
    found: dict[str, dict[str, Any]] = {}
    for some in slices(readable, lambda shape: len(shape.columns), MOST_COLUMNS_READ):
        found |= await _read(some)
    for shape in [shape for shape in stale if shape.columns and shape.store in _finders][:MOST_SEARCHED]:
        found[shape.name] = _brief(await _finders[shape.store](shape))
    fresh |= {shape.id: _keep(shape, found.get(shape.name, {})) for shape in stale}
    return [fresh[shape.id] for shape in shapes]


def _is_stale(shape: Shape) -> bool:
    kept = _kept.get(shape.id)
    return kept is None or kept.shape is not shape or time.monotonic() - kept.read_at >= get_settings().example_seconds


def _keep(shape: Shape, examples: Mapping[str, Any]) -> Shape:
    before = _kept.pop(shape.id, None)
    is_same = before is not None and before.shape is shape and before.exemplified.examples == examples
    exemplified = before.exemplified if before is not None and is_same else replace(shape, examples=examples)
    if len(_kept) >= MOST_KEPT:
        _kept.pop(next(iter(_kept)))
    _kept[shape.id] = _Kept(shape, exemplified, time.monotonic())
    return exemplified


async def _read(shapes: Sequence[Shape]) -> dict[str, dict[str, Any]]:
    """Of each dataset the first value in each column that has one."""
    try:
        rows = await statements.fetch(" UNION ALL ".join(f"({_statement(shape)})" for shape in shapes))
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


def _statement(shape: Shape) -> str:
    # Names of datasets and columns are letters, digits and underscores.
    members = ", ".join(f"{_short(column)} AS {quote(column.name)}" for column in shape.columns)
    order = ", ".join(quote(column.name) for column in shape.key)
    records = f"SELECT {members} FROM {quote(DATA_SCHEMA, shape.name)} ORDER BY {order} LIMIT {RECORDS_READ}"
    return f"SELECT '{shape.name}', row_to_json(_record)::text FROM ({records}) AS _record"


def _short(column: Column) -> str:
    """The SQL of a value as JSON shows it, null where it is too long for an example."""
    value = column.kind.json_sql.format(quote(column.name))
    return f"CASE WHEN octet_length(({value})::text) <= {MOST_BYTES} THEN {value} END"


def _brief(record: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a record that are there and short enough for an example."""
    return {
        name: value
        for name, value in record.items()
        if value is not None and len(json.dumps(value, ensure_ascii=False).encode()) <= MOST_BYTES
    }
