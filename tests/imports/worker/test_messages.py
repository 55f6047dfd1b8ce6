"""The worker's handlers of imports' messages."""

from uuid import uuid4

import pytest

from app.core.aws.messages import MessageHandlers
from app.imports.messages import ImportQueued, PicturesQueued
from app.imports.worker.messages import add_handlers, add_picture_handlers


@pytest.mark.usefixtures("database_url")
class TestGone:
    """A message for an import that does not exist asks for nothing."""

    @pytest.mark.parametrize("message", [ImportQueued(import_id=uuid4()), PicturesQueued(import_id=uuid4(), batch=0)])
    async def test_it_is_passed_over(self, message: ImportQueued | PicturesQueued) -> None:
        handlers = MessageHandlers()
        add_handlers(handlers)
        await handlers.handle(message.body, 1.0)

    async def test_on_the_queue_of_images_too(self) -> None:
        handlers = MessageHandlers()
        add_picture_handlers(handlers)
        await handlers.handle(PicturesQueued(import_id=uuid4(), batch=0).body, 1.0)
