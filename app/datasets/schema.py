"""The schema of a dataset's records: what it has, worked out once for each state of the dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Protocol
from uuid import UUID

from app.columns.column import ROW_ID, Column, row_id_column
from app.core.database.names import CATALOGUE_SCHEMA, quote
from app.datasets.definition import Index, leading_columns
from app.datasets.stores import STORES, Capabilities

MAX_SCHEMAS = 1000


class Described(Protocol):
    """A dataset's row, in a session or out of one; its columns and indexes are JSON."""

    @property
    def id(self) -> UUID: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def updated_at(self) -> datetime: ...
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str | None: ...
    @property
    def description(self) -> str | None: ...
    @property
    def store(self) -> str: ...
    @property
    def key(self) -> Sequence[str]: ...
    @property
    def columns(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def indexes(self) -> Sequence[Mapping[str, Any]]: ...


@dataclass(frozen=True, eq=False)
class DatasetSchema:
    """A dataset's `columns` as its records show them, and among them those of the `key` that addresses a record.

    There is one for each state of a dataset: what is worked out of it can be kept by it.
    """

    id: UUID
    # When it came into this state: each one has another time.
    updated_at: datetime
    name: str
    title: str | None
    description: str | None
    columns: Sequence[Column]
    key: Sequence[Column]
    # The declared ones, as well as those of the key and of unique columns.
    indexes: Sequence[Index] = ()
    # A value of each column as a record shows it, as far as documents have looked for one.
    examples: Mapping[str, Any] = field(default_factory=dict)
    store: str = "relational"
    # Of a key-value dataset: what the partitions that hold its records now are named for.
    generation: str | None = None

    @property
    def can(self) -> Capabilities:
        """The capabilities of the store of its records."""
        return STORES[self.store]

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def is_numbered(self) -> bool:
        """Return whether the database numbers the records, as it does without a key."""
        return self.key[0].name == ROW_ID

    @cached_property
    def has_texts(self) -> bool:
        """Return whether full-text search has any column."""
        return any(column.kind.is_text for column in self.columns)

    @cached_property
    def images(self) -> tuple[Column, ...]:
        """The columns that hold images."""
        return tuple(column for column in self.columns if column.kind.is_image)

    @cached_property
    def references(self) -> dict[str, str]:
        """The datasets that columns refer to, by the column's name."""
        return {column.name: column.references for column in self.columns if column.references is not None}

    @cached_property
    def indexed(self) -> frozenset[str]:
        """The columns that an index begins with: a filter or a sort that uses one of them is quick."""
        return leading_columns(self.columns, [column.name for column in self.key], self.indexes)

    @cached_property
    def search_is_indexed(self) -> bool:
        """Return whether full-text search has an index."""
        return any(index.search for index in self.indexes)


_schemas: dict[tuple[UUID, datetime, str | None], DatasetSchema] = {}


def schema_of(dataset: Described, generation: str | None = None) -> DatasetSchema:
    """The schema of a dataset as it is now; every change of a dataset changes its `updated_at`.

    `generation` is that of a key-value dataset's records.
    """
    state = (dataset.id, dataset.updated_at, generation)
    schema = _schemas.get(state)
    if schema is None:
        if len(_schemas) >= MAX_SCHEMAS:
            _schemas.pop(next(iter(_schemas)))
        schema = _schemas[state] = _work_out(dataset, generation)
    return schema


def find_kept_schema(dataset_id: UUID, updated_at: datetime) -> DatasetSchema | None:
    """The schema of a dataset in this state, if the process has worked it out before."""
    return _schemas.get((dataset_id, updated_at, None))


def _work_out(dataset: Described, generation: str | None) -> DatasetSchema:
    columns = [Column.model_validate(column) for column in dataset.columns]
    shown = columns if dataset.key or not columns else [row_id_column(), *columns]
    by_name = {column.name: column for column in columns}
    key = [by_name[name] for name in dataset.key] if dataset.key else [row_id_column()]
    return DatasetSchema(
        id=dataset.id,
        updated_at=dataset.updated_at,
        name=dataset.name,
        title=dataset.title,
        description=dataset.description,
        columns=shown,
        key=key,
        indexes=tuple(Index.model_validate(index) for index in dataset.indexes),
        store=dataset.store,
        generation=generation,
    )


@lru_cache(MAX_SCHEMAS)
def is_current(schema: DatasetSchema) -> str:
    """The SQL condition under which a schema is still that of its dataset."""
    return (
        f"EXISTS (SELECT FROM {quote(CATALOGUE_SCHEMA, 'dataset')} "
        f"WHERE id = '{schema.id}' AND updated_at = '{schema.updated_at.isoformat()}')"
    )
