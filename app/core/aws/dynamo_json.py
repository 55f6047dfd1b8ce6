"""Values as DynamoDB's JSON has them, read and written by orjson. Pure.

An item is attributes by name, each an object of one member that is named for its kind: `{"S": "text"}`, `{"N": "1.5"}`.
"""

from base64 import b64decode, b64encode
from decimal import Decimal
from typing import Any

import orjson

# With the names of its attributes.
MAX_ITEM_BYTES = 400 * 1024

Item = dict[str, Any]
Attributes = dict[str, Any]


def write_request(arguments: dict[str, Any]) -> bytes:
    """The body of a request with these arguments."""
    return orjson.dumps(arguments, default=_write_bytes)


def read_response(body: bytes) -> dict[str, Any]:
    """The values in an answer; binary values stay base64, as they are sent."""
    answer: dict[str, Any] = orjson.loads(body)
    return answer


def _write_bytes(value: Any) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"a request has no {type(value).__name__}")


def to_attributes(item: Item) -> Attributes:
    """An item as DynamoDB's interface has it.

    Raises:
        TypeError: a value is of a type that DynamoDB does not have; floats are, they would not stay what they are.
    """
    return {name: _to_attribute(value) for name, value in item.items()}


def from_attributes(attributes: Attributes) -> Item:
    """The item that DynamoDB's interface shows so; its whole numbers are int, its other numbers Decimal."""
    return {name: _from_attribute(attribute) for name, attribute in attributes.items()}


def _to_attribute(value: Any) -> Attributes:
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | Decimal):
        return {"N": str(value)}
    if isinstance(value, dict):
        return {"M": to_attributes(value)}
    if isinstance(value, list):
        return {"L": [_to_attribute(item) for item in value]}
    if isinstance(value, str | bytes):
        return {"S" if isinstance(value, str) else "B": value}
    raise TypeError(f"DynamoDB has no {type(value).__name__}")


def _from_attribute(attribute: Attributes) -> Any:
    ((kind, value),) = attribute.items()
    if kind == "NULL":
        return None
    if kind == "N":
        number = Decimal(value)
        return int(number) if number == number.to_integral_value() else number
    if kind == "M":
        return from_attributes(value)
    if kind == "B":
        return value if isinstance(value, bytes) else b64decode(value)
    return [_from_attribute(item) for item in value] if kind == "L" else value
