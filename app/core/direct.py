"""Statements that go straight to the driver, each a transaction of its own: for requests that are one statement.

A session would begin, flush and commit around it; here it is one message to the database and one back. The connection
is the engine's and goes back to the pool at once: while a request waits for something else, it holds none.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from asyncpg import Connection, InterfaceError, InternalClientError, PostgresError, Record
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from app.core.db import get_engine, is_passing
from app.core.errors import ServiceUnavailable

Fetch = Callable[..., Awaitable[list[Record]]]


async def fetch(statement: str, *values: Any, engine: AsyncEngine | None = None) -> list[Record]:
    """The rows of a statement with the values of $1, $2, …; it is done when this returns.

    It is asked of `get_engine()` where no other engine is given.

    Raises:
        asyncpg.PostgresError: the database refused it, and nothing of it is done.
        ServiceUnavailable: the database went away.
    """
    async with _connection(engine or get_engine()) as connection:
        return await connection.fetch(statement, *values)


@asynccontextmanager
async def direct_transaction() -> AsyncIterator[Fetch]:
    """A `fetch` whose statements are one transaction: all of them are done when the block ends, none when it raises.

    Raises:
        ServiceUnavailable: the database went away.
    """
    async with _connection(get_engine()) as connection, connection.transaction():
        yield connection.fetch


@asynccontextmanager
async def _connection(engine: AsyncEngine) -> AsyncIterator["Connection[Any]"]:
    """A connection of the pool; one that was lost, or was interrupted in the middle of something, is not used again."""
    pooled = await engine.raw_connection()
    connection = pooled.driver_connection
    assert isinstance(connection, Connection)
    try:
        yield connection
    except (PostgresError, InterfaceError, InternalClientError, OSError) as error:
        # The internal one: the server's farewell has arrived, and that the connection is closed has not.
        if not (connection.is_closed() or is_passing(error) or isinstance(error, InternalClientError)):
            raise
        await _discard(pooled)
        raise ServiceUnavailable("The connection to the database was lost.") from error
    except Exception:
        raise
    except BaseException:
        await _discard(pooled)
        raise
    finally:
        await greenlet_spawn(pooled.close)


async def _discard(connection: PoolProxiedConnection) -> None:
    await greenlet_spawn(connection.invalidate)
