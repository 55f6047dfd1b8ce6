"""Metadata items of key-value datasets, in the table of their records: requests need no relational query.

A dataset's item mirrors the catalogue; its first reader creates it from there. It also names the generation of the
records that is shown, which the catalogue does not know: an import that brings a new one moves that name by a single
write. A change of the dataset marks the item before it commits, and an import holds it, so that no one writes by an
outdated schema: fence.py says how that is ensured.

From time to time an item is compared with the catalogue, as the table may have been restored to a time before a dataset
was deleted, created again, or changed. Then it says what the catalogue does; its generation stays, whose records were
restored with it.
"""

import json
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Literal
from uuid import UUID, uuid4

from app.columns.column import is_name
from app.core import log
from app.core.aws.dynamo_json import Item
from app.core.dynamo import mirrors, table
from app.core.dynamo.requests import ConditionNotMet
from app.core.dynamo.table import Condition
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings
from app.datasets.errors import DatasetNotFound
from app.datasets.keyvalue import fence
from app.datasets.lookup import DatasetRow, find_dataset
from app.datasets.schema import DatasetSchema, Described, schema_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

PLACE = "current"
# What an item says of a dataset.
DESCRIBED = ("name", "title", "description", "store", "key", "columns")
CURRENT, CHANGING, DELETED = "current", "changing", "deleted"
# How often the fence was closed: the number of its epoch.
CLOSINGS = "closings"
# A change that has not ended after this never will: its process is gone.
CHANGE_SECONDS = 60
# What remembers that a dataset was deleted, for readers that found it in the catalogue just before.
DELETED_SECONDS = 86_400
# How long nothing is looked for in a table that did not answer.
AWAY_SECONDS = 5.0
MAX_KNOWN = 1000
PUBLISH_ATTEMPTS = 8

IS_NEW = Condition("attribute_not_exists(#pk)")

# Schemas by name, None for other datasets, each with the time until which it is valid.
_known: dict[str, tuple[float, DatasetSchema | None]] = {}


def address_of(name: str) -> tuple[str, str]:
    """The key of a dataset's item."""
    return f"dataset#{name}", PLACE


def first_generation(dataset_id: UUID) -> str:
    """The generation of the records of a dataset that no import has brought another one into."""
    return str(dataset_id)


async def find_schema(name: str, *, fresh: bool = False) -> DatasetSchema | None:
    """The schema of a key-value dataset, as it was `keyvalue_cache_seconds` ago at most, or, `fresh`, as it is now.

    None if the table has no such dataset: it is relational, or new, or does not exist. A relational one stays so in
    this process; a key-value dataset of the same name is found in the catalogue instead.

    Raises:
        ServiceUnavailable: the catalogue, which has to be asked, does not answer.
    """
    if not is_name(name):
        # The table has no room for a key of any length.
        return None
    until, schema = _known.get(name, (0.0, None))
    known = not fresh and time.monotonic() < until
    return schema if known else await _look_up(name)


async def _look_up(name: str) -> DatasetSchema | None:
    try:
        item = await table.look_up_item(*address_of(name))
    except ServiceUnavailable:
        _remember(name, None, AWAY_SECONDS)
        return None
    if item is None or item["state"] == DELETED:
        _remember(name, None, float("inf"))
        return None
    if item["state"] != CURRENT:
        return await _find_changing(name, item)
    # Where nothing is written, the primary region's item counts.
    may_compare = not get_settings().read_only
    if may_compare and not mirrors.is_fresh(item) and not await _compare(name, item):
        return await _look_up(name)
    return _remember(name, _schema_of(item), get_settings().keyvalue_cache_seconds)


async def publish(dataset: Described, marks: Item | None = None) -> DatasetSchema:
    """Publish the item of a key-value dataset that was found in the catalogue; with `marks` if it was missing.

    Raises:
        DatasetNotFound: it was deleted, and another one may have its name.
        ServiceUnavailable: the table does not answer.
    """
    _known.pop(dataset.name, None)
    if get_settings().read_only:
        return await _find_published(dataset)
    item = _item_of(dataset, first_generation(dataset.id)) | (marks or {})
    for _ in range(PUBLISH_ATTEMPTS):
        found = await table.find_item(*address_of(dataset.name))
        if found is not None and found["id"] == item["id"]:
            if found["state"] == DELETED:
                break
            return schema_of(dataset, found["generation"])
        if found is not None and found["created"] > item["created"]:
            # It was found in the catalogue before it was deleted.
            break
        try:
            await table.put_item(item, IS_NEW if found is None else Condition("#id = :id", {"id": found["id"]}))
        except ConditionNotMet:
            continue
        return schema_of(dataset, item["generation"])
    raise DatasetNotFound(f"Dataset '{dataset.name}' no longer exists.")


async def _find_published(dataset: Described) -> DatasetSchema:
    """The schema of a dataset by its item, if the primary region has published one, else as it would publish it."""
    item = await table.find_item(*address_of(dataset.name))
    is_there = item is not None and item["id"] == str(dataset.id)
    return schema_of(dataset, item["generation"] if item is not None and is_there else first_generation(dataset.id))


Admission = Literal["open", "busy", "stale"]


async def reopen(schema: DatasetSchema, shard: int) -> Admission:
    """Reopen a shard of the fence for writes by a schema, if the dataset is still that.

    It is "busy" while the dataset is being changed, or held by an import that shows signs of life.
    """
    item = await table.find_item(*address_of(schema.name)) or {"state": DELETED}
    if item["state"] == CHANGING:
        return "busy"
    if item["state"] == DELETED or not _is_of(item, schema):
        return "stale"
    if "hold" in item and not await _end_hold(item):
        return "busy"
    return "open" if await fence.reopen_shard(schema, shard, item.get(CLOSINGS, 0)) else "busy"


async def close(
    name: str, dataset_id: UUID, changes: Item, condition: Condition, expires_at: int | None = None
) -> None:
    """Change a dataset's item, and let nobody write who does not know it as it is then.

    Raises:
        ConditionNotMet: the item does not fulfil the condition.
    """
    closing = await table.update_and_count(*address_of(name), changes, CLOSINGS, condition)
    forget(name)
    await fence.close_fence(dataset_id, closing, expires_at)


async def _end_hold(item: Item) -> bool:
    """Take a dataset from an import that has said nothing for too long, which then cannot go on with it."""
    if item["held_until"] >= time.time():
        return False
    condition = Condition("#hold = :hold AND #held_until = :until", {"hold": item["hold"], "until": item["held_until"]})
    try:
        await table.update_item(item["pk"], item["sk"], {"hold": None, "held_until": None}, condition)
    except ConditionNotMet:
        return False
    return True


def _is_of(item: Item, schema: DatasetSchema) -> bool:
    """Return whether a dataset's item matches a schema."""
    known = (str(schema.id), schema.updated_at.isoformat(), schema.generation)
    return (item["id"], item["version"], item["generation"]) == known


async def is_current(schema: DatasetSchema) -> bool:
    """Return whether a schema is still that of its dataset."""
    now = await find_schema(schema.name, fresh=True)
    if now is None and get_settings().read_only:
        now = await _find_unpublished(schema.name)
    return now is not None and (now.id, now.updated_at, now.generation) == (
        schema.id,
        schema.updated_at,
        schema.generation,
    )


async def _find_unpublished(name: str) -> DatasetSchema | None:
    """The schema of a key-value dataset that nobody has asked the primary region for yet, by the catalogue."""
    dataset = await find_dataset(name)
    return schema_of(dataset, first_generation(dataset.id)) if dataset is not None else None


async def mark_change(session: "AsyncSession", dataset: Described) -> None:
    """Stop writes by the old schema before the session's transaction changes the dataset; after the commit, publish the
    new one.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    token = await _mark(dataset)
    from app.core.database.sessions import after_commit  # noqa: PLC0415  # who has a session has loaded it, and readers have none

    after_commit(session, partial(_end_change, dataset, token))


async def mark_deletion(session: "AsyncSession", dataset: Described) -> str:
    """The same for a dataset that is deleted; answers the generation of its records."""
    token = await _mark(dataset, expires_at=int(time.time()) + DELETED_SECONDS)
    from app.core.database.sessions import after_commit  # noqa: PLC0415  # who has a session has loaded it, and readers have none

    after_commit(session, partial(_end_deletion, dataset, token))
    item = await table.find_item(*address_of(dataset.name))
    return str(item["generation"]) if item is not None else first_generation(dataset.id)


def forget(name: str) -> None:
    """Look a dataset up again at the next request."""
    _known.pop(name, None)


async def is_shown(name: str, generation: str) -> bool:
    """Return whether a dataset shows a generation, or may yet.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    item = await table.find_item(*address_of(name))
    if item is not None and item["state"] == CHANGING:
        # The process that changes it may be gone.
        await _find_changing(name, item)
        item = await table.find_item(*address_of(name))
    return item is not None and item["state"] != DELETED and bool(item["generation"] == generation)


async def end_left_change(name: str) -> None:
    """Finish an abandoned change of a dataset."""
    await find_schema(name, fresh=True)


async def _mark(dataset: Described, expires_at: int | None = None) -> str:
    token = uuid4().hex
    marks: Item = {"state": CHANGING, "token": token, "since": int(time.time())}
    await publish(dataset, marks)
    await _tell(dataset, marks, expires_at)
    try:
        # To close the fence may have taken long: the time begins when it is done.
        await table.update_item(*address_of(dataset.name), {"since": int(time.time())}, _is_marked(token))
    except ConditionNotMet:
        raise ServiceUnavailable("The dataset could not be locked against writers.", retry_after=1) from None
    return token


async def _end_change(dataset: Described, token: str) -> None:
    try:
        try:
            await _settle(dataset, token)
        except ConditionNotMet:
            # A reader took the change for left, and shows what was before it.
            await _tell(dataset, description_of(dataset) | {"state": CURRENT})
    except Exception as error:
        # The change is done; the next reader ends what is left of it when CHANGE_SECONDS are over.
        log.failure("dataset.change_not_ended", error, dataset=dataset.name)


async def _end_deletion(dataset: Described, token: str) -> None:
    try:
        try:
            await _bury(dataset.name, token)
        except ConditionNotMet:
            await _tell(dataset, {"state": DELETED, "expires_at": int(time.time()) + DELETED_SECONDS})
    except Exception as error:
        log.failure("dataset.deletion_not_ended", error, dataset=dataset.name)


async def _tell(dataset: Described, changes: Item, expires_at: int | None = None) -> None:
    """Overwrite members of a dataset's item."""
    await close(dataset.name, dataset.id, changes, Condition("#id = :id", {"id": str(dataset.id)}), expires_at)


async def _settle(dataset: Described, token: str) -> None:
    """Publish the current state of a dataset once the change with this token is over."""
    changes = description_of(dataset) | {"state": CURRENT, "token": None, "since": None}
    await table.update_item(*address_of(dataset.name), changes, _is_marked(token))
    forget(dataset.name)


async def _bury(name: str, token: str) -> None:
    changes = {"state": DELETED, "token": None, "since": None, "expires_at": int(time.time()) + DELETED_SECONDS}
    await table.update_item(*address_of(name), changes, _is_marked(token))
    forget(name)


def _is_marked(token: str) -> Condition:
    return Condition("#token = :token", {"token": token})


async def _find_changing(name: str, item: Item) -> DatasetSchema | None:
    """The schema of a dataset that is being changed, as the catalogue has it; a change that was left is ended."""
    dataset = await find_dataset(name)
    is_left = item["since"] + CHANGE_SECONDS < time.time() and not get_settings().read_only
    try:
        if is_left and dataset is not None and str(dataset.id) == item["id"]:
            await _settle(dataset, item["token"])
        elif is_left:
            await _bury(name, item["token"])
    except ConditionNotMet:
        log.event("dataset.change_ended_meanwhile", dataset=name)
    if dataset is None or str(dataset.id) != item["id"]:
        return None
    return schema_of(dataset, item["generation"])


async def _compare(name: str, item: Item) -> bool:
    """Return whether an old item matches the catalogue; if not, update it.

    Raises:
        ServiceUnavailable: as find_schema.
    """
    try:
        dataset = await mirrors.ask_catalogue(item, partial(find_dataset, name))
    except mirrors.CatalogueAway:
        return True
    said = {"state": CURRENT, "id": item["id"], "version": item["version"]}
    condition = Condition(" AND ".join(f"#{member} = :{member}" for member in said), said)
    try:
        if dataset is None or str(dataset.id) != item["id"]:
            expires_at = int(time.time()) + DELETED_SECONDS
            changes = {"state": DELETED, "expires_at": expires_at}
            await close(name, UUID(item["id"]), changes, condition, expires_at)
        elif dataset.updated_at.isoformat() != item["version"]:
            await close(name, dataset.id, description_of(dataset), condition)
        else:
            await table.update_item(*address_of(name), mirrors.asked_now(), condition)
            return True
    except ConditionNotMet:
        log.event("dataset.compared_meanwhile", dataset=name)
    else:
        log.warning("dataset.mirror_was_outdated", dataset=name)
    return False


def _remember(name: str, schema: DatasetSchema | None, seconds: float) -> DatasetSchema | None:
    while len(_known) >= MAX_KNOWN:
        _known.pop(next(iter(_known)))
    _known[name] = (time.monotonic() + seconds, schema)
    return schema


def description_of(dataset: Described) -> Item:
    """The part of a dataset's item that says what the dataset is in the catalogue."""
    described = {member: getattr(dataset, member) for member in DESCRIBED}
    return {
        "id": str(dataset.id),
        "created": dataset.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "version": dataset.updated_at.isoformat(),
        "dataset": json.dumps(described),
        **mirrors.asked_now(),
    }


def _item_of(dataset: Described, generation: str) -> Item:
    pk, sk = address_of(dataset.name)
    return {"pk": pk, "sk": sk, "state": CURRENT, "generation": generation, **description_of(dataset)}


def _schema_of(item: Item) -> DatasetSchema:
    created_at, updated_at = (datetime.fromisoformat(item[member]) for member in ("created", "version"))
    described = json.loads(item["dataset"])
    dataset = DatasetRow(id=UUID(item["id"]), created_at=created_at, updated_at=updated_at, **described)
    return schema_of(dataset, item["generation"])
