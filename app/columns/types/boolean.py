"""Booleans. Pure."""

from typing import Any, ClassVar

from app.columns.types.base import COUNTS, ColumnType, Schema, Shown
from app.core.aws.dynamo_json import Attributes


class BooleanType(ColumnType[bool]):
    """True and false."""

    name = "boolean"
    sql = "boolean"
    article = "a boolean"
    example = "true or false"
    schema: ClassVar[Schema] = {"type": "boolean"}
    cell_sql = "{}::text"
    members = ("booleans",)
    ordered = False
    can_be_key = False
    operators = ("eq", "ne", "isnull")
    aggregates = COUNTS

    def read(self, text: str) -> bool:
        if text not in ("true", "false"):
            raise ValueError
        return text == "true"

    def read_json(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value

    def show(self, value: bool) -> str:
        return "true" if value else "false"

    def decode(self, value: bool) -> Shown:
        return value

    def write_attribute(self, value: bool) -> Attributes:
        return {"BOOL": value}

    def read_attribute(self, attribute: Attributes) -> bool | None:
        return attribute.get("BOOL")

    @staticmethod
    def restore(text: str) -> bool:
        return text == "true"
