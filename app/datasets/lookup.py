"""Datasets as the catalogue keeps them, read by one statement and without a session."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from app.columns.column import is_name
from app.core.database import statements
from app.core.database.names import CATALOGUE_SCHEMA, quote
from app.core.errors import did_you_mean
from app.datasets.errors import DatasetNotFound

_TABLE = quote(CATALOGUE_SCHEMA, "dataset")


@dataclass(frozen=True)
class DatasetRow:
    """A dataset's row, with its columns and declared indexes as stored JSON."""

    id: UUID
    created_at: datetime
    updated_at: datetime
    name: str
    title: str | None
    description: str | None
    store: str
    key: Sequence[str]
    columns: Sequence[Mapping[str, Any]]
    indexes: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class DatasetState:
    """Which state a dataset is in, and how many columns it has."""

    id: UUID
    updated_at: datetime
    name: str
    width: int


_SELECT = f"SELECT {', '.join(field.name for field in fields(DatasetRow))} FROM {_TABLE}"
_FIND = f"{_SELECT} WHERE name = $1"
_LIST = f"{_SELECT} WHERE id = ANY($1)"
# A limited key opens the datasets that $1 names; null: the key is not limited.
_VISIBLE = f"FROM {_TABLE} WHERE $1::text[] IS NULL OR name = ANY($1)"
_COUNT = f"SELECT count(*) {_VISIBLE}"
_LIST_NAMES = f"SELECT name {_VISIBLE} ORDER BY name LIMIT $2"
_LIST_STATES = f"SELECT id, updated_at, name, jsonb_array_length(columns) AS width {_VISIBLE} ORDER BY name LIMIT $2"


async def find_dataset(name: str) -> DatasetRow | None:
    """The dataset of this name."""
    rows = await statements.fetch(_FIND, name) if is_name(name) else []
    return DatasetRow(**rows[0]) if rows else None


async def get_dataset(name: str, *, visible: Collection[str] | None = None) -> DatasetRow:
    """The dataset of this name.

    Raises:
        DatasetNotFound: no dataset has this name; a near name is suggested, a `visible` one if given.
    """
    dataset = await find_dataset(name)
    if dataset is None:
        raise not_found(name, await list_names(visible))
    return dataset


def not_found(name: str, names: Collection[str]) -> DatasetNotFound:
    """The problem for an unknown dataset name; a near one of `names` is suggested."""
    return DatasetNotFound(f"There is no dataset '{name}'.{did_you_mean(name, names)}")


async def list_names(visible: Collection[str] | None, limit: int | None = None) -> list[str]:
    """The first `limit` names of all datasets, sorted; only of the `visible` ones if these are given."""
    return [row["name"] for row in await statements.fetch(_LIST_NAMES, visible, limit)]


async def count_datasets(visible: Collection[str] | None) -> int:
    """The number of datasets, or of the `visible` ones."""
    rows = await statements.fetch(_COUNT, visible)
    return int(rows[0]["count"])


async def list_states(visible: Collection[str] | None, limit: int | None = None) -> list[DatasetState]:
    """The states of the first `limit` datasets by name, only of the `visible` ones if these are given."""
    return [DatasetState(**row) for row in await statements.fetch(_LIST_STATES, visible, limit)]


async def list_rows(ids: Sequence[UUID]) -> list[DatasetRow]:
    """The datasets of these ids, in no order."""
    return [DatasetRow(**row) for row in await statements.fetch(_LIST, ids)]
