"""What records are written to: a dataset in one state, and all that is worked out of that state, kept for it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.core.direct import Direct
from app.datasets.columns import ROW_ID, Column
from app.datasets.models import Dataset
from app.datasets.repository import get_dataset
from app.datasets.shape import shape_of
from app.records.errors import DatasetWithoutColumns
from app.records.values import RecordReader
from app.records.write_sql import WriteSql

MOST_KEPT = 1000


@dataclass(frozen=True, eq=False)
class Target:
    """A dataset in one state: how its records are read from JSON, and the statements that write them.

    It may be out of date when it is used: then its statements do nothing, and it has to be had anew.
    """

    name: str
    reader: RecordReader
    sql: WriteSql
    # Each set of columns whose values no two records share.
    unique: Sequence[Sequence[Column]]
    # The columns that refer to other datasets' keys.
    referring: Sequence[Column]
    # Whether the database numbers the records.
    is_numbered: bool


class Outdated(Exception):
    """The dataset is no longer in the state of a target; `cause` is what showed it, where that was an error."""

    def __init__(self, cause: Exception | None = None) -> None:
        super().__init__("outdated")
        self.cause = cause


_kept: dict[str, Target] = {}


async def get_target(direct: Direct, name: str, visible: Collection[str] | None) -> Target:
    """What records of the dataset of this name are written to, as it was when it was last looked at.

    Raises:
        DatasetNotFound: there is none; a near name among the `visible` ones is proposed.
        DatasetWithoutColumns: it has no table yet.
    """
    kept = _kept.get(name)
    return kept if kept is not None else await find_target(direct, name, visible)


async def find_target(direct: Direct, name: str, visible: Collection[str] | None = ()) -> Target:
    """The same as it is now; it is kept from now on."""
    _kept.pop(name, None)
    async with direct.session() as session:
        dataset = await get_dataset(session, name, visible=visible)
    return _keep(dataset)


def _keep(dataset: Dataset) -> Target:
    if not dataset.columns:
        raise DatasetWithoutColumns(
            f"'{dataset.name}' has no columns yet.", hint="Import a file into it: its columns are found in that."
        )
    while len(_kept) >= MOST_KEPT:
        _kept.pop(next(iter(_kept)))
    target = _kept[dataset.name] = _work_out(dataset)
    return target


def _work_out(dataset: Dataset) -> Target:
    shape = shape_of(dataset)
    columns = [column for column in shape.columns if column.name != ROW_ID]
    unique = [[column] for column in columns if column.unique and shape.key != [column]]
    return Target(
        name=dataset.name,
        reader=RecordReader(columns, [column.name for column in shape.key]),
        sql=WriteSql(dataset.id, dataset.updated_at, dataset.name, columns, shape.columns, shape.key),
        unique=[shape.key, *unique] if dataset.key else unique,
        referring=[column for column in columns if column.references is not None],
        is_numbered=not dataset.key,
    )
