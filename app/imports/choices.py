"""Choices: what an announcement says of single columns of its file.

Pure: no I/O, and free of the libraries that only the worker loads.
"""

from collections.abc import Sequence
from typing import Any, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from app.columns.column import MAX_PRECISION, SYSTEM_COLUMNS, Column, GivenType, Name
from app.columns.constraints import Constraints
from app.columns.conventions import Conventions
from app.columns.date_formats import is_date_format
from app.core.validation import misfits_of_members

MAX_CHOICES = 2000
# What a decimal is checked with whose size its file decides.
ROOM = {"precision": MAX_PRECISION, "scale": MAX_PRECISION // 2}
SIZE = ("precision", "scale")
# Members that exclude each other with `omit`, or are not members of a column.
NOT_OF_COLUMNS = frozenset({"label", "omit"})


class _ChosenFirst(Conventions):
    """The members of a choice before its constraints."""

    label: str = Field(
        max_length=1000,
        description="the column's header as the file has it, or its name; column_1, column_2, … without a header",
        examples=["Unit price"],
    )
    omit: bool = Field(False, description="leave the file's column out; nothing else is said of it then")
    name: Name | None = Field(None, description="what it is called; of a dataset that has columns, one of these")
    type: GivenType | None = Field(None, description="its type, whatever its values: those of another are rejected")
    precision: int | None = Field(None, ge=1, le=MAX_PRECISION, description="of a decimal; else the file decides")
    scale: int | None = Field(None, ge=0, le=MAX_PRECISION, description="of a decimal; else the file decides")
    required: bool | None = Field(None, description="never null")
    unique: bool | None = Field(None, description="no two records share a value")


class ColumnChoice(Constraints, _ChosenFirst):
    """The options of a column, given before its file is read. Members left out are inferred, or the dataset's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    references: str | None = Field(None, description="the dataset whose keys this column references")
    description: str | None = Field(None, max_length=2000)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.omit and self.members:
            raise ValueError(f"`omit` and `{next(iter(self.members))}` do not go together")
        if self.name in SYSTEM_COLUMNS:
            raise ValueError(f"'{self.name}' is a name that PostgreSQL keeps for itself")
        if self.date_format is not None and not is_date_format(self.date_format):
            raise ValueError(f"'{self.date_format}' is no date format; write YYYY, MM or MON, and DD, as DD/MM/YYYY")
        if (self.precision is None) != (self.scale is None):
            raise ValueError("give both `precision` and `scale`, as 12 and 2, or none")
        if self.type is None and self.precision is not None:
            raise ValueError("`precision` and `scale` belong to decimal: give it as `type`")
        if self.type is not None:
            self._check_members()
        return self

    def _check_members(self) -> None:
        room = ROOM if self.type == "decimal" and self.precision is None else {}
        try:
            Column.model_validate({"name": "a", **room, **self.members})
        except ValidationError as error:
            raise ValueError(first_mistake(error)) from None

    @property
    def members(self) -> dict[str, Any]:
        """The given members of the column."""
        return {
            name: value
            for name, value in self.model_dump(exclude=set(NOT_OF_COLUMNS), exclude_none=True).items()
            if value is not False or name == "accounting"
        }

    @property
    def conventions(self) -> dict[str, Any]:
        """The formats of the column's values in the file."""
        return {name: value for name, value in self.members.items() if name in Conventions.model_fields}

    @property
    def document(self) -> dict[str, Any]:
        """The choice as JSON, with what was said alone."""
        return self.model_dump(mode="json", exclude_none=True, exclude_unset=True)


def first_mistake(error: ValidationError) -> str:
    """The first mistake in the members of a column."""
    found = misfits_of_members(error)[0]
    return f"`{found.path[0]}`: {found.message}" if found.path else found.message


def check_choices(choices: Sequence[ColumnChoice]) -> None:
    """Raise ValueError if two choices have one label, or give two columns one name."""
    for what, values in (
        ("are of the column", [choice.label for choice in choices]),
        ("call a column", [choice.name for choice in choices if choice.name]),
    ):
        repeated = next((value for value in values if values.count(value) > 1), None)
        if repeated is not None:
            raise ValueError(f"two choices {what} '{repeated}'")
