"""A dataset as the catalogue keeps it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, DateTime, Text, func, text
from sqlalchemy import Column as SqlColumn
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field as SqlField
from sqlmodel import SQLModel

from app.columns.column import Column, row_id_column
from app.core.database.names import CATALOGUE_SCHEMA
from app.datasets.definition import Definition, Index
from app.datasets.stores import STORES, Capabilities


class Dataset(SQLModel, table=True):
    """A named collection of records. `columns` is empty until they are given or a first import has inferred them."""

    __tablename__ = "dataset"
    __table_args__ = (
        CheckConstraint("store IN ('relational', 'keyvalue')", name="store"),
        {"schema": CATALOGUE_SCHEMA},
    )

    id: UUID = SqlField(default_factory=uuid4, primary_key=True)
    name: str = SqlField(sa_column=SqlColumn(Text, unique=True, nullable=False))
    title: str | None = SqlField(default=None, sa_column=SqlColumn(Text))
    description: str | None = SqlField(default=None, sa_column=SqlColumn(Text))
    store: str = SqlField(default="relational", sa_column=SqlColumn(Text, nullable=False))
    key: list[str] = SqlField(default_factory=list, sa_column=SqlColumn(ARRAY(Text), nullable=False))
    columns: list[dict[str, Any]] = SqlField(default_factory=list, sa_column=SqlColumn(JSONB, nullable=False))
    indexes: list[dict[str, Any]] = SqlField(
        default_factory=list, sa_column=SqlColumn(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    import_options: dict[str, Any] = SqlField(
        default_factory=dict, sa_column=SqlColumn(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    created_at: datetime = SqlField(
        default_factory=lambda: datetime.now(UTC),
        sa_column=SqlColumn(DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
    updated_at: datetime = SqlField(
        default_factory=lambda: datetime.now(UTC),
        sa_column=SqlColumn(DateTime(timezone=True), nullable=False, server_default=func.now()),
    )

    @property
    def can(self) -> Capabilities:
        """The capabilities of the store of its records."""
        return STORES[self.store]

    @property
    def typed_columns(self) -> list[Column]:
        """The columns in the order of the file; none while the first import has not settled them."""
        return [Column.model_validate(column) for column in self.columns]

    @property
    def key_columns(self) -> list[Column]:
        """The columns that address a record: the key's, or the row number of a dataset without a key."""
        by_name = {column.name: column for column in self.typed_columns}
        return [by_name[name] for name in self.key] if self.key else [row_id_column()]

    @property
    def definition(self) -> Definition:
        """The definition of the dataset's table."""
        indexes = tuple(Index.model_validate(index) for index in self.indexes)
        return Definition(tuple(self.typed_columns), tuple(self.key), indexes)

    def define(self, definition: Definition) -> None:
        """Take over what the table is built from now."""
        self.columns = [column.model_dump(mode="json", exclude_none=True) for column in definition.columns]
        self.key = list(definition.key)
        self.indexes = [index.model_dump(mode="json") for index in definition.indexes]
