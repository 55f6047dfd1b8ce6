"""The DynamoDB table: items as Python values, writes under named conditions, failures as facts.

An item is a dict with the table's key, `pk` and `sk`; `expires_at`, in seconds since 1970, is when DynamoDB may delete
it, up to two days late: reads filter by it.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from app.core.aws.clients import client, has_client
from app.core.aws.dynamo_json import Attributes, Item, from_attributes, to_attributes
from app.core.dynamo.lookup import LookupFailed, look_up
from app.core.dynamo.requests import Cancelled, attempts, send
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings

# What one request may hold.
MAX_WRITTEN, MAX_READ, MAX_TOGETHER = 25, 100, 100
# Requests of `find_many` under way at a time.
LOOKUPS = 8


@dataclass(frozen=True)
class Condition:
    """A condition that the stored item must meet for a write to happen: `#name` in the text is an attribute, `:name` a
    value."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)


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
    await _call("delete_item", Key=_key(pk, sk), **_conditional(condition))


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


async def find_attributes(pk: str, sk: str, *, consistent: bool = True) -> Attributes | None:
    """An item as it is now, or, if `consistent` is false, as it was a moment ago; None if it does not exist.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    answer = await _call("get_item", Key=_key(pk, sk), ConsistentRead=consistent)
    found: Attributes | None = answer.get("Item")
    return found


async def find_item(pk: str, sk: str) -> Item | None:
    """An item as it is now, as Python values; None if it does not exist.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    found = await find_attributes(pk, sk)
    return None if found is None else from_attributes(found)


async def look_up_item(pk: str, sk: str) -> Item | None:
    """The same for callers that may need nothing else of the table: a process without a client creates none for it.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    if has_client("dynamodb"):
        return await find_item(pk, sk)
    asked = {"TableName": get_settings().table, "Key": _key(pk, sk), "ConsistentRead": True}
    try:
        found = (await look_up(asked)).get("Item")
    except LookupFailed:
        return await find_item(pk, sk)
    return None if found is None else from_attributes(found)


async def find_many(keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Attributes]:
    """The items with some different keys (pk, sk) as they are now, by their key; those that are not there are left out.

    Raises:
        ServiceUnavailable: the table does not answer, or not to all of it.
    """
    limit = asyncio.Semaphore(LOOKUPS)

    async def find(some: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Attributes]:
        async with limit:
            return await _find_batch(some)

    found: dict[tuple[str, str], Attributes] = {}
    batches = [keys[start : start + MAX_READ] for start in range(0, len(keys), MAX_READ)]
    for part in await asyncio.gather(*map(find, batches)):
        found |= part
    return found


async def _find_batch(keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Attributes]:
    table = get_settings().table
    found: dict[tuple[str, str], Attributes] = {}
    left = [_key(pk, sk) for pk, sk in keys]
    async for _ in attempts():
        answer = await send("batch_get_item", RequestItems={table: {"Keys": left, "ConsistentRead": True}})
        found |= {(item["pk"]["S"], item["sk"]["S"]): item for item in answer["Responses"].get(table, [])}
        left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        if not left:
            return found
    raise ServiceUnavailable("The table cannot accept the request now.")


@dataclass(frozen=True)
class Range:
    """A part of a partition in the order of `sk`: from `first` to `last`, both with it, or backwards."""

    pk: str
    first: str
    last: str
    backwards: bool = False


async def list_range(part: Range, limit: int, *, names: Sequence[str] = ()) -> list[Attributes]:
    """Up to `limit` items of a part as they are now.

    `names` are the attributes to read, all of them if empty.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    asked: dict[str, Any] = {
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": to_attributes({":pk": part.pk, ":first": part.first, ":last": part.last}),
        "ConsistentRead": True,
        "ScanIndexForward": not part.backwards,
    }
    if names:
        asked["ProjectionExpression"] = ", ".join(f"#{name}" for name in names)
        asked["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
    found: list[Attributes] = []
    while len(found) < limit:
        page = await _call("query", Limit=limit - len(found), **asked)
        found += page["Items"]
        if "LastEvaluatedKey" not in page:
            break
        asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    return found


@dataclass(frozen=True)
class Search:
    """The result of a search: whether an item was found, and how many were looked at."""

    is_found: bool
    looked_at: int


async def search_range(part: Range, condition: Condition, most: int) -> Search:
    """Look for an item of a part that meets a condition: no further than the first, or than `most` items.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    filtered = _conditional(condition)
    values = to_attributes({":pk": part.pk, ":first": part.first, ":last": part.last})
    asked: dict[str, Any] = {
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "FilterExpression": filtered["ConditionExpression"],
        "ExpressionAttributeNames": filtered["ExpressionAttributeNames"],
        "ExpressionAttributeValues": values | filtered.get("ExpressionAttributeValues", {}),
        "ConsistentRead": True,
        "Select": "COUNT",
    }
    looked_at = 0
    while looked_at < most:
        page = await _call("query", Limit=most - looked_at, **asked)
        looked_at += page["ScannedCount"]
        if page["Count"]:
            return Search(is_found=True, looked_at=looked_at)
        if "LastEvaluatedKey" not in page:
            break
        asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    return Search(is_found=False, looked_at=looked_at)


@dataclass(frozen=True)
class Put:
    """An item to store if the one with its key meets a condition."""

    item: Attributes
    condition: Condition | None = None

    def document(self) -> dict[str, Any]:
        return {"Put": {"Item": self.item, **_checked(self.condition)}}


@dataclass(frozen=True)
class Update:
    """Attributes of an item to set, or to remove if their value is None, if the item meets a condition."""

    pk: str
    sk: str
    changes: Mapping[str, Any]
    condition: Condition | None = None

    def document(self) -> dict[str, Any]:
        return {"Update": {"Key": _key(self.pk, self.sk), **_updating(self.changes, self.condition)}}


@dataclass(frozen=True)
class Delete:
    """An item to delete if it meets a condition."""

    pk: str
    sk: str
    condition: Condition | None = None

    def document(self) -> dict[str, Any]:
        return {"Delete": {"Key": _key(self.pk, self.sk), **_checked(self.condition)}}


@dataclass(frozen=True)
class Check:
    """An item of which a condition must hold, and that stays as it is."""

    pk: str
    sk: str
    condition: Condition

    def document(self) -> dict[str, Any]:
        return {"ConditionCheck": {"Key": _key(self.pk, self.sk), **_checked(self.condition)}}


class NotWritten(Exception):
    """Conditions of a transaction were not met: the places of their actions, each with the item that was there."""

    def __init__(self, items: dict[int, Attributes | None]) -> None:
        super().__init__("not written")
        self.items = items


async def write_together(actions: Sequence[Put | Update | Delete | Check]) -> None:
    """Do all of some actions, MAX_TOGETHER at most and each on another item, or none of them.

    Raises:
        NotWritten: a condition is not met.
        ServiceUnavailable: the table does not answer, or others write the same items all the time.
    """
    table = get_settings().table
    documents = [action.document() for action in actions]
    for document in documents:
        for members in document.values():
            members["TableName"] = table
    # The token lets a request be sent again whose answer was lost: it is not done twice.
    token = uuid4().hex
    async for _ in attempts():
        try:
            await send("transact_write_items", TransactItems=documents, ClientRequestToken=token)
        except Cancelled as cancelled:
            failed = {
                place: reason.get("Item")
                for place, reason in enumerate(cancelled.reasons)
                if reason["Code"] == "ConditionalCheckFailed"
            }
            if failed:
                raise NotWritten(failed) from None
            token = uuid4().hex
        else:
            return
    raise ServiceUnavailable("Another write to this item is in progress.", retry_after=1)


async def update_item(pk: str, sk: str, changes: Mapping[str, Any], condition: Condition | None = None) -> None:
    """Set attributes of an item, or remove those whose value is None; a missing item is created.

    Raises:
        ConditionNotMet: the item does not fulfil the condition.
        ServiceUnavailable: the table does not answer.
    """
    await _call("update_item", Key=_key(pk, sk), **_updating(changes, condition))


async def update_and_count(
    pk: str, sk: str, changes: Mapping[str, Any], counter: str, condition: Condition | None = None
) -> int:
    """As `update_item` does, and count an attribute up with it, from 0 if it is missing; return the count.

    Raises:
        ConditionNotMet: the item does not fulfil the condition.
        ServiceUnavailable: the table does not answer.
    """
    arguments = _updating(changes, condition)
    arguments["UpdateExpression"] += f" ADD #{counter} :one"
    arguments["ExpressionAttributeNames"][f"#{counter}"] = counter
    arguments["ExpressionAttributeValues"] |= to_attributes({":one": 1})
    answer = await _call("update_item", Key=_key(pk, sk), ReturnValues="UPDATED_NEW", **arguments)
    count: int = from_attributes(answer["Attributes"])[counter]
    return count


async def write_batch(puts: Sequence[Attributes], deletes: Sequence[tuple[str, str]] = ()) -> list[dict[str, Any]]:
    """Store and delete items, MAX_WRITTEN at most; answers the requests that were not done, for `repeat_batch`.

    Raises:
        ServiceUnavailable: the table does not answer; any of it may have been done.
    """
    requests = [{"PutRequest": {"Item": item}} for item in puts]
    requests += [{"DeleteRequest": {"Key": _key(pk, sk)}} for pk, sk in deletes]
    return await repeat_batch(requests)


async def repeat_batch(requests: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Do what is left of a batch; see `write_batch`."""
    table = get_settings().table
    answer = await send("batch_write_item", RequestItems={table: requests})
    left: list[dict[str, Any]] = answer.get("UnprocessedItems", {}).get(table, [])
    return left


async def check_table() -> None:
    """Raise a botocore error when the table cannot be reached."""
    dynamodb = await client("dynamodb")
    await dynamodb.describe_table(TableName=get_settings().table)


def _key(pk: str, sk: str) -> Attributes:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _updating(changes: Mapping[str, Any], condition: Condition | None) -> dict[str, Any]:
    given = {name: value for name, value in changes.items() if value is not None}
    sets = ", ".join(f"#{name} = :new_{name}" for name in given)
    removes = ", ".join(f"#{name}" for name in changes if name not in given)
    arguments = _conditional(condition)
    names = arguments.get("ExpressionAttributeNames", {}) | {f"#{name}": name for name in changes}
    values = arguments.get("ExpressionAttributeValues", {})
    values |= to_attributes({f":new_{name}": value for name, value in given.items()})
    expression = " ".join(filter(None, [sets and f"SET {sets}", removes and f"REMOVE {removes}"]))
    return {
        **arguments,
        "UpdateExpression": expression,
        "ExpressionAttributeNames": names,
        **({"ExpressionAttributeValues": values} if values else {}),
    }


def _checked(condition: Condition | None) -> dict[str, Any]:
    """The condition of an action of a transaction, which tells what was there instead."""
    found = _conditional(condition)
    return {**found, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if found else {}


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
    return await send(operation, TableName=get_settings().table, **arguments)
