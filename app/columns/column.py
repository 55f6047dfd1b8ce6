"""Columns: what a dataset says of each, and what its values must fulfil.

Pure: no I/O, no framework but pydantic for the shapes.
"""

import re
import unicodedata
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.columns.constraints import CONSTRAINTS, Constraints
from app.columns.conventions import OF_NUMBERS, Conventions
from app.columns.type_names import check_type_name
from app.columns.types.base import ColumnType
from app.columns.types.registry import TYPES, TypeName

MAX_NAME_LENGTH = 63
NAME_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
MAX_PRECISION = 1000
# PostgreSQL gives each table columns of these names.
SYSTEM_COLUMNS = frozenset({"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"})
# The key of a dataset whose columns have none: numbered in the order of the file.
ROW_ID = "_id"
# Latin letters that are not other letters with an accent.
WRITTEN_OUT = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "Æ": "AE", "œ": "oe"}
    | {"Œ": "OE", "þ": "th", "Þ": "TH", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T"}
)

# As bodies name one.
GivenType = Annotated[TypeName, BeforeValidator(check_type_name)]

NUMERIC = tuple(name for name, kind in TYPES.items() if kind.is_number)


def is_name(name: str) -> bool:
    """Return whether `name` may name a dataset or a column: a letter, then letters, digits and single underscores."""
    return re.fullmatch(NAME_PATTERN, name) is not None and "__" not in name


def legal_name(text: str) -> str:
    """The legal name that is nearest to a text: `Unit price (€)` is `unit_price`; empty if nothing can be kept."""
    written_out = text.translate(WRITTEN_OUT)
    plain = unicodedata.normalize("NFKD", written_out).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return (f"n_{name}" if name[:1].isdigit() else name)[:MAX_NAME_LENGTH].rstrip("_")


def _check_name(name: str) -> str:
    if not is_name(name):
        raise PydanticCustomError(
            "illegal_name",
            "'{name}' is not a legal name",
            {
                "name": name[:200],
                "hint": "A name is a small letter, then small letters, digits and single underscores, 63 at most: "
                f"'{legal_name(name) or 'data'}' would do.",
            },
        )
    return name


Name = Annotated[
    str,
    AfterValidator(_check_name),
    Field(json_schema_extra={"pattern": "^[a-z](_?[a-z0-9])*_?$", "maxLength": MAX_NAME_LENGTH}, examples=["price"]),
]


class _Typed(BaseModel):
    """The members that a column shows first."""

    name: Name
    type: GivenType


class _Sized(BaseModel):
    """The members of a column after its conventions."""

    precision: int | None = Field(None, ge=1, le=MAX_PRECISION, description="total digits; decimal only")
    scale: int | None = Field(None, ge=0, le=MAX_PRECISION, description="digits after the decimal point; decimal only")
    required: bool = Field(False, description="never null")
    unique: bool = Field(False, description="no two records share a value")


class Column(Constraints, _Sized, Conventions, _Typed):
    """A column of a dataset: its name, its type, what its values must fulfil and how files write them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    references: str | None = Field(None, description="the dataset whose keys this column references")
    label: str | None = Field(None, description="the column's header in the file")
    description: str | None = Field(None, max_length=2000)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.name in SYSTEM_COLUMNS:
            raise ValueError(f"'{self.name}' is a name that PostgreSQL keeps for itself")
        kind = self.kind
        self._check_constraints(kind)
        self._check_conventions(kind)
        return self

    def _check_constraints(self, kind: ColumnType[Any]) -> None:
        for code in Constraints.model_fields:
            bound = getattr(self, code)
            if bound is not None:
                CONSTRAINTS[code].check_bound(kind, bound)

    def _check_conventions(self, kind: ColumnType[Any]) -> None:
        for name in OF_NUMBERS:
            if getattr(self, name) is not None and not kind.is_number:
                raise ValueError(f"`{name}` goes with numbers, not with {self.type}")
        if self.booleans is not None and "booleans" not in kind.members:
            raise ValueError(f"`booleans` goes with boolean, not with {self.type}")
        if self.thousands_separator is not None and self.thousands_separator == (self.decimal_separator or "."):
            raise ValueError(
                "`decimal_separator` and `thousands_separator` are the same; give both where one is unusual"
            )

    @cached_property
    def kind(self) -> ColumnType[Any]:
        """Its type, with the digits that the column declares."""
        return TYPES[self.type].sized(self.precision, self.scale)

    @property
    def sql_type(self) -> str:
        """The type in PostgreSQL, as `numeric(12,2)`."""
        return self.kind.sized_sql

    def parse(self, text: str) -> Any:
        """The value that `text` stands for, as asyncpg takes it.

        Raises:
            ValueError: it is not a value of this type; the message says what one looks like.
        """
        return self.kind.parse(text)

    def parse_bound(self, value: str | float) -> Any:
        """A value of a constraint, written as in JSON, as `parse` gives it.

        Raises:
            ValueError: it is not a value of this type, or no number that others can be compared with.
        """
        return self.kind.parse_bound(value)

    def parse_comparable(self, text: str) -> Any:
        """As `parse`, for a value that is only compared with the column's: a decimal may have any digits.

        Raises:
            ValueError: it is not a value of this type.
        """
        return self.kind.parse_comparable(text)

    def show(self, value: Any) -> str:
        """The JSON text of a value as `parse` gives it, null for None."""
        return "null" if value is None else self.kind.show(value)

    @cached_property
    def allowed_texts(self) -> list[str]:
        """The values of `one_of` as texts, each in the one way that all ways of writing it have in common."""
        return [canonical_text(self.parse_bound(value)) for value in self.one_of or ()]


def canonical_text(value: Any) -> str:
    """A value, as `parse` gives it, as the one text that all ways of writing it have in common."""
    if isinstance(value, Decimal):
        digits = f"{value:f}"
        value = digits.rstrip("0").rstrip(".") if "." in digits else digits
    written = str(value).lower() if isinstance(value, bool) else str(value)
    return written.removeprefix("-") if written in ("-0", "-0.0") else written


def row_id_column() -> Column:
    """The column that stands for the key of a dataset without one."""
    return Column.model_construct(
        name=ROW_ID, type="integer", required=True, unique=True, description="Numbers the records in the file's order."
    )
