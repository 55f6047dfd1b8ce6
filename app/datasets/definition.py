"""Definitions of datasets' tables: columns, key and indexes, and the rules between them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from app.columns.column import Column, row_id_column
from app.columns.date_formats import is_date_format
from app.core.errors import did_you_mean

MAX_INDEX_COLUMNS = 8

Origin = Literal["declared", "key", "unique", "database"]
IndexColumn = Annotated[str, Field(pattern=r"^-?(_id|[a-z][a-z0-9_]{0,62})$")]


class Index(BaseModel):
    """An index: over columns, which filters and sorts by them use, or for full-text search.

    As it is shown it also has `name` and `origin`. Sent back they are passed over, and so is what was not declared.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: tuple[IndexColumn, ...] | None = Field(
        None,
        min_length=1,
        max_length=MAX_INDEX_COLUMNS,
        description="the columns in the order of a sort, `-price` for a descending one; the key follows them",
        examples=[["category", "-price"]],
    )
    search: Literal[True] | None = Field(None, description="true: the index of `_q`, over every column of type text")
    name: str | None = Field(None, description="its name in PostgreSQL", json_schema_extra={"readOnly": True})
    origin: Origin | None = Field(
        None,
        description="declared; or for the key or a unique column; or created by hand in the database",
        json_schema_extra={"readOnly": True},
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if self.origin in (None, "declared") and (self.columns is None) == (self.search is None):
            raise ValueError("an index has either `columns` or `search`")
        return self

    @model_serializer(mode="wrap")
    def _without_nulls(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None}

    @property
    def declared(self) -> "Index | None":
        """The index as it is declared and stored, None if it belongs to the key, a unique column or the database."""
        return Index(columns=self.columns, search=self.search) if self.origin in (None, "declared") else None

    @property
    def terms(self) -> list[tuple[str, bool]]:
        """The columns' names, each with whether it is descending."""
        return [(term.removeprefix("-"), term.startswith("-")) for term in self.columns or ()]


def declared_indexes(indexes: Sequence[Index]) -> list[Index]:
    """Of indexes as they were sent, those that are declared."""
    return [declared for index in indexes if (declared := index.declared) is not None]


@dataclass(frozen=True)
class Definition:
    """The columns in their order, the names of the key's (none: the records are numbered) and the declared indexes."""

    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexes: tuple[Index, ...] = ()

    @property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def key_columns(self) -> list[Column]:
        """The columns that address a record: the key's, or the record's number."""
        by_name = self.by_name
        return [by_name[name] for name in self.key] if self.key else [row_id_column()]

    @property
    def text_columns(self) -> list[Column]:
        """The columns that full-text search looks in."""
        return [column for column in self.columns if column.kind.is_text]

    @property
    def unindexed(self) -> list[str]:
        """The columns that no index begins with."""
        leading = leading_columns(self.columns, self.key, self.indexes)
        return [column.name for column in self.columns if column.name not in leading]

    def allows(self, index: Index) -> bool:
        """Return whether the columns can have an index."""
        try:
            self._check_index(index)
        except ValueError:
            return False
        return True

    def check(self) -> None:
        """Raise ValueError with the first thing that does not fit together."""
        names = [column.name for column in self.columns]
        if repeated := _repeated(names):
            raise ValueError(f"two columns are called '{repeated}'")
        for column in self.columns:
            if column.date_format is not None and not is_date_format(column.date_format):
                raise ValueError(f"'{column.date_format}' is not a format of dates, as DD/MM/YYYY or DD MON YYYY")
        self._check_key()
        for index in self.indexes:
            self._check_index(index)
        # One over a single column is read both ways.
        distinct = {index.terms[0][0] if len(index.terms) == 1 else index for index in self.indexes}
        if len(distinct) != len(self.indexes):
            raise ValueError("two indexes are the same")

    def _check_key(self) -> None:
        by_name = self.by_name
        if self.key and not self.columns:
            raise ValueError("a key needs the columns it is made of")
        if len(set(self.key)) != len(self.key):
            raise ValueError("the key names a column twice")
        for name in self.key:
            if name not in by_name:
                raise ValueError(f"the key names '{name}', which is no column")
            if not by_name[name].kind.can_be_key:
                raise ValueError(f"'{name}' cannot be a key: {by_name[name].type} does not address a record")

    def _check_index(self, index: Index) -> None:
        if index.search and not self.text_columns:
            raise ValueError("a search index needs a column of type text")
        names = [name for name, _ in index.terms]
        by_name = self.by_name
        if repeated := _repeated(names):
            raise ValueError(f"an index names '{repeated}' twice")
        for name in names:
            if name not in by_name:
                raise ValueError(f"an index names '{name}', which is no column{_near(name, by_name)}")
            if by_name[name].kind.is_document and index.columns != (name,):
                raise ValueError(f"'{name}' is json: its index has that column alone")
        one_way = len({descending for _, descending in index.terms}) == 1
        if one_way and tuple(names) == self.key[: len(names)]:
            raise ValueError(f"the key has an index over {', '.join(names)} already, which is read both ways")


def leading_columns(columns: Sequence[Column], key: Sequence[str], indexes: Sequence[Index]) -> frozenset[str]:
    """The names of the columns that an index begins with: the key's, a unique column's or a declared one."""
    unique = [column.name for column in columns if column.unique]
    return frozenset([*key[:1], *unique, *(index.terms[0][0] for index in indexes if index.columns)])


def _near(name: str, known: dict[str, Column]) -> str:
    return did_you_mean(name, known).rstrip("?").replace(" Did", "; did")


def _repeated(names: Sequence[str]) -> str | None:
    """The first name that is there twice."""
    return next((name for name in sorted(names) if names.count(name) > 1), None)
