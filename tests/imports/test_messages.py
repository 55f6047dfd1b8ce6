"""Messages that bring imports, as the queue has them."""

from uuid import uuid4

from app.imports.messages import FileFound, FilesArrived, ImportQueued


def test_an_import_is_called_import_in_the_queue() -> None:
    queued = ImportQueued(import_id=uuid4(), takes_long=True)
    assert queued.body == {"type": "import.queued", "import": str(queued.import_id), "takes_long": True}
    assert ImportQueued.model_validate(queued.body) == queued


def test_a_message_of_the_release_before_has_no_type() -> None:
    import_id = uuid4()
    assert ImportQueued.model_validate({"import": str(import_id)}) == ImportQueued(import_id=import_id)
    assert FileFound.model_validate({"object": "inbox/d/x.csv"}).key == "inbox/d/x.csv"


def test_s3_says_more_than_is_read() -> None:
    arrived = FilesArrived.model_validate({"Records": [{"eventName": "ObjectCreated:Put"}], "Service": "S3"})
    assert arrived.records == [{"eventName": "ObjectCreated:Put"}]
