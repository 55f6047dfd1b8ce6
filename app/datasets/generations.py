"""Generations: the records of a key-value dataset as one import has brought them, beside those that are shown so far.

The name of the generation that is shown moves by one write. The one before is kept a while, for requests that have
begun with it, and then removed by the worker; so is one that never came to be shown.
"""

import time
from dataclasses import dataclass

from app.core import dynamo
from app.core.dynamo import Condition, ConditionNotMet, Delete, NotWritten, Put, Update
from app.core.dynamo_wire import Item, to_attributes
from app.core.queue import send_message
from app.core.settings import get_settings
from app.datasets import mirror
from app.datasets.models import Dataset

RETIRED = "retired"
# A message of the queue can be held back so long.
MOST_DELAY_SECONDS = 900
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


async def shown_generation(dataset: Dataset) -> str:
    """The generation of a dataset that is shown now."""
    shape = await mirror.publish(dataset)
    assert shape.generation is not None
    return shape.generation


async def hold_writers(dataset: Dataset, generation: str, seconds: int) -> None:
    """Have single writes to a dataset wait for so long: what they write would be lost with the generation.

    Raises:
        DatasetMoved: the generation is not the one that is shown.
    """
    await _change(dataset, generation, {"held_until": int(time.time()) + seconds})


async def release_writers(dataset: Dataset, generation: str) -> None:
    """Let single writes go on; see `hold_writers`."""
    await _change(dataset, generation, {"held_until": None})


async def describe(dataset: Dataset, generation: str) -> None:
    """Have a dataset known by the columns that it has now, whose generation is shown already."""
    await _change(dataset, generation, mirror.description_of(dataset))
    mirror.forget(dataset.name)


async def _change(dataset: Dataset, generation: str, changes: Item) -> None:
    try:
        await dynamo.update_item(*mirror.address_of(dataset.name), changes, _shows(dataset, generation))
    except ConditionNotMet:
        raise DatasetMoved from None


async def show_generation(dataset: Dataset, before: str, after: str) -> None:
    """Show another generation of a dataset's records, with the columns that it has now, and let single writes go on.

    Raises:
        DatasetMoved: the one before is not the one that is shown.
    """
    due = int(time.time()) + get_settings().keyvalue_retire_seconds
    changes = mirror.description_of(dataset) | {"generation": after, "held_until": None}
    move = Update(*mirror.address_of(dataset.name), changes, _shows(dataset, before))
    try:
        await dynamo.write_together(
            [move, Put(to_attributes(_item(Retired(before, dataset.name, due)))), Delete(RETIRED, after)]
        )
    except NotWritten:
        raise DatasetMoved from None
    mirror.forget(dataset.name)


async def retire(retired: Retired) -> None:
    """Have a generation removed when it is due."""
    await dynamo.put_item(_item(retired))


async def list_retired() -> list[Retired]:
    """The generations that are to be removed, now or later."""
    items = await dynamo.list_items(RETIRED)
    return [Retired(item["sk"], item["dataset"], item["due"]) for item in items]


async def forget_retired(generation: str) -> None:
    """Note that a generation is removed."""
    await dynamo.delete_item(RETIRED, generation)


async def announce_removal(seconds: int | None = None) -> None:
    """Have the worker look for what is to be removed, once what was retired just now is due."""
    delay = (get_settings().keyvalue_retire_seconds if seconds is None else seconds) + MARGIN_SECONDS
    await send_message({RETIRED: True}, delay_seconds=min(delay, MOST_DELAY_SECONDS))


def _item(retired: Retired) -> Item:
    return {"pk": RETIRED, "sk": retired.generation, "dataset": retired.dataset, "due": retired.due}


def _shows(dataset: Dataset, generation: str) -> Condition:
    return Condition(
        "#state = :state AND #id = :id AND #generation = :generation",
        {"state": mirror.CURRENT, "id": str(dataset.id), "generation": generation},
    )
