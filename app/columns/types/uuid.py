"""UUIDs. Pure."""

import re
from typing import ClassVar
from uuid import UUID

from app.columns.types.base import COUNTS, ColumnType, Schema


class UuidType(ColumnType[UUID]):
    """UUIDs."""

    name = "uuid"
    sql = "uuid"
    restore = UUID
    article = "a UUID"
    example = "as 01234567-89ab-cdef-0123-456789abcdef"
    schema: ClassVar[Schema] = {"type": "string", "format": "uuid"}
    sample = "01234567-89ab-cdef-0123-456789abcdef"
    pattern = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    aggregates = COUNTS

    def read(self, text: str) -> UUID:
        if re.fullmatch(self.pattern, text) is None:
            raise ValueError
        return UUID(text)

    def show(self, value: UUID) -> str:
        return f'"{value}"'

    def sort_key(self, value: UUID) -> str:
        return str(value)
