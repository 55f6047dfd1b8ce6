"""Rows of images as tests need them, without pictures; and the images as records show them."""

from typing import Any

from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.images.mirror import put_image
from app.images.models import Image, new_id
from app.images.objects import incoming_key

PLACEHOLDER = "data:image/webp;base64,UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="


def ready_image(**members: Any) -> Image:
    """A row of an image that is ready, current under its filename, and of no dataset if none is given."""
    image = members.pop("id", None) or new_id()
    row: dict[str, Any] = {
        "id": image,
        "filename": "lamp.jpg",
        "is_current": True,
        "status": "ready",
        "object_key": incoming_key(image),
        "object_version": "1",
        "bytes": 5_000,
        "sha256": "0" * 64,
        "format": "jpeg",
        "width": 1600,
        "height": 1200,
        "frames": 1,
        "has_alpha": False,
        "color": "#a1b2c3",
        "placeholder": PLACEHOLDER,
    }
    return Image(**row | members)


async def add_image(**members: Any) -> Image:
    """Put a row into the catalogue, and the image into the table if it is ready."""
    row = ready_image(**members)
    async with transaction() as session:
        session.add(row)
    if row.status == "ready":
        await put_image(row)
    return row


def shown(row: Image) -> dict[str, Any]:
    """An image as a record shows it."""
    url = f"{get_settings().base_url}/images/{row.id}/content?v={row.version}&w="
    members = {name: getattr(row, name) for name in ("width", "height", "alt", "color", "placeholder")}
    variants = {width: f"{url}{width}" for width in ("256", "640", "1280")}
    return {"id": row.id, "url": f"{url}1280", **members, "variants": variants}
