"""The schemas of datasets as this process last saw them.

A statement that uses one contains `is_current`: so a request need not read the catalogue, and never acts on an outdated
schema.
"""

from collections.abc import Collection

from app.datasets.keyvalue.metadata import find_schema, publish
from app.datasets.lookup import get_dataset
from app.datasets.schema import DatasetSchema, schema_of
from app.datasets.stores import STORES

MAX_KNOWN = 1000

_known: dict[str, DatasetSchema] = {}


class StaleSchema(Exception):
    """The cached state of a dataset or a caller is outdated; nothing was done."""


async def find_known_schema(name: str, *, fresh: bool = False) -> DatasetSchema | None:
    """The schema of the dataset of this name, if it can be found without the catalogue.

    This process knows it, or the item of a key-value dataset has it. `fresh`, only what the item has now counts.
    """
    if fresh:
        _known.pop(name, None)
    known = _known.get(name)
    return known if known is not None else await find_schema(name, fresh=fresh)


async def get_schema(name: str, visible: Collection[str] | None) -> DatasetSchema:
    """The schema of the dataset of this name, as it was last read.

    Raises:
        DatasetNotFound: no dataset has this name; a near name among the `visible` ones is suggested.
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
