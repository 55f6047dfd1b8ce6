"""Texts. Pure."""

from json.encoder import encode_basestring
from typing import Any, ClassVar

from app.columns.types.base import EQUALITY, ORDER, ColumnType, Schema, expect_text
from app.core.aws.dynamo_json import Attributes
from app.core.strict_json import is_storable_text


class TextType(ColumnType[str]):
    """Any text but one with NUL in it."""

    name = "text"
    sql = "text"
    article = "a text"
    example = "any characters but NUL"
    schema: ClassVar[Schema] = {"type": "string"}
    is_text = True
    operators: tuple[str, ...] = (*EQUALITY, *ORDER, "contains", "startswith", "like", "ilike")

    def read(self, text: str) -> str:
        if "\0" in text:
            raise ValueError
        # Half of a surrogate pair has no bytes.
        text.encode()
        return text

    def read_json(self, value: Any) -> str:
        if not is_storable_text(expect_text(value)):
            raise ValueError
        return str(value)

    def show(self, value: str) -> str:
        return encode_basestring(value)

    def write_attribute(self, value: str) -> Attributes:
        return {"S": value}

    def read_attribute(self, attribute: Attributes) -> str | None:
        return attribute.get("S")

    @staticmethod
    def restore(text: str) -> str:
        return text

    def sort_key(self, value: str) -> str:
        return value
