"""Statements that go straight to the driver, each a transaction of its own: for requests that are one statement.

A session would begin, flush and commit around it; here a write is one message to the database and one back.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asyncpg import Connection, InterfaceError, PostgresError, Record
from asyncpg.transaction import Transaction
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core.db import driver_connection, get_engine, is_passing
from app.core.errors import ServiceUnavailable


class Direct:
    """A connection of the engine's pool."""

    def __init__(self, connection: AsyncConnection, driver: "Connection[Any]") -> None:
        self._connection = connection
        self._driver = driver

    async def fetch(self, statement: str, *values: Any) -> list[Record]:
        """The rows of a statement with the values of $1, $2, …; it is done when this returns.

        Raises:
            asyncpg.PostgresError: the database refused it, and nothing of it is done.
        """
        return await self._driver.fetch(statement, *values)

    def transaction(self) -> Transaction:
        """What makes the statements of an `async with` block one transaction."""
        return self._driver.transaction()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session on this connection, to read the catalogue with; what it writes is undone."""
        async with AsyncSession(self._connection, expire_on_commit=False) as session:
            yield session


@asynccontextmanager
async def direct_connection() -> AsyncIterator[Direct]:
    """A connection for a while; one that was lost, or was interrupted in the middle of something, is not used again.

    Raises:
        ServiceUnavailable: the database went away.
    """
    async with get_engine().connect() as connection:
        driver = await driver_connection(connection)
        try:
            yield Direct(connection, driver)
        except (PostgresError, InterfaceError, OSError) as error:
            if not driver.is_closed() and not is_passing(error):
                raise
            await connection.invalidate()
            raise ServiceUnavailable("The connection to the database was lost.") from error
        except Exception:
            raise
        except BaseException:
            await connection.invalidate()
            raise
