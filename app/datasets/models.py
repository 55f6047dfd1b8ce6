"""A dataset as the catalogue keeps it and as the API shows it."""

from datetime import UTC, datetime
from typing import Any, Literal, Self
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, field_serializer, model_validator
from sqlalchemy import CheckConstraint, DateTime, Text, func
from sqlalchemy import Column as SqlColumn
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field as SqlField
from sqlmodel import SQLModel

from app.core.db import CATALOGUE_SCHEMA
from app.core.http import RequestBody
from app.datasets.columns import ROW_ID, Column, Name, row_id_column

Store = Literal["relational", "keyvalue"]


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
    created_at: datetime = SqlField(
        default_factory=lambda: datetime.now(UTC),
        sa_column=SqlColumn(DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
    updated_at: datetime = SqlField(
        default_factory=lambda: datetime.now(UTC),
        sa_column=SqlColumn(DateTime(timezone=True), nullable=False, server_default=func.now()),
    )

    @property
    def typed_columns(self) -> list[Column]:
        """The columns in the order of the file; none while the first import has not settled them."""
        return [Column.model_validate(column) for column in self.columns]

    @property
    def key_columns(self) -> list[Column]:
        """The columns that address a record: the key's, or the row number of a dataset without a key."""
        by_name = {column.name: column for column in self.typed_columns}
        return [by_name[name] for name in self.key] if self.key else [row_id_column()]


class DatasetCreate(RequestBody):
    """A dataset to be made, with its columns or without: then its first import infers them."""

    name: Name
    title: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=2000)
    store: Store = "relational"
    key: list[Name] = Field(default_factory=list, max_length=8, description="the columns that address a record")
    columns: list[Column] = Field(default_factory=list)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [column.name for column in self.columns]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two columns are called '{repeated[0]}'")
        if self.key and not self.columns:
            raise ValueError("a key needs the columns it is made of")
        if len(set(self.key)) != len(self.key):
            raise ValueError("the key names a column twice")
        by_name = {column.name: column for column in self.columns}
        for name in self.key:
            if name not in by_name:
                raise ValueError(f"the key names '{name}', which is no column")
            if not by_name[name].kind.can_be_key:
                raise ValueError(f"'{name}' cannot be a key: {by_name[name].type} does not address a record")
        return self


class DatasetUpdate(RequestBody):
    """What may be changed of a dataset; what is left out stays."""

    title: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=2000)


class DatasetPublic(BaseModel):
    """A dataset as the API shows it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    title: str | None
    description: str | None
    store: Store
    key: list[str] = Field(description=f"empty: records are addressed by {ROW_ID}, their number")
    columns: list[Column]
    record_count: int | None = Field(description="the database's estimate, null until there is one")
    indexes: list[str]
    created_at: datetime
    updated_at: datetime

    @field_serializer("columns")
    def _without_nulls(self, columns: list[Column]) -> list[dict[str, Any]]:
        """Of a column's many members, those that say something of it."""
        return [column.model_dump(mode="json", exclude_none=True) for column in columns]
