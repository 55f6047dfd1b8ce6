"""Datasets as the catalogue keeps them, read by one statement and without a session."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core import direct
from app.core.errors import did_you_mean
from app.core.postgres import CATALOGUE_SCHEMA, quote
from app.datasets.columns import is_name
from app.datasets.errors import DatasetNotFound

_TABLE = quote(CATALOGUE_SCHEMA, "dataset")


@dataclass(frozen=True)
class DatasetRow:
    """What a dataset is, its columns and its declared indexes as the JSON that they are kept as."""

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


_FIND = f"SELECT {', '.join(field.name for field in fields(DatasetRow))} FROM {_TABLE} WHERE name = $1"


async def find_dataset(name: str) -> DatasetRow | None:
    """The dataset of this name."""
    rows = await direct.fetch(_FIND, name) if is_name(name) else []
    return DatasetRow(**rows[0]) if rows else None


async def get_dataset(name: str, *, visible: Collection[str] | None = None) -> DatasetRow:
    """The dataset of this name.

    Raises:
        DatasetNotFound: there is none; a near name of those that there are is proposed, a `visible` one if given.
    """
    dataset = await find_dataset(name)
    if dataset is None:
        raise not_found(name, await _list_names(visible))
    return dataset


def not_found(name: str, names: Collection[str]) -> DatasetNotFound:
    """The problem that there is no dataset of a name; a near one of `names` is proposed."""
    return DatasetNotFound(f"There is no dataset '{name}'.{did_you_mean(name, names)}")


async def _list_names(visible: Collection[str] | None) -> list[str]:
    names = None if visible is None else list(visible)
    rows = await direct.fetch(f"SELECT name FROM {_TABLE} WHERE $1::text[] IS NULL OR name = ANY($1)", names)
    return [row["name"] for row in rows]
