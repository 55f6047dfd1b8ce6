"""Pictures that arrive, and what is kept of images, as several tests need it."""

import asyncio
from typing import Any

from app.core.aws.storage import list_versions, write_object
from app.core.database.sessions import transaction
from app.images.models import Image, new_id
from app.images.objects import incoming_key, prefixes
from tests.images import pictures


async def announced(filename: str = "a1.jpg", **members: Any) -> Image:
    """The row of an image whose file is still to come."""
    image = members.pop("id", None) or new_id()
    async with transaction() as session:
        row = Image(id=image, filename=filename, object_key=incoming_key(image), **members)
        session.add(row)
    return row


async def uploaded(data: bytes | None = None, filename: str = "a1.jpg", **members: Any) -> Image:
    """The row of an image whose file has come, a drawn picture if none is given."""
    row = await announced(filename, **members)
    await write_object(row.object_key, pictures.encoded() if data is None else data, "image/jpeg")
    return row


async def found(image: str) -> Image:
    """The row of an image as it is now."""
    async with transaction() as session:
        row = await session.get(Image, image)
    assert row is not None
    return row


async def change(image: str, **members: Any) -> None:
    """Change the row of an image."""
    async with transaction() as session:
        row = await session.get(Image, image)
        assert row is not None
        for name, value in members.items():
            setattr(row, name, value)
        session.add(row)


async def delete_row(image: str) -> None:
    """Delete the row of an image."""
    async with transaction() as session:
        await session.delete(await session.get(Image, image))


async def kept_of(image: str) -> list[str]:
    """The keys of every version of every object of an image, in order."""
    keys = []
    for prefix in prefixes(image):
        async for versions in list_versions(prefix):
            keys += [version.key for version in versions]
    return sorted(keys)


async def settle(*work: Any) -> list[Any]:
    """The outcomes of some work that is done at the same time, errors among them."""
    return list(await asyncio.gather(*work, return_exceptions=True))
