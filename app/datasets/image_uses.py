"""The uses of an image: the records that show it, which its deletion must know of."""

from typing import Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app.core.database.names import CATALOGUE_SCHEMA, DATA_SCHEMA, quote
from app.core.database.sessions import sql_state
from app.core.settings import get_settings
from app.datasets.errors import ImageRequired
from app.datasets.keyvalue.generations import shown_generation
from app.datasets.keyvalue.image_search import ImageSearch
from app.datasets.models import Dataset
from app.datasets.service import busy_as_problem

NOT_NULL_VIOLATION = "23502"
# The lock of a row that a foreign key's check waits for.
_LOCK = text(f"SELECT FROM {quote(CATALOGUE_SCHEMA, 'image')} WHERE id = :image FOR UPDATE")


class ImageRow(Protocol):
    """An image's row in the catalogue."""

    @property
    def id(self) -> str: ...
    @property
    def dataset_id(self) -> UUID | None: ...


async def count_uses(session: AsyncSession, image: ImageRow) -> dict[str, int]:
    """The number of records that show an image, by the names of their datasets; those without any are left out.

    Until the transaction ends no record of a relational dataset can begin to show it. Of a key-value dataset the first
    record is enough: the number is 1 for any. A record of one can begin to show it at any time.

    Raises:
        DatasetBusy: a dataset is being changed.
        ImageUseUnknown: the key-value store has more records than are looked through.
        ServiceUnavailable: the key-value store does not answer.
    """
    uses: dict[str, int] = {}
    search = ImageSearch(image.id, get_settings().max_image_search_records)
    with busy_as_problem("A dataset with images", "searched"):
        datasets = await _candidates(session, image)
        await session.execute(_LOCK, {"image": image.id})
        for dataset in datasets:
            if dataset.can.has_table:
                uses[dataset.name] = await _count_records(session, dataset, image.id)
    for dataset in datasets:
        if dataset.can.has_item:
            generation = await shown_generation(dataset)
            uses[dataset.name] = int(await search.is_used(dataset.name, generation, _columns(dataset)))
    return {name: count for name, count in uses.items() if count}


async def clear_uses(session: AsyncSession, image: ImageRow) -> None:
    """Empty the columns of the records of relational datasets that show an image, so that it can be deleted.

    Records of the key-value store show null for an image that is gone.

    Raises:
        DatasetBusy: a dataset is being changed.
        ImageRequired: a column that shows it is required.
    """
    with busy_as_problem("A dataset with images", "changed"):
        datasets = [dataset for dataset in await _candidates(session, image) if dataset.can.has_table]
        await session.execute(_LOCK, {"image": image.id})
        for dataset in datasets:
            for name in _columns(dataset):
                await _clear(session, dataset.name, name, image.id)


async def _clear(session: AsyncSession, dataset: str, column: str, image: str) -> None:
    name = quote(column)
    clearing = text(f"UPDATE {quote(DATA_SCHEMA, dataset)} SET {name} = NULL WHERE {name} = :image")
    try:
        await session.execute(clearing, {"image": image})
    except IntegrityError as error:
        if sql_state(error) != NOT_NULL_VIOLATION:
            raise
        raise ImageRequired(
            f"A record of '{dataset}' shows the image in '{column}', which is required.",
            hint="Give the record another image first.",
        ) from None


async def _candidates(session: AsyncSession, image: ImageRow) -> list[Dataset]:
    """The datasets whose records may show an image: its own, or any if it has none. None is changed meanwhile."""
    query = select(Dataset).where(col(Dataset.columns).contains([{"type": "image"}])).order_by(col(Dataset.name))
    if image.dataset_id is not None:
        query = query.where(col(Dataset.id) == image.dataset_id)
    kept = query.with_for_update(read=True).execution_options(populate_existing=True)
    return list(await session.scalars(kept))


def _columns(dataset: Dataset) -> list[str]:
    return [column.name for column in dataset.typed_columns if column.kind.is_image]


async def _count_records(session: AsyncSession, dataset: Dataset, image: str) -> int:
    named = " OR ".join(f"{quote(name)} = :image" for name in _columns(dataset))
    counting = text(f"SELECT count(*) FROM {quote(DATA_SCHEMA, dataset.name)} WHERE {named}")
    return int((await session.execute(counting, {"image": image})).scalar_one())
