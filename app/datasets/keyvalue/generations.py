"""Generations: the records of a key-value dataset from one import, stored next to those that are shown so far.

The name of the generation that is shown moves by one write. The one before is kept a while, for requests that have
begun with it, and then removed by the worker; so is one that never came to be shown.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Literal

from app.core.aws.dynamo_json import Item, to_attributes
from app.core.aws.messages import Message
from app.core.aws.queue import send_message
from app.core.dynamo import table
from app.core.dynamo.requests import ConditionNotMet
from app.core.dynamo.table import Condition, Delete, NotWritten, Put, Range, Update
from app.core.settings import get_settings
from app.datasets.keyvalue import metadata
from app.datasets.keyvalue.partitions import BUCKETS, MAX_KEY_BYTES, bucket_name
from app.datasets.models import Dataset

RETIRED = "retired"
# Partitions that are gone through at the same time.
CONCURRENCY = 8
_FIRST = "\0"
_LAST = "\U0010ffff" * (MAX_KEY_BYTES // 4)
# Nobody has begun to remove a generation.
_IS_KEPT = Condition("attribute_exists(#pk) AND attribute_not_exists(#begun)")
# A message of the queue can be held back so long.
MAX_DELAY_SECONDS = 900
# For clocks that differ.
MARGIN_SECONDS = 2


class DatasetMoved(Exception):
    """Another generation is shown than was thought, or the dataset is being changed or is gone."""


@dataclass(frozen=True)
class Retired:
    """A generation that is to be removed once it is `due`, in seconds since 1970, unless its dataset shows it."""

    generation: str
    dataset: str
    due: int


class RemovalDue(Message):
    """Some retired generation may be due."""

    MEMBER: ClassVar = RETIRED
    type: Literal["removal.due"] = "removal.due"
    retired: Literal[True] = True


async def shown_generation(dataset: Dataset) -> str:
    """The generation of a dataset that is shown now."""
    schema = await metadata.publish(dataset)
    assert schema.generation is not None
    return schema.generation


@dataclass(frozen=True)
class WriteLock:
    """An import's hold on a dataset that shows this generation: no single write happens while the import renews it."""

    dataset: Dataset
    generation: str
    token: str

    async def take(self, seconds: int) -> None:
        """Make single writes wait for this long, even if another held the dataset; none is under way when this returns.

        Raises:
            DatasetMoved: the generation is not the visible one.
        """
        changes = {"hold": self.token, "held_until": int(time.time()) + seconds}
        with _moved():
            await metadata.close(self.dataset.name, self.dataset.id, changes, _shows(self.dataset, self.generation))

    async def renew(self, seconds: int) -> None:
        """Let single writes wait longer.

        Raises:
            DatasetMoved: it was not renewed in time, and there may have been writes.
        """
        await self._change({"held_until": int(time.time()) + seconds})

    async def release(self) -> None:
        """Let single writes go on; DatasetMoved as `renew`."""
        await self._change({"hold": None, "held_until": None})

    async def _change(self, changes: Item) -> None:
        with _moved():
            await table.update_item(*metadata.address_of(self.dataset.name), changes, self.is_kept())

    def is_kept(self) -> Condition:
        shows = _shows(self.dataset, self.generation)
        return Condition(f"{shows.text} AND #hold = :hold", {**shows.values, "hold": self.token})


async def describe(dataset: Dataset, generation: str) -> None:
    """Publish a dataset's current columns if its generation is visible already; see `WriteLock.take`."""
    with _moved():
        await metadata.close(dataset.name, dataset.id, metadata.description_of(dataset), _shows(dataset, generation))


@contextmanager
def _moved() -> Iterator[None]:
    try:
        yield
    except ConditionNotMet:
        raise DatasetMoved from None


async def show_generation(dataset: Dataset, hold: WriteLock, after: str) -> None:
    """Show another generation of a dataset's records, with the columns that it has now, and let single writes go on.

    Raises:
        DatasetMoved: as `WriteLock.renew`.
    """
    due = int(time.time()) + get_settings().keyvalue_retire_seconds
    changes = metadata.description_of(dataset) | {"generation": after, "hold": None, "held_until": None}
    move = Update(*metadata.address_of(dataset.name), changes, hold.is_kept())
    retired = Put(to_attributes(_item(Retired(hold.generation, dataset.name, due))))
    try:
        await table.write_together([move, retired, Delete(RETIRED, after, _IS_KEPT)])
    except NotWritten:
        raise DatasetMoved from None
    metadata.forget(dataset.name)


async def has_records(generation: str) -> bool:
    """Return whether a generation has any records."""
    for start in range(0, BUCKETS, CONCURRENCY):
        parts = [partition_of(generation, number) for number in range(start, min(start + CONCURRENCY, BUCKETS))]
        found = await asyncio.gather(*(table.list_range(part, 1, names=["pk"]) for part in parts))
        if any(found):
            return True
    return False


def partition_of(generation: str, number: int) -> Range:
    """All of one of a generation's partitions, from 0."""
    return Range(bucket_name(generation, number), _FIRST, _LAST)


async def retire(retired: Retired) -> None:
    """Schedule the removal of a generation."""
    await table.put_item(_item(retired))


async def list_retired() -> list[Retired]:
    """The generations that are to be removed, now or later."""
    items = await table.list_items(RETIRED)
    return [Retired(item["sk"], item["dataset"], item["due"]) for item in items]


async def begin_removal(retired: Retired) -> None:
    """Note that a generation is being removed: it cannot be shown any more."""
    await table.put_item(_item(retired) | {"begun": True})


async def forget_retired(generation: str) -> None:
    """Note that a generation is removed."""
    await table.delete_item(RETIRED, generation)


async def announce_removal(seconds: int | None = None) -> None:
    """Let the worker look for generations to remove, once those retired just now are due."""
    delay = (get_settings().keyvalue_retire_seconds if seconds is None else seconds) + MARGIN_SECONDS
    await send_message(RemovalDue(), delay_seconds=min(delay, MAX_DELAY_SECONDS))


def _item(retired: Retired) -> Item:
    return {"pk": RETIRED, "sk": retired.generation, "dataset": retired.dataset, "due": retired.due}


def _shows(dataset: Dataset, generation: str) -> Condition:
    return Condition(
        "#state = :state AND #id = :id AND #generation = :generation",
        {"state": metadata.CURRENT, "id": str(dataset.id), "generation": generation},
    )
