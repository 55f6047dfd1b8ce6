"""Requests to DynamoDB: retried while that can help, with failures as exceptions that say what they mean."""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from app.core.aws.clients import client
from app.core.errors import RegionReadOnly, ServiceUnavailable
from app.core.settings import get_settings

WRITES = ("put_item", "update_item", "delete_item", "batch_write_item", "transact_write_items")
# Another transaction has the item at this moment, or this one is being done already.
IN_TRANSACTION = ("TransactionConflictException", "TransactionInProgressException")
THROTTLED = ("ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException")
# Others write the same items at this moment, or not all of a batch was done: it is tried again, each time later.
ATTEMPTS = 6
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 2.0

_patience: ContextVar[float] = ContextVar("patience", default=0.0)


class ConditionNotMet(Exception):
    """The stored item does not fulfil the condition of a write, which did not happen."""


class Cancelled(Exception):
    """A transaction did not happen; there is a reason for each action, most of which are empty."""

    def __init__(self, reasons: Sequence[Any]) -> None:
        super().__init__("cancelled")
        self.reasons = reasons


class _InTransaction(ServiceUnavailable):
    """A transaction has the item: that is over in a moment."""


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Let each request within wait this long for a table that is unavailable, instead of failing at once."""
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


async def send(operation: str, **arguments: Any) -> Any:
    """The answer to a request.

    Raises:
        ConditionNotMet, Cancelled: it was not done, for what the stored items are.
        ServiceUnavailable: the table does not answer, or others write the same items all the time.
        RegionReadOnly: it would write, in a region that does not.
    """
    if operation in WRITES and get_settings().read_only:
        raise RegionReadOnly
    failure: ServiceUnavailable | None = None
    async for _ in attempts():
        try:
            return await _send_once(operation, arguments)
        except _InTransaction as error:
            failure = error
        except ServiceUnavailable as error:
            failure = error
            if not _patience.get():
                break
    assert failure is not None
    raise failure


async def attempts() -> AsyncIterator[None]:
    """Attempts with a pause between any two: ATTEMPTS of them, and more while `patience` lasts."""
    end = time.monotonic() + _patience.get()
    for attempt in itertools.count():
        yield
        if attempt + 1 >= ATTEMPTS and time.monotonic() >= end:
            return
        await pause(attempt)


async def _send_once(operation: str, arguments: dict[str, Any]) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # slow to load, as every client is

    dynamodb = await client("dynamodb")
    try:
        return await getattr(dynamodb, operation)(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ConditionalCheckFailedException":
            raise ConditionNotMet from None
        if code == "TransactionCanceledException":
            raise Cancelled(error.response["CancellationReasons"]) from None
        if code in IN_TRANSACTION:
            raise _InTransaction("Another write to this item is in progress.", retry_after=1) from error
        if code in THROTTLED or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            raise ServiceUnavailable("The table cannot accept the request now.") from error
        raise
    except (BotoCoreError, OSError, TimeoutError) as error:
        raise ServiceUnavailable("The table cannot be reached.") from error


async def pause(attempt: int) -> None:
    """Wait before the next attempt: longer each time, and never as long as other callers."""
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt)
    await asyncio.sleep(longest * random.uniform(0.5, 1))  # noqa: S311  # no secret
