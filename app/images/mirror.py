"""The ready images in the key-value store's table: what reads of its records and the maker of variants know of them.

So neither needs the catalogue. An image's item is written once the image is ready, again when its row changes, and
removed with it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.aws.dynamo_json import Item, from_attributes
from app.core.dynamo import table

if TYPE_CHECKING:
    # With it comes SQLAlchemy, which takes longer to load than all that answers a read.
    from app.images.models import Image

PLACE = "current"


@dataclass(frozen=True)
class MirroredImage:
    """A ready image without what only the catalogue needs."""

    id: str
    version: str
    old_versions: tuple[str, ...]
    width: int
    height: int
    frames: int
    has_alpha: bool
    color: str
    placeholder: str
    alt: str | None
    focal_point: tuple[float, float] | None


async def put_image(row: "Image") -> None:
    """Write the item of a ready image, as its row is now.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    await table.put_item(_item_of(row))


async def find_image(image: str) -> MirroredImage | None:
    """The ready image of this id.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    item = await table.find_item(_pk(image), PLACE)
    return None if item is None else _image_of(item)


async def find_images(images: Collection[str]) -> dict[str, MirroredImage]:
    """The ready images among some, by their id; they are read together.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    if not images:
        return {}
    found = await table.find_many([(_pk(image), PLACE) for image in dict.fromkeys(images)])
    mirrored = (_image_of(from_attributes(attributes)) for attributes in found.values())
    return {image.id: image for image in mirrored}


async def remove_image(image: str) -> None:
    """Remove the item of an image; one that is not there is removed already.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    await table.delete_item(_pk(image), PLACE)


def _pk(image: str) -> str:
    return f"image#{image}"


def _item_of(row: "Image") -> Item:
    # DynamoDB's numbers begin at 1e-130: as texts these stay what they are.
    is_focused = row.focal_x is not None and row.focal_y is not None
    focal_point = [repr(row.focal_x), repr(row.focal_y)] if is_focused else None
    return {
        "pk": _pk(row.id),
        "sk": PLACE,
        "version": row.version,
        "old_versions": list(row.old_versions),
        "width": row.width,
        "height": row.height,
        "frames": row.frames,
        "has_alpha": row.has_alpha,
        "color": row.color,
        "placeholder": row.placeholder,
        "alt": row.alt,
        "focal_point": focal_point,
    }


def _image_of(item: Item) -> MirroredImage:
    focal_point = item["focal_point"]
    return MirroredImage(
        id=item["pk"].removeprefix("image#"),
        version=item["version"],
        old_versions=tuple(item["old_versions"]),
        width=item["width"],
        height=item["height"],
        frames=item["frames"],
        has_alpha=item["has_alpha"],
        color=item["color"],
        placeholder=item["placeholder"],
        alt=item["alt"],
        focal_point=None if focal_point is None else (float(focal_point[0]), float(focal_point[1])),
    )
