"""The write fence: what lets single writes into a key-value dataset and keeps them out, without one item for all.

DynamoDB gives an item to one transaction at a time, and limits how much is asked of it in a second. So the fence of a
dataset has SHARDS items, and each write has a condition on any one of them: that it is open for the writer's fencing
token, which is the state of the dataset as the writer knows it. A change of the dataset marks the dataset's own item
and then closes all shards: no write is under way from then on. Writers reopen them, one at a time, if the dataset's
item allows it. That item counts the closings: each begins an epoch, a shard remembers the last one, and a writer that
knows an older epoch does not reopen it.

In the items, the token is `stamp` and the epoch `closing`: processes of the release before read them by these names.
"""

import asyncio
import random
from uuid import UUID

from app.core.dynamo import table
from app.core.dynamo.requests import ConditionNotMet
from app.core.dynamo.table import Check, Condition
from app.datasets.schema import DatasetSchema

SHARDS = 32
CLOSED = "closed"
# Shards that are closed at the same time.
CONCURRENCY = 8


def choose_shard() -> int:
    """The number of any shard."""
    return random.randrange(SHARDS)  # noqa: S311  # no secret


def is_open(schema: DatasetSchema, number: int) -> Check:
    """Return what must hold of a shard for records to be written by this schema."""
    return Check(*_address(schema.id, number), Condition("#stamp = :stamp", {"stamp": _fencing_token(schema)}))


async def reopen_shard(schema: DatasetSchema, number: int, epoch: int) -> bool:
    """Reopen a shard for writes by this schema; False if it was closed since that epoch.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    changes = {"stamp": _fencing_token(schema), "closing": epoch, "expires_at": None}
    condition = Condition("attribute_not_exists(#closing) OR #closing <= :closing", {"closing": epoch})
    try:
        await table.update_item(*_address(schema.id, number), changes, condition)
    except ConditionNotMet:
        return False
    return True


async def close_fence(dataset_id: UUID, epoch: int, expires_at: int | None = None) -> None:
    """Keep out writers that do not know this epoch; no write is under way once it returns.

    Raises:
        ServiceUnavailable: the table does not answer; some may be closed.
    """
    limit = asyncio.Semaphore(CONCURRENCY)
    changes = {"stamp": CLOSED, "closing": epoch, "expires_at": expires_at}
    condition = Condition("attribute_not_exists(#closing) OR #closing < :closing", {"closing": epoch})

    async def close(number: int) -> None:
        async with limit:
            try:
                await table.update_item(*_address(dataset_id, number), changes, condition)
            except ConditionNotMet:
                # Another one has closed or reopened it meanwhile, and knows this epoch.
                return

    await asyncio.gather(*map(close, range(SHARDS)))


def _address(dataset_id: UUID, number: int) -> tuple[str, str]:
    return f"guard#{dataset_id}#{number}", "guard"


def _fencing_token(schema: DatasetSchema) -> str:
    return f"{schema.updated_at.isoformat()} {schema.generation}"
