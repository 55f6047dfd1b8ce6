"""Records are added, replaced, changed and deleted in DynamoDB, each time by one transaction.

Beside the condition of the record it has one on a shard of the write fence: that the dataset is what it was known as.
The functions are those of `stores.RecordWrites`.
"""

import json
from collections.abc import Sequence
from typing import Any

from app.columns.column import Column
from app.core.aws.dynamo_json import Attributes
from app.core.database.commits import note_commit
from app.core.dynamo import table
from app.core.dynamo.table import Condition, Delete, NotWritten, Put
from app.core.errors import ServiceUnavailable
from app.datasets.errors import DatasetBusy
from app.datasets.keyvalue import fence, metadata
from app.datasets.schema import DatasetSchema
from app.datasets.schema_cache import StaleSchema
from app.records.documents import Fault, Values
from app.records.errors import RecordInvalid, ValueTaken
from app.records.etag import Preconditions, digest_of
from app.records.keyvalue.images import find_shown
from app.records.keyvalue.item import RecordTooLarge, item_of, record_of, settle_documents, show_record
from app.records.keyvalue.sort_key import KeyTooLong, item_key
from app.records.merge_patch import Changes
from app.records.request import RecordsRequest
from app.records.results import MAX_SHOWN, Refused, Unmet, Unwritten, WriteResult

ATTEMPTS = 8
RETRY_SECONDS = 2
IS_NEW = Condition("attribute_not_exists(#pk)")
IS_THERE = Condition("attribute_exists(#pk)")


async def insert(request: RecordsRequest, values: Values) -> WriteResult | Unwritten:
    """Add a record."""
    added = await insert_many(request, [values])
    return added if isinstance(added, Unwritten) else WriteResult(added[0], _key_texts(request.schema, values))


async def insert_many(request: RecordsRequest, records: Sequence[Values]) -> list[str] | Unwritten:
    """Add all records or none; answers them in their order."""
    schema = request.schema
    items = await _items_of(schema, records)
    if isinstance(items, Unwritten):
        return items
    if repeated := _repetitions(schema, records, [item for item, _ in items]):
        return Refused(ValueTaken, repeated, _TAKEN_HINT)
    unmet = await _write(request, *(Put(item, IS_NEW) for item, _ in items))
    if unmet:
        message = "a record of the dataset already has it"
        taken = [_fault(schema, "existing_key", message, records[place], place) for place in unmet]
        return Refused(ValueTaken, taken, _TAKEN_HINT)
    return [text for _, text in items]


async def upsert(
    request: RecordsRequest, key: Sequence[Any], values: Values, conditions: Preconditions
) -> WriteResult | Unwritten:
    """Give the record with a key a value in every column, or add it."""
    items = await _items_of(request.schema, [values])
    if isinstance(items, Unwritten):
        return items
    [(item, text)] = items
    for _ in range(ATTEMPTS):
        if not conditions.exists and not await _write(request, Put(item, IS_NEW)):
            return WriteResult(text, _key_texts(request.schema, values))
        if conditions.absent:
            return Unmet(is_there=True)
        condition = await _find_condition(request.schema, key, conditions)
        if isinstance(condition, Unmet):
            return condition
        if not await _write(request, Put(item, condition)):
            return WriteResult(text)
        if conditions.digests is None and conditions.exists:
            return Unmet(is_there=False)
    raise _contended()


async def update(
    request: RecordsRequest, key: Sequence[Any], changes: Changes, conditions: Preconditions
) -> str | Unwritten:
    """Change the record with a key and answer it: it is read, and written if it is as it was read."""
    schema = request.schema
    for _ in range(ATTEMPTS):
        found = await _find(schema, key, conditions)
        if isinstance(found, Unmet):
            return found
        stored = record_of(schema, found)
        items = await _items_of(schema, [{**stored.values, **changes.values, **changes.merge(stored.values)}])
        if isinstance(items, Unwritten):
            return items
        [(item, text)] = items
        if not await _write(request, Put(item, Condition("#etag = :etag", {"etag": stored.digest}))):
            return text
    raise _contended()


async def delete(request: RecordsRequest, key: Sequence[Any], conditions: Preconditions) -> Unwritten | None:
    """Delete the record with a key."""
    for _ in range(ATTEMPTS):
        address = _address(request.schema, key)
        condition = await _find_condition(request.schema, key, conditions)
        if address is None or isinstance(condition, Unmet):
            return condition if isinstance(condition, Unmet) else Unmet(is_there=False)
        if not await _write(request, Delete(*address, condition)):
            return None
        if conditions.digests is None:
            return Unmet(is_there=False)
    raise _contended()


async def _find_condition(schema: DatasetSchema, key: Sequence[Any], conditions: Preconditions) -> Condition | Unmet:
    """The condition that there is an item, and that it still is the one whose entity tag the request names.

    The item's own digest is not the tag: a column that was added since is shown, but not in the item, and images are
    shown as they are now.
    """
    if conditions.digests is None:
        return IS_THERE
    found = await _find(schema, key, conditions)
    return found if isinstance(found, Unmet) else Condition("#etag = :etag", {"etag": found["etag"]["S"]})


async def _find(schema: DatasetSchema, key: Sequence[Any], conditions: Preconditions) -> Attributes | Unmet:
    """The item of the record with a key, of which the conditions hold."""
    address = _address(schema, key)
    item = await table.find_attributes(*address) if address else None
    if item is None:
        return Unmet(is_there=False)
    if conditions.digests is not None:
        values = record_of(schema, item).values
        shown = show_record(schema.columns, values, await find_shown(schema.columns, [values]))
        if digest_of(shown) not in conditions.digests:
            return Unmet(is_there=True)
    return item


async def _write(request: RecordsRequest, *actions: Put | Delete) -> list[int]:
    """Do all of some actions, in the state of the dataset that is known; the places of those whose condition is unmet.

    If there are any, nothing was done.

    Raises:
        StaleSchema, DatasetBusy: the dataset is not what it was known as, or is held by an import.
    """
    schema, shard = request.schema, fence.choose_shard()
    for _ in range(ATTEMPTS):
        try:
            await table.write_together([fence.is_open(schema, shard), *actions])
        except NotWritten as refused:
            # The first is the check of the fence.
            if 0 not in refused.items:
                return [place - 1 for place in refused.items]
        else:
            note_commit()
            request.confirm()
            return []
        await _open(schema, shard)
    raise _busy(schema)


async def _open(schema: DatasetSchema, shard: int) -> None:
    admission = await metadata.reopen(schema, shard)
    if admission == "stale":
        raise StaleSchema
    if admission == "busy":
        raise _busy(schema)


async def _items_of(schema: DatasetSchema, records: Sequence[Values]) -> list[tuple[Attributes, str]] | Refused:
    """The items of records and their JSON texts as reads show them: nothing is read once they are written."""
    settled = [settle_documents(schema.columns, values) for values in records]
    items: list[tuple[Attributes, str]] = []
    faults: list[Fault] = []
    for index, values in enumerate(settled):
        try:
            items.append(item_of(schema, values))
        except KeyTooLong as error:
            faults.append(Fault(_key_names(schema), "key_too_long", str(error), index))
        except RecordTooLarge as error:
            faults.append(Fault(None, "record_too_large", str(error), index))
    hint = "Make it shorter, or create the dataset as relational."
    if faults:
        return Refused(RecordInvalid, faults, hint)
    if not schema.images:
        return items
    images = await find_shown(schema.columns, settled)
    return [
        (item, show_record(schema.columns, values, images)) for (item, _), values in zip(items, settled, strict=True)
    ]


def _repetitions(schema: DatasetSchema, records: Sequence[Values], items: Sequence[Attributes]) -> list[Fault]:
    """The mistakes of records that have the key of one before them."""
    first: dict[str, int] = {}
    faults: list[Fault] = []
    for place, item in enumerate(items):
        before = first.setdefault(item["sk"]["S"], place)
        if before != place:
            faults.append(_fault(schema, "repeated_key", f"the same as in record {before}", records[place], place))
    return faults


def _fault(schema: DatasetSchema, code: str, message: str, values: Values, index: int) -> Fault:
    value = ",".join(str(values[column.name]) for column in schema.key)
    return Fault(_key_names(schema), code, message, index, value[:MAX_SHOWN])


def _key_names(schema: DatasetSchema) -> str:
    return ",".join(column.name for column in schema.key)


def _key_texts(schema: DatasetSchema, values: Values) -> list[str]:
    return [_show_text(column, values[column.name]) for column in schema.key]


def _address(schema: DatasetSchema, key: Sequence[Any]) -> tuple[str, str] | None:
    """The key of a record's item; None if no item can have it."""
    assert schema.generation is not None
    try:
        return item_key(schema.generation, schema.key, key)
    except KeyTooLong:
        return None


def _busy(schema: DatasetSchema) -> DatasetBusy:
    return DatasetBusy(
        f"'{schema.name}' is being changed, or an import is replacing its records; nothing was written.",
        hint=f"Try again in {RETRY_SECONDS} seconds, or when the import has ended.",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )


def _contended() -> ServiceUnavailable:
    return ServiceUnavailable("Other writes to the same record keep coming.", retry_after=1)


def _show_text(column: Column, value: Any) -> str:
    """A value as JSON shows it, without the quotes around a text."""
    shown = column.show(value)
    return str(json.loads(shown)) if shown.startswith('"') else shown


_TAKEN_HINT = "Change the record that has it, or choose another value."
