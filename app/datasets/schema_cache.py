"""The shapes of datasets as this process last saw them.

Whoever uses one has `is_current` hold in the statement that it is used for: so a request needs no look into the
catalogue, and never acts on what a dataset was before.
"""

from collections.abc import Collection

from app.datasets.keyvalue.metadata import publish
from app.datasets.lookup import get_dataset
from app.datasets.schema import Shape, shape_of

MOST_KNOWN = 1000

_known: dict[str, Shape] = {}


class Outdated(Exception):
    """A dataset or a caller is no longer what it was known as; nothing was done."""


async def get_shape(name: str, visible: Collection[str] | None) -> Shape:
    """The shape of the dataset of this name, as it was when it was last looked at.

    Raises:
        DatasetNotFound: there is none; a near name among the `visible` ones is proposed.
    """
    known = _known.get(name)
    return known if known is not None else await look_up_shape(name, visible)


async def look_up_shape(name: str, visible: Collection[str] | None = ()) -> Shape:
    """The same as it is now; it is known from now on."""
    _known.pop(name, None)
    dataset = await get_dataset(name, visible=visible)
    if dataset.store == "keyvalue":
        return await publish(dataset)
    shape = shape_of(dataset)
    while len(_known) >= MOST_KNOWN:
        _known.pop(next(iter(_known)))
    _known[name] = shape
    return shape
