"""Datasets in requests and answers. Pure."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_serializer, field_validator, model_validator

from app.columns.column import MAX_PRECISION, ROW_ID, Column, GivenType, Name
from app.columns.constraints import Constraints
from app.columns.conventions import Conventions
from app.core.fields import RequestBody
from app.datasets.definition import Definition, Index, declared_indexes
from app.datasets.import_options import ImportOptions
from app.datasets.stores import MAX_KEY_COLUMNS, Store


class DatasetCreate(RequestBody):
    """A new dataset, with its columns or without: then its first import infers them."""

    name: Name
    title: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=2000)
    store: Store = "relational"
    key: list[Name] = Field(default_factory=list, max_length=MAX_KEY_COLUMNS, description="the key columns")
    columns: list[Column] = Field(default_factory=list)
    indexes: list[Index] = Field(default_factory=list, description="as well as those of the key and of unique columns")
    import_options: ImportOptions | None = Field(None, description="default options of its imports")

    @property
    def definition(self) -> Definition:
        """The definition of the dataset's table; a key's columns are required."""
        columns = (
            column.model_copy(update={"required": True}) if column.name in self.key else column
            for column in self.columns
        )
        return Definition(tuple(columns), tuple(self.key), tuple(declared_indexes(self.indexes)))

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        self.definition.check()
        return self


class ColumnAdded(Column):
    """A column to be added. Without `fill` the records that are there have null in it."""

    fill: JsonValue = Field(None, description="the value for existing records; new ones do not get it")

    @property
    def column(self) -> Column:
        """The column as it is kept."""
        return Column.model_validate(self.model_dump(exclude={"fill"}, exclude_unset=True))


class _ChangedFirst(RequestBody, Conventions):
    """The members of a column's change before its constraints."""

    name: Name | None = Field(None, description="its new name")
    type: GivenType | None = Field(None, description="its new type: every record's value must convert exactly")
    precision: int | None = Field(None, ge=1, le=MAX_PRECISION, description="total digits; decimal only")
    scale: int | None = Field(None, ge=0, le=MAX_PRECISION, description="digits after the decimal point; decimal only")
    required: bool | None = Field(None, description="never null")
    unique: bool | None = Field(None, description="no two records share a value")


class ColumnChange(Constraints, _ChangedFirst):
    """A change of a column: members left out stay, null removes.

    If a text becomes another type, its conventions also give the format of the texts.
    """

    references: str | None = Field(None, description="the dataset whose keys this column references")
    label: str | None = Field(None, description="the column's header in the file")
    description: str | None = Field(None, max_length=2000)
    fill: JsonValue = Field(None, description="the value that records without one get")


class DatasetUpdate(RequestBody):
    """A change of a dataset, all of it or nothing; members left out stay, null removes."""

    title: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=2000)
    columns: dict[str, ColumnChange | None] = Field(
        default_factory=dict, description="changes of columns by the names they have now; null drops a column"
    )
    add_columns: list[ColumnAdded] = Field(default_factory=list, description="new columns, added after the others")
    key: list[Name] | None = Field(
        None,
        max_length=MAX_KEY_COLUMNS,
        description="the key columns, by their names after the change; empty or null: "
        f"records are numbered, by {ROW_ID}",
    )
    indexes: list[Index] | None = Field(
        None, description="all of the declared indexes, with the columns' names as they are after the change"
    )
    import_options: ImportOptions | None = Field(
        None,
        description="default options of its imports: members that you give change, null removes one or all of them",
    )
    dry_run: bool = Field(False, description="check and do all of it, and save nothing")

    @field_validator("columns", mode="before")
    @classmethod
    def _are_by_name(cls, value: Any) -> Any:
        if isinstance(value, list):
            raise ValueError("`columns` are changed by name, as {'price': {'min': 0}}; new ones go into `add_columns`")
        return value


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
    indexes: list[Index] = Field(description="including those of the key and of unique columns")
    unindexed: list[str] = Field(
        description="the columns that no index begins with: filtering or sorting by one reads every record"
    )
    import_options: dict[str, Any] = Field(description="default options of its imports")
    created_at: datetime
    updated_at: datetime

    @field_serializer("columns")
    def _without_nulls(self, columns: list[Column]) -> list[dict[str, Any]]:
        """Of a column's many members, those that say something of it."""
        return [column.model_dump(mode="json", exclude_none=True) for column in columns]
