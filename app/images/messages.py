"""Messages of the images' queue."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from app.core.aws.messages import Message
from app.core.aws.queue import send_to
from app.core.settings import get_settings


class ImageQueued(Message):
    """An image whose original is in the bucket, to be checked."""

    MEMBER: ClassVar = "image"
    type: Literal["image.queued"] = "image.queued"
    image: str


class ImageDeleted(Message):
    """An image whose row is gone, and whose objects are to go too."""

    MEMBER: ClassVar = "deleted"
    type: Literal["image.deleted"] = "image.deleted"
    image: str = Field(alias="deleted")


class PicturesArrived(Message):
    """Originals that have arrived in the bucket, as S3 itself says it; its test message has no records."""

    MEMBER: ClassVar = "Records"
    type: Literal["pictures.arrived"] = "pictures.arrived"
    records: list[dict[str, Any]] = Field(alias="Records")


async def send_image_message(message: ImageQueued | ImageDeleted) -> None:
    """Put a message on the images' queue; without one nothing is sent, and recovery finds the work later."""
    queue_url = get_settings().images_queue_url
    if queue_url is not None:
        await send_to(queue_url, message)
