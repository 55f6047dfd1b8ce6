"""A record as an item of the key-value store, and back. Pure.

`record` is a map of the values by their column: as DynamoDB's own kinds where they are exact in these, else as texts.
`etag` is the digest of the record's JSON when it was written; `import`, where a file brought it, the import's id.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any
from uuid import UUID

from app.columns.column import Column
from app.columns.json_output import show_value, write_datetime, write_decimal, write_document
from app.core.aws.dynamo_json import MAX_ITEM_BYTES, Attributes
from app.datasets.schema import KEPT_SHAPES, Shape
from app.records.documents import Values
from app.records.etag import digest_of
from app.records.keyvalue.sort_key import item_key

# DynamoDB's numbers have 38 digits and this magnitude.
MOST_DIGITS = 38
LEAST_NUMBER, MOST_NUMBER = 1e-130, 1e126
# What an item can take beside the JSON of its record: its key, its other attributes, what each value is marked with.
OVERHEAD_BYTES, VALUE_OVERHEAD_BYTES = 4096, 24
NULL: Attributes = {"NULL": True}


class RecordTooLarge(ValueError):
    """A record has more bytes than an item can have."""


@dataclass(frozen=True)
class Stored:
    """A record of the key-value store: its values, and the digest that its item has."""

    values: Values
    digest: str


def item_of(shape: Shape, values: Values, import_id: str | None = None) -> tuple[Attributes, str]:
    """The item of a record, and the JSON text that shows it.

    Raises:
        KeyTooLong, RecordTooLarge: DynamoDB cannot hold it.
    """
    assert shape.generation is not None
    pk, sk = item_key(shape.generation, shape.key, [values[column.name] for column in shape.key])
    text = show_record(shape.columns, values)
    if len(text) * 4 > MAX_ITEM_BYTES - OVERHEAD_BYTES:
        _check_size(shape.columns, text)
    record = {column.name: write_attribute(column, values[column.name]) for column in shape.columns}
    item = {"pk": {"S": pk}, "sk": {"S": sk}, "record": {"M": record}, "etag": {"S": digest_of(text)}}
    return (item if import_id is None else item | {"import": {"S": import_id}}), text


def _check_size(columns: Sequence[Column], text: str) -> None:
    size = len(text.encode()) + OVERHEAD_BYTES + VALUE_OVERHEAD_BYTES * len(columns)
    if size > MAX_ITEM_BYTES:
        raise RecordTooLarge(
            f"a record has {MAX_ITEM_BYTES // 1024} KB at most in the key-value store, and this one some {size:,} bytes"
        )


def record_of(shape: Shape, item: Attributes) -> Stored:
    """The record that an item holds; a column that was added after it was written has no value."""
    record = item["record"]["M"]
    values = {name: read(record.get(name, NULL)) for name, read in _readers(shape)}
    return Stored(values, item["etag"]["S"])


@lru_cache(KEPT_SHAPES)
def _readers(shape: Shape) -> list[tuple[str, Callable[[Attributes], Any]]]:
    return [(column.name, CODECS[column.type].read) for column in shape.columns]


def show_record(columns: Sequence[Column], values: Values) -> str:
    """The JSON text of some columns of a record."""
    members = [f"{encode_basestring(column.name)}:{show_value(column, values[column.name])}" for column in columns]
    return f"{{{','.join(members)}}}"


def settle_documents(columns: Sequence[Column], values: Values) -> Values:
    """Values with their JSON documents as they are kept, and shown."""
    documents = [c.name for c in columns if c.type == "json" and values.get(c.name) is not None]
    return values | {name: write_document(values[name]) for name in documents} if documents else values


def write_attribute(column: Column, value: Any) -> Attributes:
    """A value, as `Column.parse` gives it, as an attribute."""
    return NULL if value is None else CODECS[column.type].write(value, column)


@dataclass(frozen=True)
class Codec:
    """How values of a type become attributes, and attributes values, of which one may be null."""

    write: Callable[[Any, Column], Attributes]
    read: Callable[[Attributes], Any]


def _write_text(value: str, _: Column) -> Attributes:
    return {"S": value}


def _read_text(attribute: Attributes) -> Any:
    return attribute.get("S")


def _read_as(parse: Callable[[str], Any]) -> Callable[[Attributes], Any]:
    """Reads values of which there is a text, whether they are kept as one or as a number."""

    def read(attribute: Attributes) -> Any:
        for kind, text in attribute.items():
            if kind != "NULL":
                return parse(text)
        return None

    return read


def _parse_integer(text: str) -> int:
    # DynamoDB may write a number otherwise than it was given.
    return int(text) if text.lstrip("-").isdecimal() else int(Decimal(text))


def _write_integer(value: int, _: Column) -> Attributes:
    return {"N": str(value)}


def _write_number(value: float, _: Column) -> Attributes:
    is_exact = LEAST_NUMBER <= abs(value) < MOST_NUMBER or (value == 0 and math.copysign(1, value) > 0)
    return {"N" if is_exact else "S": repr(value)}


def _write_decimal(value: Decimal, column: Column) -> Attributes:
    return {"N" if (column.precision or 0) <= MOST_DIGITS else "S": write_decimal(value, column)}


def _write_boolean(value: bool, _: Column) -> Attributes:
    return {"BOOL": value}


def _read_boolean(attribute: Attributes) -> Any:
    return attribute.get("BOOL")


def _write_date(value: date, _: Column) -> Attributes:
    return {"S": value.isoformat()}


def _write_datetime(value: datetime, _: Column) -> Attributes:
    return {"S": write_datetime(value)}


def _write_uuid(value: UUID, _: Column) -> Attributes:
    return {"S": str(value)}


_TEXT = Codec(_write_text, _read_text)
_INTEGER = Codec(_write_integer, _read_as(_parse_integer))

# A document's text is kept, so that all of its digits are.
CODECS: dict[str, Codec] = {
    "text": _TEXT,
    "integer": _INTEGER,
    "bigint": _INTEGER,
    "number": Codec(_write_number, _read_as(float)),
    "decimal": Codec(_write_decimal, _read_as(Decimal)),
    "boolean": Codec(_write_boolean, _read_boolean),
    "date": Codec(_write_date, _read_as(date.fromisoformat)),
    "datetime": Codec(_write_datetime, _read_as(datetime.fromisoformat)),
    "uuid": Codec(_write_uuid, _read_as(UUID)),
    "json": _TEXT,
    "image": _TEXT,
}
