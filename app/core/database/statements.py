"""Statements that go straight to the driver, each a transaction of its own: for requests that are one statement.

A session would begin, flush and commit around it; here it is one message to the database and one back. The connection
goes back to the pool at once: while a request waits for something else, it holds none.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from asyncpg import Connection, InternalClientError, Record

from app.core.database.commits import note_commit, pending_claims
from app.core.database.done_requests import note_done
from app.core.database.errors import is_away
from app.core.database.pool import LOST, Pool, end, get_writer
from app.core.errors import ServiceUnavailable

Fetch = Callable[..., Awaitable[list[Record]]]


async def fetch(statement: str, *values: Any, pool: Pool | None = None) -> list[Record]:
    """The rows of a statement with the values of $1, $2, …; it is done when this returns.

    It goes to the database's writer if no other pool is given.

    Raises:
        asyncpg.PostgresError: the database refused it, and nothing of it is done.
        ServiceUnavailable: the connection to the database was lost.
    """
    async with connection_of(pool or get_writer()) as connection:
        return await connection.fetch(statement, *values)


class _NothingWritten(Exception):
    """A statement returned no rows, and its transaction must be undone."""


async def write(statement: str, *values: Any) -> list[Record]:
    """The rows of a statement that writes; see `fetch`. A failure after it leaves the write done.

    Raises:
        ResponseNotStored: the request was done before.
    """
    if pending_claims():
        return await _write_once(statement, *values)
    rows = await fetch(statement, *values)
    if rows:
        note_commit()
    return rows


async def _write_once(statement: str, *values: Any) -> list[Record]:
    """The same under an Idempotency-Key: the write and the note that it is done are one transaction."""
    try:
        async with direct_transaction() as fetch_within:
            await note_done(fetch_within)
            rows = await fetch_within(statement, *values)
            if not rows:
                raise _NothingWritten
    except _NothingWritten:
        return []
    return rows


@asynccontextmanager
async def direct_transaction() -> AsyncIterator[Fetch]:
    """A `fetch` whose statements are one transaction: all of them are done when the block ends, none when it raises.

    Raises:
        ServiceUnavailable: the connection to the database was lost.
    """
    async with connection_of(get_writer()) as connection:
        async with connection.transaction():
            yield connection.fetch
        note_commit()


@asynccontextmanager
async def connection_of(pool: Pool) -> AsyncIterator["Connection[Any]"]:
    """A connection of the pool; one that was lost, or was interrupted in the middle of something, is not used again.

    Raises:
        ServiceUnavailable: it was lost.
    """
    connection = await pool.take()
    try:
        yield connection
    except LOST as error:
        # The internal one: the server's farewell has arrived, and that the connection is closed has not.
        if not (connection.is_closed() or is_away(error) or isinstance(error, InternalClientError)):
            raise
        await end(connection)
        pool.drop_resting()
        raise ServiceUnavailable("The connection to the database was lost.") from error
    except Exception:
        raise
    except BaseException:
        await end(connection)
        raise
    finally:
        pool.give_back(connection)
