"""Images of datasets, as imports know them: rows of the catalogue, and archives of pictures."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from app.core.database.sessions import transaction
from app.datasets.models import Dataset
from app.images import mirror
from app.images.models import Image
from tests.images import rows


async def add_image(filename: str, dataset: str | None = None, **members: Any) -> str:
    """Add an image to the catalogue, a ready and current one unless `members` say otherwise; its id."""
    owner: UUID | None = None
    if dataset is not None:
        async with transaction() as session:
            owner = await session.scalar(select(col(Dataset.id)).where(col(Dataset.name) == dataset))
        assert owner is not None
    members = {"is_current": members.get("status", "ready") == "ready", **members}
    return (await rows.add_image(dataset_id=owner, filename=filename, **members)).id


class QuickCheck:
    """Stands for the check of pictures: those that begin with `bad` are rejected, the others are ready at once."""

    def __init__(self) -> None:
        self.checked: list[str] = []

    async def __call__(self, row: Image, original: bytes) -> Image:
        self.checked.append(row.filename)
        async with transaction() as session:
            image = await session.get(Image, row.id)
            assert image is not None
            if original.startswith(b"bad"):
                image.status, image.problem = "rejected", {"code": "undecodable", "message": "it is damaged"}
                return image
            named = update(Image).where(
                col(Image.dataset_id) == image.dataset_id, col(Image.filename) == image.filename, col(Image.is_current)
            )
            await session.execute(named.values(is_current=False))
            image.status, image.is_current = "ready", True
            image.width = image.height = image.frames = 1
            image.has_alpha, image.color, image.placeholder = False, "#000000", "data:,"
            await mirror.put_image(image)
            return image


def pack(files: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    """A zip archive of files by their paths."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.comment = comment
        for path, content in files.items():
            archive.writestr(path, content)
    return target.getvalue()
