"""The worker's handlers of the images' queue."""

from urllib.parse import unquote_plus

from app.core.aws.messages import MessageHandlers
from app.images.check.arrival import take_image
from app.images.messages import ImageDeleted, ImageQueued, PicturesArrived
from app.images.objects import image_of
from app.images.removal import remove_objects


def add_handlers(handlers: MessageHandlers) -> None:
    """Add the handlers of images' messages."""
    handlers.add(ImageQueued, _take_queued)
    handlers.add(ImageDeleted, _remove_deleted)
    handlers.add(PicturesArrived, _take_arrived)


async def _take_queued(message: ImageQueued, _seconds: float) -> None:
    await take_image(message.image)


async def _remove_deleted(message: ImageDeleted, _seconds: float) -> None:
    await remove_objects(message.image)


async def _take_arrived(message: PicturesArrived, _seconds: float) -> None:
    for record in message.records:
        if record.get("eventName", "").startswith("ObjectCreated:"):
            found = record["s3"]["object"]
            image = image_of(unquote_plus(found["key"]))
            if image is not None:
                await take_image(image, found.get("versionId") or "null")
