"""The worker's handlers of messages that bring imports."""

from urllib.parse import unquote_plus

from app.core import log
from app.core.aws.messages import MessageHandlers
from app.core.aws.storage import find_object
from app.imports.errors import ImportNotFound
from app.imports.messages import FileFound, FilesArrived, ImportQueued, PicturesQueued
from app.imports.worker.intake import take_import, take_object
from app.imports.worker.pictures import take_batch


def add_handlers(handlers: MessageHandlers) -> None:
    """Add the handlers of imports' messages."""
    handlers.add(ImportQueued, _take_import)
    handlers.add(FileFound, _take_found)
    handlers.add(FilesArrived, _take_arrived)
    add_picture_handlers(handlers)


def add_picture_handlers(handlers: MessageHandlers) -> None:
    """Add the handler of archives' pictures, which come by the queue of images if there is one."""
    handlers.add(PicturesQueued, _take_pictures)


async def _take_import(message: ImportQueued, seconds: float) -> None:
    try:
        await take_import(message.import_id, seconds=seconds, takes_long=message.takes_long)
    except ImportNotFound:
        log.warning("import.gone", import_id=message.import_id)


async def _take_pictures(message: PicturesQueued, seconds: float) -> None:
    try:
        await take_batch(message.import_id, message.batch, seconds=seconds)
    except ImportNotFound:
        log.warning("import.gone", import_id=message.import_id)


async def _take_found(message: FileFound, seconds: float) -> None:
    stored = await find_object(message.key)
    if stored is not None:
        await take_object(stored.key, stored.version, seconds=seconds)


async def _take_arrived(message: FilesArrived, seconds: float) -> None:
    for record in message.records:
        if record.get("eventName", "").startswith("ObjectCreated:"):
            found = record["s3"]["object"]
            await take_object(unquote_plus(found["key"]), found.get("versionId") or "null", seconds=seconds)
