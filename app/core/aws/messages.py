"""Messages of the queue: each kind is a class of the feature that it is for, and has one handler.

Code of before a release and of after it work on one queue: a message keeps its type and its members, and new members
have defaults. A message whose type is not known yet goes back to the queue.

Pure: no I/O.
"""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar, cast

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """A message of work for the worker; a subclass gives its `type` a default, which no other has."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True)

    # A message that comes without a type is of the kind whose member it has.
    MEMBER: ClassVar[str]
    type: str

    @property
    def body(self) -> dict[str, Any]:
        """The message as the queue has it."""
        return self.model_dump(mode="json", by_alias=True)


class MessageDeferred(Exception):
    """A message cannot be done now: it is to come again."""


class MessageUnknown(Exception):
    """A message is of a type that this code does not know."""


Kind = TypeVar("Kind", bound=Message)
# It is to be done within so many seconds.
Handler = Callable[[Kind, float], Awaitable[None]]


class MessageHandlers:
    """The table of what is done with messages; each feature adds its own."""

    def __init__(self) -> None:
        self._handlers: dict[str, tuple[type[Message], Handler[Any]]] = {}

    def add(self, kind: type[Kind], handler: Handler[Kind]) -> None:
        """Give messages of one kind a handler."""
        name = cast("str", kind.model_fields["type"].default)
        assert name not in self._handlers, f"two kinds of message are called {name}"
        self._handlers[name] = kind, handler

    async def handle(self, body: dict[str, Any], seconds: float) -> None:
        """Do what a message asks for, within `seconds`; one without a type and a known member asks for nothing.

        Raises:
            MessageUnknown: its type is another one.
            MessageDeferred: it is to come again.
        """
        name = body.get("type") or self._find_type(body)
        if name is None:
            return
        if name not in self._handlers:
            raise MessageUnknown(f"a message of type {name}")
        kind, handler = self._handlers[name]
        await handler(kind.model_validate(body), seconds)

    def _find_type(self, body: dict[str, Any]) -> str | None:
        return next((name for name, (kind, _) in self._handlers.items() if kind.MEMBER in body), None)
