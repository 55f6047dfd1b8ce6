"""The list of the types of columns, which everything else reads. Pure.

A type that is added gets its class in a file of this folder, its name and an instance here, and its row in
`imports/values/cell_types.py`, which reads it from files.
"""

from typing import Any, Literal

from app.columns.types.base import ColumnType
from app.columns.types.boolean import BooleanType
from app.columns.types.dates import DatetimeType, DateType
from app.columns.types.image import ImageType
from app.columns.types.json import JsonType
from app.columns.types.numbers import BigintType, DecimalType, IntegerType, NumberType
from app.columns.types.text import TextType
from app.columns.types.uuid import UuidType

TypeName = Literal[
    "text", "integer", "bigint", "number", "decimal", "boolean", "date", "datetime", "uuid", "json", "image"
]

_ALL: tuple[ColumnType[Any], ...] = (
    TextType(),
    IntegerType(),
    BigintType(),
    NumberType(),
    DecimalType(),
    BooleanType(),
    DateType(),
    DatetimeType(),
    UuidType(),
    JsonType(),
    ImageType(),
)
TYPES = {kind.name: kind for kind in _ALL}
