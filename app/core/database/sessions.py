"""The database in sessions: one engine a process, one transaction a request."""

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Annotated, Any

from asyncpg import Connection, InterfaceError, PostgresError, QueryCanceledError, Record
from fastapi import Depends
from sqlalchemy import CursorResult, Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    AsyncSessionTransaction,
    create_async_engine,
)
from sqlalchemy.pool import NullPool
from sqlalchemy.util import await_only
from sqlmodel import SQLModel

from app.core.database.commits import note_commit
from app.core.database.done_requests import note_done
from app.core.database.errors import UNREACHABLE, is_away, problem_of, problem_of_state, unreachable
from app.core.database.pool import Pool, get_writer
from app.core.errors import Problem

# The names PostgreSQL itself would choose, said aloud so that a migration can name what it changes.
SQLModel.metadata.naming_convention = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}


class Dialect(PGDialect_asyncpg):
    """SQLAlchemy's way to speak with the driver, over connections of the process's pool: closed, they go back there."""

    supports_statement_cache = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types
        # SQLAlchemy's own of each connection, which know the statements that are prepared there, and whose it is.
        self._known: dict[Connection[Any], tuple[DBAPIConnection, Pool]] = {}

    def connect(self, *_: Any, **__: Any) -> DBAPIConnection:
        """Take a connection."""
        pool = get_writer()
        taken = await_only(pool.take())
        if taken not in self._known:
            lasting = {one: known for one, known in self._known.items() if not one.is_closed() or pool.has_given(one)}
            self._known = lasting
            self._known[taken] = (super().connect(async_creator_fn=partial(_pass_on, taken)), pool)
        return self._known[taken][0]

    def on_connect(self) -> None:
        """Do nothing: a connection of the pool is as it should be."""

    def do_close(self, dbapi_connection: Any) -> None:
        """Give a connection back."""
        taken = dbapi_connection.driver_connection
        self._known[taken][1].give_back(taken)

    def do_terminate(self, dbapi_connection: Any) -> None:
        """Close a connection that is not to be used again."""
        try:
            super().do_terminate(dbapi_connection)
        finally:
            self.do_close(dbapi_connection)


registry.register("postgresql.pooled", __name__, Dialect.__name__)


async def _pass_on(connection: "Connection[Any]") -> "Connection[Any]":
    return connection


@cache
def get_engine() -> AsyncEngine:
    """The process's engine. It connects at the first use, so building an application never needs a database."""
    engine = create_async_engine("postgresql+pooled://", poolclass=NullPool, hide_parameters=True)
    _drop_connections_without_a_writer(engine.sync_engine)
    return engine


def _drop_connections_without_a_writer(engine: Engine) -> None:
    """Discard a connection that fails as UNREACHABLE says: after a failover it leads to a reader."""

    @event.listens_for(engine, "handle_error")
    def look_at(context: ExceptionContext) -> None:
        state = getattr(context.original_exception, "sqlstate", None) or ""
        if state.startswith(UNREACHABLE):
            context.is_disconnect = True
            get_writer().drop_resting()


@asynccontextmanager
async def transaction() -> AsyncIterator[AsyncSession]:
    """A session whose work commits when the block ends and is undone when it raises.

    The callbacks of `after_commit` run once the commit has succeeded. Code that rolls back continues in a new
    transaction.
    """
    async with AsyncSession(get_engine(), expire_on_commit=False) as session:
        yield session
        await session.commit()
        note_commit()
        for callback in session.info.pop("after_commit", []):
            await callback()


async def _request_transaction() -> AsyncIterator[AsyncSession]:
    try:
        async with transaction() as session:
            yield session
            await note_done(partial(_fetch, session))
    except DBAPIError as error:
        problem = problem_for(error)
        if problem is None:
            raise
        raise problem from error


async def _fetch(session: AsyncSession, statement: str, *values: Any) -> Sequence[Any]:
    connection = await session.connection()
    return (await connection.exec_driver_sql(statement, values)).all()


# The scope makes FastAPI commit before the response leaves: a commit that fails is never answered with a 200.
Session = Annotated[AsyncSession, Depends(_request_transaction, scope="function")]


def after_commit(session: AsyncSession, callback: Callable[[], Awaitable[None]]) -> None:
    """Await `callback` once the session's transaction has committed: the moment to send messages."""
    session.info.setdefault("after_commit", []).append(callback)


class TimedSession:
    """The statements of a session that have a time together, not each its own."""

    def __init__(self, session: AsyncSession, seconds: float) -> None:
        self._session = session
        self._end = time.monotonic() + seconds

    async def run(self, statement: str, *values: Any) -> CursorResult[Any]:
        """Run an SQL statement with the values of $1, $2, …

        Raises:
            TimeoutError: the time is over; if it ends during the statement, PostgreSQL cancels that (57014).
        """
        connection = await self._limited_connection()
        return await connection.exec_driver_sql(statement, values)

    async def stream(self, statement: str, batch: int) -> AsyncIterator[Record]:
        """The rows of a query, `batch` of them in memory.

        Raises:
            TimeoutError: the time is over.
            ConnectionError: the database went away.
        """
        driver = await driver_connection(await self._limited_connection())
        try:
            cursor = await driver.cursor(statement)
            while rows := await cursor.fetch(batch):
                for row in rows:
                    yield row
                if time.monotonic() > self._end:
                    raise TimeoutError
        except QueryCanceledError:
            raise TimeoutError from None
        except (PostgresError, InterfaceError) as error:
            if not is_passing(error):
                raise
            raise ConnectionError("the database went away while rows were read") from error

    def savepoint(self) -> AsyncSessionTransaction:
        """Open a savepoint: if the block raises, only its work is undone."""
        return self._session.begin_nested()

    async def release(self) -> None:
        """Give each statement to come the time of any other again."""
        connection = await self._session.connection()
        await connection.exec_driver_sql("SET LOCAL statement_timeout TO DEFAULT")

    async def _limited_connection(self) -> AsyncConnection:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection = await self._session.connection()
        await connection.exec_driver_sql(f"SET LOCAL statement_timeout = {math.ceil(left * 1000)}")
        return connection


async def driver_connection(connection: AsyncConnection) -> "Connection[Any]":
    """The asyncpg connection below a SQLAlchemy one: for COPY, which SQLAlchemy does not know."""
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    assert isinstance(driver, Connection)
    return driver


def sql_state(error: DBAPIError) -> str:
    """The five-character SQLSTATE of a database error, empty if the driver gave none."""
    return getattr(error.orig, "sqlstate", None) or ""


def is_passing(error: BaseException) -> bool:
    """Return whether an error says that the database is down for now: the work may be tried again."""
    return problem_for(error) is not None if isinstance(error, DBAPIError) else is_away(error)


def problem_for(error: DBAPIError | PostgresError | OSError) -> Problem | None:
    """The problem that explains a database error to a caller, if it is not a fault of ours."""
    if not isinstance(error, DBAPIError):
        return problem_of(error)
    return unreachable() if error.connection_invalidated else problem_of_state(sql_state(error))
