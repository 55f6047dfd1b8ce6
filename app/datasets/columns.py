"""Columns and their types: one table that says what each type is in PostgreSQL, in JSON and as text.

Pure: no I/O, no framework but pydantic for the shapes. Adding a type is adding one entry to `TYPES`.
"""

import json
import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.json_text import parse_json, write_json
from app.datasets.patterns import matcher

MAX_NAME_LENGTH = 63
NAME_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
MAX_SAFE_INTEGER = 2**53 - 1
MAX_BIGINT = 2**63 - 1
MAX_PRECISION = 1000
# PostgreSQL gives each table columns of these names.
SYSTEM_COLUMNS = frozenset({"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"})
# The key of a dataset whose columns have none: numbered in the order of the file.
ROW_ID = "_id"

TypeName = Literal[
    "text", "integer", "bigint", "number", "decimal", "boolean", "date", "datetime", "uuid", "json", "image"
]


def is_name(name: str) -> bool:
    """Whether `name` may name a dataset or a column: a letter, then letters, digits and single underscores."""
    return re.fullmatch(NAME_PATTERN, name) is not None and "__" not in name


def legal_name(text: str) -> str:
    """The legal name that is nearest to a text: `Unit price (€)` is `unit_price`; empty where nothing can be kept."""
    written_out = text.translate({ord("ß"): "ss", ord("ø"): "o", ord("Ø"): "O"})
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


class Column(BaseModel):
    """A column of a dataset: its name, its type and what its values must fulfil."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    type: TypeName
    precision: int | None = Field(None, ge=1, le=MAX_PRECISION, description="digits in all; decimal only")
    scale: int | None = Field(None, ge=0, le=MAX_PRECISION, description="digits behind the point; decimal only")
    required: bool = Field(False, description="never null")
    unique: bool = Field(False, description="no two records share a value")
    min: int | float | str | None = Field(None, description="the least value")
    max: int | float | str | None = Field(None, description="the greatest value")
    max_length: int | None = Field(None, ge=1, description="the most characters of a text")
    pattern: str | None = Field(None, max_length=500, description="a regular expression that the whole text fits (RE2)")
    one_of: list[str | int | float | bool] | None = Field(None, min_length=1, max_length=1000)
    references: str | None = Field(None, description="the dataset whose key the values are")
    date_format: str | None = Field(
        None, max_length=40, description="how files write it, as DD/MM/YYYY; JSON never does"
    )
    label: str | None = Field(None, description="the column's header in the file")
    description: str | None = Field(None, max_length=2000)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.name in SYSTEM_COLUMNS:
            raise ValueError(f"'{self.name}' is a name that PostgreSQL keeps for itself")
        self._check_decimal()
        self._check_constraints()
        return self

    def _check_decimal(self) -> None:
        if self.type == "decimal":
            if self.precision is None or self.scale is None:
                raise ValueError("a decimal needs `precision` and `scale`, as 12 and 2")
            if self.scale > self.precision:
                raise ValueError(f"scale {self.scale} is more than precision {self.precision}")
        elif self.precision is not None or self.scale is not None:
            raise ValueError(f"`precision` and `scale` belong to decimal, not to {self.type}")

    def _check_constraints(self) -> None:
        kind = TYPES[self.type]
        for name in ("min", "max"):
            value = getattr(self, name)
            if value is not None and not kind.ordered:
                raise ValueError(f"`{name}` does not go with {self.type}")
            if value is not None:
                self.parse_bound(value)
        for name in ("max_length", "pattern"):
            if getattr(self, name) is not None and self.type != "text":
                raise ValueError(f"`{name}` goes with text, not with {self.type}")
        if self.one_of is not None and self.type == "json":
            raise ValueError("`one_of` does not go with json")
        for value in self.one_of or ():
            self.parse_bound(value)
        if self.pattern is not None:
            try:
                matcher(self.pattern)
            except ValueError as error:
                raise ValueError(f"`pattern` is not a regular expression of RE2: {error}") from None

    @property
    def kind(self) -> "ColumnType":
        return TYPES[self.type]

    @property
    def sql_type(self) -> str:
        """The type in PostgreSQL, as `numeric(12,2)`."""
        return f"numeric({self.precision},{self.scale})" if self.type == "decimal" else self.kind.sql

    def parse(self, text: str) -> Any:
        """The value that `text` stands for, as asyncpg takes it.

        Raises:
            ValueError: it is not a value of this type; the message says what one looks like.
        """
        value = self.parse_comparable(text)
        if self.type == "decimal" and not fits_decimal(value, self.precision or 0, self.scale or 0):
            raise ValueError(f"'{text[:200]}' does not fit decimal({self.precision},{self.scale})")
        return value

    def parse_bound(self, value: str | float) -> Any:
        """A value of a constraint, written as in JSON, as `parse` gives it.

        Raises:
            ValueError: it is not a value of this type, or no number that others can be compared with.
        """
        parsed = self.parse(_as_json(value))
        if isinstance(parsed, float) and not math.isfinite(parsed):
            raise ValueError(f"no value can be compared with {value}")
        return parsed

    def parse_comparable(self, text: str) -> Any:
        """As `parse`, for a value that is only compared with the column's: a decimal may have any digits.

        Raises:
            ValueError: it is not a value of this type.
        """
        try:
            return self.kind.parse(text)
        except (ValueError, InvalidOperation, OverflowError):
            raise ValueError(f"'{text[:200]}' is not {self.kind.article} ({self.kind.example})") from None

    @cached_property
    def allowed_texts(self) -> list[str]:
        """The values of `one_of` as texts, each in the one way that all ways of writing it have in common."""
        return [canonical_text(self.parse_bound(value)) for value in self.one_of or ()]


def _as_json(value: str | float) -> str:
    return value if isinstance(value, str) else json.dumps(value)


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


def fits_decimal(value: Decimal, precision: int, scale: int) -> bool:
    """Whether a decimal is held exactly by decimal(precision, scale)."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return -exponent <= scale and (value == 0 or value.adjusted() < precision - scale)


EQUALITY = ("eq", "ne", "in", "nin", "isnull")
ORDER = ("gt", "gte", "lt", "lte", "between")
COUNTS = ("count", "count_distinct")
EXTREMES = ("min", "max")
ARITHMETIC = ("sum", "avg")


@dataclass(frozen=True)
class ColumnType:
    """What a type is: its name in PostgreSQL, its JSON, and how a text becomes a value of it."""

    sql: str
    article: str
    example: str
    schema: dict[str, Any]
    parse: Callable[[str], Any]
    # The SQL expression of a value as JSON shows it; {} is the column.
    json_sql: str = "{}"
    ordered: bool = True
    can_be_key: bool = True
    can_be_sorted: bool = True
    # What a query may ask of the type: names from operators.OPERATORS and from aggregates.FUNCTIONS.
    operators: tuple[str, ...] = EQUALITY + ORDER
    aggregates: tuple[str, ...] = COUNTS + EXTREMES


def _parse_text(text: str) -> str:
    if "\0" in text:
        raise ValueError
    text.encode()
    return text


def _parse_integer(text: str, least: int, most: int) -> int:
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,18})", text) is None:
        raise ValueError
    value = int(text)
    if not least <= value <= most:
        raise ValueError
    return value


def _parse_number(text: str) -> float:
    if text in ("NaN", "Infinity", "-Infinity"):
        return float(text)
    if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?", text) is None:
        raise ValueError
    value = float(text)
    if math.isinf(value):
        raise ValueError
    return value


def _parse_decimal(text: str) -> Decimal:
    if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", text) is None:
        raise ValueError
    return Decimal(text)


def _parse_boolean(text: str) -> bool:
    return {"true": True, "false": False}[text] if text in ("true", "false") else _refuse()


def _refuse() -> bool:
    raise ValueError


def _parse_date(text: str) -> date:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
        raise ValueError
    return date.fromisoformat(text)


def _parse_datetime(text: str) -> datetime:
    if _DATETIME.fullmatch(text) is None:
        raise ValueError
    value = datetime.fromisoformat(text.upper())
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"([Zz]|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?"
)


def _parse_uuid(text: str) -> UUID:
    if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is None:
        raise ValueError
    return UUID(text)


def _parse_json(text: str) -> str:
    # What can be written again can be stored.
    write_json(parse_json(text))
    return text


_DATETIME_JSON = """to_char({}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""

TYPES: dict[str, ColumnType] = {
    "text": ColumnType(
        "text",
        "a text",
        "any characters but NUL",
        {"type": "string"},
        _parse_text,
        operators=(*EQUALITY, *ORDER, "contains", "startswith", "like", "ilike"),
    ),
    "integer": ColumnType(
        "bigint",
        "an integer",
        "as 42, from -9007199254740991 to 9007199254740991, without leading zeros",
        {"type": "integer", "minimum": -MAX_SAFE_INTEGER, "maximum": MAX_SAFE_INTEGER},
        lambda text: _parse_integer(text, -MAX_SAFE_INTEGER, MAX_SAFE_INTEGER),
        aggregates=COUNTS + EXTREMES + ARITHMETIC,
    ),
    "bigint": ColumnType(
        "bigint",
        "a 64-bit integer",
        "as 9007199254740993, without leading zeros",
        {"type": "string", "format": "int64", "pattern": "^-?(0|[1-9][0-9]{0,18})$"},
        lambda text: _parse_integer(text, -MAX_BIGINT - 1, MAX_BIGINT),
        json_sql="{}::text",
        aggregates=COUNTS + EXTREMES + ARITHMETIC,
    ),
    "number": ColumnType(
        "double precision",
        "a number",
        "as 1.5 or 1e-3",
        {"type": "number"},
        _parse_number,
        aggregates=COUNTS + EXTREMES + ARITHMETIC,
    ),
    "decimal": ColumnType(
        "numeric",
        "a decimal",
        "as 0.10",
        {"type": "string", "format": "decimal"},
        _parse_decimal,
        json_sql="{}::text",
        aggregates=COUNTS + EXTREMES + ARITHMETIC,
    ),
    "boolean": ColumnType(
        "boolean",
        "a boolean",
        "true or false",
        {"type": "boolean"},
        _parse_boolean,
        ordered=False,
        can_be_key=False,
        operators=("eq", "ne", "isnull"),
        aggregates=COUNTS,
    ),
    "date": ColumnType("date", "a date", "as 2026-01-31", {"type": "string", "format": "date"}, _parse_date),
    "datetime": ColumnType(
        "timestamptz",
        "a date and time",
        "as 2026-01-31T12:00:00Z",
        {"type": "string", "format": "date-time"},
        _parse_datetime,
        json_sql=_DATETIME_JSON,
    ),
    "uuid": ColumnType(
        "uuid",
        "a UUID",
        "as 01234567-89ab-cdef-0123-456789abcdef",
        {"type": "string", "format": "uuid"},
        _parse_uuid,
        aggregates=COUNTS,
    ),
    "json": ColumnType(
        "jsonb",
        "a JSON value",
        'as {"a": 1}',
        {},
        _parse_json,
        ordered=False,
        can_be_key=False,
        can_be_sorted=False,
        operators=("isnull", "contains"),
        aggregates=("count",),
    ),
    "image": ColumnType(
        "text",
        "an image's id",
        "from POST /images",
        {"type": "string"},
        _parse_text,
        ordered=False,
        can_be_key=False,
        can_be_sorted=False,
        operators=EQUALITY,
        aggregates=COUNTS,
    ),
}
