"""Targets of writes: a dataset in one state, and everything derived from that state."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.columns.column import Column
from app.datasets.schema import MAX_SCHEMAS, DatasetSchema
from app.records.documents import RecordReader, reader_of, written_columns
from app.records.relational.statements import WriteSql


@dataclass(frozen=True, eq=False)
class WritePlan:
    """A dataset in one state: how its records are read from JSON, and the statements that write them."""

    name: str
    reader: RecordReader
    sql: WriteSql
    # Each set of columns whose values no two records share.
    unique: Sequence[Sequence[Column]]
    # The columns that refer to other datasets' keys.
    referring: Sequence[Column]
    is_numbered: bool


@lru_cache(MAX_SCHEMAS)
def write_plan_of(schema: DatasetSchema, *, with_caller: bool) -> WritePlan:
    """The plan of writes to a dataset of this schema; `with_caller` by one who has an API key.

    Raises:
        DatasetWithoutColumns: it has no table yet.
    """
    reader = reader_of(schema)
    columns = written_columns(schema)
    unique = [[column] for column in columns if column.unique and schema.key != [column]]
    return WritePlan(
        name=schema.name,
        reader=reader,
        sql=WriteSql(schema, columns, with_caller),
        unique=unique if schema.is_numbered else [schema.key, *unique],
        referring=[column for column in columns if column.references is not None],
        is_numbered=schema.is_numbered,
    )
