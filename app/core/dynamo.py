"""The DynamoDB table: items as Python values, writes under named conditions, failures as facts.

An item is a dict with the table's key, `pk` and `sk`; `expires_at`, in seconds since 1970, is when DynamoDB may delete
it, up to two days late: whoever reads filters by it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from app.core.aws import client
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings

Item = dict[str, Any]
Attributes = dict[str, Any]

THROTTLED = ("ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException")


@dataclass(frozen=True)
class Condition:
    """What must hold of the stored item for a write to happen: `#name` in the text is an attribute, `:name` a value."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)


class ConditionNotMet(Exception):
    """The stored item does not fulfil the condition of a write, which did not happen."""


async def put_item(item: Item, condition: Condition | None = None) -> None:
    """Store an item in place of the one with its key.

    Raises:
        ConditionNotMet: the one that is there, or its absence, does not fulfil the condition.
        ServiceUnavailable: the table does not answer.
    """
    await _call("put_item", Item=to_attributes(item), **_conditional(condition))


async def delete_item(pk: str, sk: str, condition: Condition | None = None) -> None:
    """Delete an item; one that is not there is deleted already.

    Raises:
        ConditionNotMet: it does not fulfil the condition.
        ServiceUnavailable: the table does not answer.
    """
    await _call("delete_item", Key=to_attributes({"pk": pk, "sk": sk}), **_conditional(condition))


async def list_items(pk: str) -> list[Item]:
    """Every item of a partition as it is now, in the order of `sk`.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    asked: dict[str, Any] = {
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": to_attributes({":pk": pk}),
        "ConsistentRead": True,
    }
    found: list[Item] = []
    while True:
        page = await _call("query", **asked)
        found += [from_attributes(attributes) for attributes in page["Items"]]
        if "LastEvaluatedKey" not in page:
            return found
        asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]


async def check_table() -> None:
    """Raise a botocore error when the table cannot be reached."""
    dynamodb = await client("dynamodb")
    await dynamodb.describe_table(TableName=get_settings().table)


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
    return [_from_attribute(item) for item in value] if kind == "L" else value


def _conditional(condition: Condition | None) -> dict[str, Any]:
    if condition is None:
        return {}
    # Names are replaced throughout: DynamoDB keeps some hundred words for itself.
    names = {f"#{name}": name for name in re.findall(r"#(\w+)", condition.text)}
    values = to_attributes({f":{name}": value for name, value in condition.values.items()})
    return {
        "ConditionExpression": condition.text,
        "ExpressionAttributeNames": names,
        **({"ExpressionAttributeValues": values} if values else {}),
    }


async def _call(operation: str, **arguments: Any) -> Any:
    dynamodb = await client("dynamodb")
    try:
        return await getattr(dynamodb, operation)(TableName=get_settings().table, **arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ConditionalCheckFailedException":
            raise ConditionNotMet from None
        if code in THROTTLED or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            raise ServiceUnavailable("The table cannot take the request now.") from error
        raise
    except (BotoCoreError, OSError) as error:
        raise ServiceUnavailable("The table cannot be reached.") from error
