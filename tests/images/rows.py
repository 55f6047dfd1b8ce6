"""Rows of images as tests need them, without pictures."""

from typing import Any

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
