"""Guards: what lets single writes into a key-value dataset and keeps them out, without an item that they all share.

DynamoDB gives an item to one transaction at a time, and bounds how much is asked of it in a second. So a dataset has
GUARDS items, and each write has a condition on any one of them: that it is open for what the writer knows of the
dataset. Whoever changes the dataset marks the dataset's own item and then closes all guards: no write is under way from
then on. Writers open them again, one at a time, where the dataset's item allows it. That item counts the closings, and
a guard remembers the last: nobody opens one who has not heard of it.
"""

import asyncio
import random
from uuid import UUID

from app.core.dynamo import table
from app.core.dynamo.requests import ConditionNotMet
from app.core.dynamo.table import Check, Condition
from app.datasets.schema import Shape

GUARDS = 32
CLOSED = "closed"
# Guards that are closed at the same time.
CONCURRENCY = 8


def choose_guard() -> int:
    """The number of any guard."""
    return random.randrange(GUARDS)  # noqa: S311  # no secret


def is_open(shape: Shape, number: int) -> Check:
    """What must hold of a guard for records to be written by this shape."""
    return Check(*_address(shape.id, number), Condition("#stamp = :stamp", {"stamp": _stamp(shape)}))


async def open_guard(shape: Shape, number: int, closing: int) -> bool:
    """Open a guard for writes by this shape; False where it was closed since that closing.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    changes = {"stamp": _stamp(shape), "closing": closing, "expires_at": None}
    condition = Condition("attribute_not_exists(#closing) OR #closing <= :closing", {"closing": closing})
    try:
        await table.update_item(*_address(shape.id, number), changes, condition)
    except ConditionNotMet:
        return False
    return True


async def close_guards(dataset_id: UUID, closing: int, expires_at: int | None = None) -> None:
    """Let nobody write to a dataset who has not heard of this closing; no write is under way once it returns.

    Raises:
        ServiceUnavailable: the table does not answer; some may be closed.
    """
    limit = asyncio.Semaphore(CONCURRENCY)
    changes = {"stamp": CLOSED, "closing": closing, "expires_at": expires_at}
    condition = Condition("attribute_not_exists(#closing) OR #closing < :closing", {"closing": closing})

    async def close(number: int) -> None:
        async with limit:
            try:
                await table.update_item(*_address(dataset_id, number), changes, condition)
            except ConditionNotMet:
                # Who has closed it meanwhile, or opened it, has heard of this closing.
                return

    await asyncio.gather(*map(close, range(GUARDS)))


def _address(dataset_id: UUID, number: int) -> tuple[str, str]:
    return f"guard#{dataset_id}#{number}", "guard"


def _stamp(shape: Shape) -> str:
    return f"{shape.updated_at.isoformat()} {shape.generation}"
