"""The schemas of datasets as this process last saw them.

Whoever uses one has `is_current` hold in the statement that it is used for: so a request needs no look into the
catalogue, and never acts on what a dataset was before.
"""

from collections.abc import Collection

from app.datasets.keyvalue.metadata import find_schema, publish
from app.datasets.lookup import get_dataset
from app.datasets.schema import DatasetSchema, schema_of
from app.datasets.stores import STORES

MAX_KNOWN = 1000

_known: dict[str, DatasetSchema] = {}


class StaleSchema(Exception):
    """A dataset or a caller is no longer what it was known as; nothing was done."""


async def find_known_schema(name: str, *, anew: bool = False) -> DatasetSchema | None:
    """The schema of the dataset of this name, if it can be told without the catalogue.

    This process knows it, or the item of a key-value dataset has it. `anew`, only what the item says now counts.
    """
    if anew:
        _known.pop(name, None)
    known = _known.get(name)
    return known if known is not None else await find_schema(name, anew=anew)


async def get_schema(name: str, visible: Collection[str] | None) -> DatasetSchema:
    """The schema of the dataset of this name, as it was when it was last looked at.

    Raises:
        DatasetNotFound: there is none; a near name among the `visible` ones is proposed.
    """
    known = _known.get(name)
    return known if known is not None else await look_up_schema(name, visible)


async def look_up_schema(name: str, visible: Collection[str] | None = ()) -> DatasetSchema:
    """The same as it is now; it is known from now on."""
    _known.pop(name, None)
    dataset = await get_dataset(name, visible=visible)
    if STORES[dataset.store].has_item:
        return await publish(dataset)
    schema = schema_of(dataset)
    while len(_known) >= MAX_KNOWN:
        _known.pop(next(iter(_known)))
    _known[name] = schema
    return schema
