"""The table of messages: the class that a message is read as, and messages of no class."""

from typing import Any, ClassVar, Literal
from uuid import UUID

import pytest
from pydantic import ValidationError

from app.core.aws.messages import Message, MessageHandlers, MessageUnknown
from app.datasets.keyvalue.generations import RemovalDue
from app.imports.messages import FileFound, FilesArrived, ImportQueued

IMPORT = UUID("3f0c8a6e-5a0e-4d0e-9e06-0c9d5d4a8f11")


class Table:
    """A table whose handlers note what they are given."""

    def __init__(self) -> None:
        self.given: list[tuple[Message, float]] = []
        self.handlers = MessageHandlers()
        for kind in (ImportQueued, FileFound, FilesArrived, RemovalDue):
            self.handlers.add(kind, self._note)

    async def _note(self, message: Message, seconds: float) -> None:
        self.given.append((message, seconds))


@pytest.fixture
def table() -> Table:
    return Table()


class TestBodies:
    @pytest.mark.parametrize(
        ("message", "body"),
        [
            (ImportQueued(import_id=IMPORT), {"type": "import.queued", "import": str(IMPORT), "takes_long": False}),
            (FileFound(key="inbox/d/x.csv"), {"type": "file.found", "object": "inbox/d/x.csv"}),
            (RemovalDue(), {"type": "removal.due", "retired": True}),
        ],
    )
    async def test_a_message_has_its_type_and_the_members_of_before_there_were_types(
        self, table: Table, message: Message, body: dict[str, Any]
    ) -> None:
        assert message.body == body
        await table.handlers.handle(body, 9.0)
        assert table.given == [(message, 9.0)]


class TestUntagged:
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({"import": str(IMPORT)}, ImportQueued(import_id=IMPORT)),
            ({"import": str(IMPORT), "takes_long": True}, ImportQueued(import_id=IMPORT, takes_long=True)),
            ({"object": "inbox/d/x.csv"}, FileFound(key="inbox/d/x.csv")),
            ({"retired": True}, RemovalDue()),
            (
                {"Records": [{"eventName": "ObjectCreated:Put"}]},
                FilesArrived(records=[{"eventName": "ObjectCreated:Put"}]),
            ),
        ],
    )
    async def test_one_is_known_by_its_member(self, table: Table, body: dict[str, Any], message: Message) -> None:
        await table.handlers.handle(body, 1.0)
        assert table.given == [(message, 1.0)]

    async def test_one_without_such_a_member_asks_for_nothing(self, table: Table) -> None:
        await table.handlers.handle({"Service": "Amazon S3", "Event": "s3:TestEvent"}, 1.0)
        assert table.given == []


class TestRefused:
    async def test_a_type_that_is_not_known(self, table: Table) -> None:
        with pytest.raises(MessageUnknown, match=r"image\.uploaded"):
            await table.handlers.handle({"type": "image.uploaded", "object": "x"}, 1.0)
        assert table.given == []

    async def test_a_member_that_is_none(self, table: Table) -> None:
        with pytest.raises(ValidationError, match="import"):
            await table.handlers.handle({"import": "nonsense"}, 1.0)

    def test_two_kinds_of_one_name(self, table: Table) -> None:
        class Other(Message):
            MEMBER: ClassVar = "other"
            type: Literal["file.found"] = "file.found"

        with pytest.raises(AssertionError, match=r"file\.found"):
            table.handlers.add(Other, table._note)
