"""A record as an item of the key-value store, and back. Pure.

`record` is a map of the values by their column: in DynamoDB's own kinds if they are exact in these, else as texts.
`etag` is the digest of the record's JSON, with the ids of its images, when it was written; `import`, if a file brought
it, is the import's id.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from app.columns.column import Column
from app.columns.types.json import write_document
from app.core.aws.dynamo_json import MAX_ITEM_BYTES, Attributes
from app.datasets.schema import MAX_SCHEMAS, DatasetSchema
from app.records.documents import Values
from app.records.etag import digest_of
from app.records.keyvalue.sort_key import item_key

# The size of an item in addition to the JSON of its record: its key, its other attributes, the kind of each value.
OVERHEAD_BYTES, VALUE_OVERHEAD_BYTES = 4096, 24
NULL: Attributes = {"NULL": True}


class RecordTooLarge(ValueError):
    """A record has more bytes than an item can have."""


@dataclass(frozen=True)
class Stored:
    """A record of the key-value store: its values, and the digest that its item has."""

    values: Values
    digest: str


def item_of(schema: DatasetSchema, values: Values, import_id: str | None = None) -> tuple[Attributes, str]:
    """The item of a record, and its JSON text with the ids of its images.

    Raises:
        KeyTooLong, RecordTooLarge: DynamoDB cannot hold it.
    """
    assert schema.generation is not None
    pk, sk = item_key(schema.generation, schema.key, [values[column.name] for column in schema.key])
    text = show_record(schema.columns, values)
    if len(text) * 4 > MAX_ITEM_BYTES - OVERHEAD_BYTES:
        _check_size(schema.columns, text)
    record = {column.name: write_attribute(column, values[column.name]) for column in schema.columns}
    item = {"pk": {"S": pk}, "sk": {"S": sk}, "record": {"M": record}, "etag": {"S": digest_of(text)}}
    return (item if import_id is None else item | {"import": {"S": import_id}}), text


def _check_size(columns: Sequence[Column], text: str) -> None:
    size = len(text.encode()) + OVERHEAD_BYTES + VALUE_OVERHEAD_BYTES * len(columns)
    if size > MAX_ITEM_BYTES:
        raise RecordTooLarge(
            f"a record has {MAX_ITEM_BYTES // 1024} KB at most in the key-value store, and this one some {size:,} bytes"
        )


def record_of(schema: DatasetSchema, item: Attributes) -> Stored:
    """The record that an item holds; a column that was added after it was written has no value."""
    record = item["record"]["M"]
    values = {name: read(record.get(name, NULL)) for name, read in _readers(schema)}
    return Stored(values, item["etag"]["S"])


@lru_cache(MAX_SCHEMAS)
def _readers(schema: DatasetSchema) -> list[tuple[str, Callable[[Attributes], Any]]]:
    return [(column.name, column.kind.read_attribute) for column in schema.columns]


def show_record(columns: Sequence[Column], values: Values, images: Mapping[str, str] | None = None) -> str:
    """The JSON text of some columns of a record; with the texts of `images` as reads show it, else with their ids."""
    members = []
    # Each value's type is asked directly: a page has thousands of values.
    for column in columns:
        name = column.name
        value = values[name]
        if images is not None and column.kind.is_image:
            text = images.get(value, "null")
        else:
            text = "null" if value is None else column.kind.show(value)
        members.append(f"{encode_basestring(name)}:{text}")
    return f"{{{','.join(members)}}}"


def settle_documents(columns: Sequence[Column], values: Values) -> Values:
    """Values with their JSON documents as they are kept, and shown."""
    documents = [c.name for c in columns if c.kind.is_document and values.get(c.name) is not None]
    return values | {name: write_document(values[name]) for name in documents} if documents else values


def write_attribute(column: Column, value: Any) -> Attributes:
    """A value, as `Column.parse` gives it, as an attribute."""
    return NULL if value is None else column.kind.write_attribute(value)
