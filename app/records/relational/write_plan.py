"""What records are written to: a dataset in one state, and all that is worked out of that state."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.columns.column import ROW_ID, Column
from app.datasets.schema import KEPT_SHAPES, Shape
from app.records.documents import RecordReader
from app.records.errors import DatasetWithoutColumns
from app.records.relational.statements import WriteSql


@dataclass(frozen=True, eq=False)
class Target:
    """A dataset in one state: how its records are read from JSON, and the statements that write them."""

    name: str
    reader: RecordReader
    sql: WriteSql
    # Each set of columns whose values no two records share.
    unique: Sequence[Sequence[Column]]
    # The columns that refer to other datasets' keys.
    referring: Sequence[Column]
    is_numbered: bool


@lru_cache(KEPT_SHAPES)
def reader_of(shape: Shape) -> RecordReader:
    """What reads the records that are written to a dataset of this shape.

    Raises:
        DatasetWithoutColumns: it has no columns to write to.
    """
    if not shape.columns:
        raise DatasetWithoutColumns(
            f"'{shape.name}' has no columns yet.", hint="Import a file into it: its columns are found in that."
        )
    return RecordReader(_written(shape), [column.name for column in shape.key])


@lru_cache(KEPT_SHAPES)
def target_of(shape: Shape, *, with_caller: bool) -> Target:
    """What the records of a dataset of this shape are written to; `with_caller` by one who has an API key.

    Raises:
        DatasetWithoutColumns: it has no table yet.
    """
    reader = reader_of(shape)
    columns = _written(shape)
    unique = [[column] for column in columns if column.unique and shape.key != [column]]
    return Target(
        name=shape.name,
        reader=reader,
        sql=WriteSql(shape, columns, with_caller),
        unique=unique if shape.is_numbered else [shape.key, *unique],
        referring=[column for column in columns if column.references is not None],
        is_numbered=shape.is_numbered,
    )


def _written(shape: Shape) -> list[Column]:
    return [column for column in shape.columns if column.name != ROW_ID]
