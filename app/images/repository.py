"""Images in the catalogue."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, literal_column, select, tuple_
from sqlalchemy import table as sql_table
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.core.database.names import DATA_SCHEMA
from app.datasets.models import Dataset
from app.images.errors import ImageNotFound
from app.images.models import Image, ImageStatus


@dataclass(frozen=True)
class Wanted:
    """The images of a list: of a dataset, or of the `visible` ones; with a file name, a status; only unused ones."""

    dataset: Dataset | None = None
    visible: Collection[str] | None = None
    filename: str | None = None
    status: ImageStatus | None = None
    unused: bool = False


async def get_image(session: AsyncSession, image: str) -> tuple[Image, str | None]:
    """An image, and the name of its dataset.

    Raises:
        ImageNotFound: the image does not exist.
    """
    found = (await session.execute(_select().where(col(Image.id) == image))).first()
    if found is None:
        raise ImageNotFound(f"There is no image '{image[:100]}'.", hint="GET /images lists them.")
    return found[0], found[1]


async def lock_image(session: AsyncSession, image: str) -> Image | None:
    """The image, which nobody else changes or begins to use until the transaction ends; None if it is gone."""
    query = select(Image).where(col(Image.id) == image).with_for_update()
    found: Image | None = await session.scalar(query.execution_options(populate_existing=True))
    return found


async def list_page(
    session: AsyncSession, wanted: Wanted, limit: int, *, after: tuple[datetime, str] | None = None
) -> Sequence[tuple[Image, str | None]]:
    """Up to `limit` images with the names of their datasets, the newest first, those after `after`."""
    place = tuple_(col(Image.created_at), col(Image.id))
    query = _narrow(_select(), wanted).order_by(place.desc()).limit(limit)
    if after is not None:
        query = query.where(place < after)
    return [(row[0], row[1]) for row in await session.execute(query)]


def _select() -> Select[Image, str]:
    return select(Image, col(Dataset.name)).outerjoin(Dataset, col(Dataset.id) == col(Image.dataset_id))


def _narrow(query: Select[Image, str], wanted: Wanted) -> Select[Image, str]:
    if wanted.dataset is not None:
        query = query.where(col(Image.dataset_id) == wanted.dataset.id)
    elif wanted.visible is not None:
        query = query.where(col(Dataset.name).in_(wanted.visible))
    if wanted.filename is not None:
        query = query.where(col(Image.filename) == wanted.filename)
    if wanted.status is not None:
        query = query.where(col(Image.status) == wanted.status)
    if wanted.unused and wanted.dataset is not None:
        query = query.where(*_unused(wanted.dataset))
    return query


def _unused(dataset: Dataset) -> list[ColumnElement[bool]]:
    """The conditions that no record of a dataset names an image."""
    records = sql_table(dataset.name, schema=DATA_SCHEMA)
    named = [column.name for column in dataset.typed_columns if column.type == "image"]
    return [
        ~exists().select_from(records).where(literal_column(f'{DATA_SCHEMA}.{dataset.name}."{name}"') == col(Image.id))
        for name in named
    ]
