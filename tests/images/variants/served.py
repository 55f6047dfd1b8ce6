"""Ready images with their masters, as the tests of variants ask for them."""

from typing import Any

from app.images.check.arrival import take_image
from app.images.mirror import MirroredImage, find_image
from app.images.models import Image
from app.images.variants.content import master_of
from app.images.variants.ladder import Shape, output_of
from app.images.variants.stock import Wanted
from tests.images.arriving import found, uploaded


async def ready(data: bytes | None = None, **members: Any) -> Image:
    """The row of an image that is ready."""
    row = await uploaded(data, **members)
    await take_image(row.id)
    return await found(row.id)


async def mirrored(row: Image) -> MirroredImage:
    """The image as the mirror has it."""
    image = await find_image(row.id)
    assert image is not None
    return image


async def wanted(row: Image, shape: Shape) -> Wanted:
    """A variant of an image."""
    image = await mirrored(row)
    return Wanted(image, output_of(shape, master_of(image)))


def content_path(row: Image, query: str = "w=128") -> str:
    """The path and the parameters of a variant."""
    return f"/images/{row.id}/content?v={row.version}&{query}"
