"""Images of datasets, as rows of the catalogue: what imports know of them."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.database.sessions import transaction
from app.datasets.models import Dataset
from app.images.models import Image, new_id
from app.images.objects import incoming_key


async def add_image(filename: str, dataset: str | None = None, **members: Any) -> str:
    """Add an image to the catalogue, a ready and current one unless `members` say otherwise; its id."""
    image = members.pop("id", new_id())
    members = {"status": "ready", "is_current": members.get("status", "ready") == "ready", **members}
    async with transaction() as session:
        owner: UUID | None = None
        if dataset is not None:
            owner = await session.scalar(select(col(Dataset.id)).where(col(Dataset.name) == dataset))
            assert owner is not None
        session.add(Image(id=image, dataset_id=owner, filename=filename, object_key=incoming_key(image), **members))
    return str(image)
