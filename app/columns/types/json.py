"""JSON documents, held as their text. Pure."""

import json
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, ClassVar

from app.columns.types.base import ColumnType, Schema
from app.core.aws.dynamo_json import Attributes
from app.core.strict_json import parse_json, parse_stored, write_json


class JsonType(ColumnType[str]):
    """JSON documents; a value is the text of one."""

    name = "json"
    sql = "jsonb"
    article = "a JSON value"
    example = 'as {"a": 1}'
    schema: ClassVar[Schema] = {}
    is_document = True
    ordered = False
    can_be_key = False
    can_be_sorted = False
    operators = ("isnull", "contains")
    aggregates = ("count",)

    def read(self, text: str) -> str:
        # What can be written again can be stored.
        write_json(parse_json(text))
        return text

    def read_json(self, value: Any) -> str:
        return write_json(value)

    def show(self, value: str) -> str:
        # As it is given here: as `write_document` has made it.
        return value

    def read_attribute(self, attribute: Attributes) -> str | None:
        return attribute.get("S")

    @staticmethod
    def restore(text: str) -> str:
        return text


def write_document(text: str) -> str:
    """A JSON document as PostgreSQL keeps it: members by the length and bytes of their names, numbers in full.

    The text is known to be one.
    """
    return _write_document(parse_stored(text))


def _write_document(value: Any) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        members = (f"{encode_basestring(name)}: {_write_document(value[name])}" for name in names)
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_write_document, value))}]"
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, Decimal):
        return f"{abs(value) if value == 0 else value:f}"
    return json.dumps(value)
