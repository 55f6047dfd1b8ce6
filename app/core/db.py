"""The database: one engine a process, and one of its reader, one transaction a request."""

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Annotated, Any

from asyncpg import Connection, InterfaceError, PostgresError, QueryCanceledError, Record
from fastapi import Depends
from sqlalchemy import URL, CursorResult, Engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    AsyncSessionTransaction,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import SQLModel

from app.core.aws import database_token
from app.core.errors import Problem, RequestInvalid, ServiceUnavailable, StatementTimedOut
from app.core.settings import get_settings

POSTGRESQL_PORT = 5432
CATALOGUE_SCHEMA = "tolva"
DATA_SCHEMA = "data"
LOADING_SCHEMA = "loading"

# The names PostgreSQL itself would choose, said aloud so that a migration can name what it changes.
SQLModel.metadata.naming_convention = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}

# How long a connection may lie in the pool before it is asked whether it lives.
REST_SECONDS = 1.0

QUERY_CANCELED = "57014"
NUMERIC_OUT_OF_RANGE = "22003"
LOCK_NOT_AVAILABLE = "55P03"
# Requests that hold what the other one needs: a lock not given in time, a deadlock, a transaction that came second.
CONTENDED = (LOCK_NOT_AVAILABLE, "40P01", "40001")
# A table or a column is not there, or has another type, than the statement was made for. The last one: what is no
# column of a table is a function of its row, and some functions are aggregates.
RESHAPED = ("42P01", "42703", "42804", "42883", "42803")
# A NUL: in a parameter, or escaped in JSON. PostgreSQL's texts cannot hold it.
UNSTORABLE_TEXT = ("22021", "22P05")
# A value that is too long for an index, or a record for a page of the database.
PROGRAM_LIMIT_EXCEEDED = "54000"
# Connection failures (class 08), shutdown and start-up (57P0x), read-only after a failover.
LOST = ("08", "57P", "25006")
# The same, and too many connections: those that there are still work.
UNREACHABLE = (*LOST, "53300")


@cache
def get_engine() -> AsyncEngine:
    """The process's engine. It connects at the first use, so building an application never needs a database."""
    return _make_engine(get_settings().database_url)


@cache
def get_reader() -> AsyncEngine:
    """The engine for reads that may be a moment behind: that of the reader endpoint, where the settings name one."""
    url = get_settings().reader_url
    return get_engine() if url is None else _make_engine(url)


def _make_engine(address: str) -> AsyncEngine:
    settings = get_settings()
    url = make_url(address).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(
        url,
        pool_size=settings.database_pool_size,
        max_overflow=0,
        connect_args={
            **login(url),
            "server_settings": {
                "application_name": "tolva",
                "timezone": "UTC",
                "statement_timeout": str(int(settings.statement_timeout_seconds * 1000)),
                "lock_timeout": str(int(settings.lock_timeout_seconds * 1000)),
            },
        },
    )
    _ask_rested_connections(engine.sync_engine)
    _drop_lost_connections(engine.sync_engine)
    return engine


def login(url: URL) -> dict[str, Any]:
    """How the driver logs in to a database: with the password of its URL, or with a new token for each connection."""
    settings = get_settings()
    arguments: dict[str, Any] = {"timeout": settings.connect_timeout_seconds}
    if settings.database_iam:
        # Aurora takes a token over TLS only; the URL may ask for more than that.
        arguments |= {"password": partial(_database_token, url), "ssl": url.query.get("ssl", "require")}
    return arguments


async def _database_token(url: URL) -> str:
    return await database_token(url.host or "", url.port or POSTGRESQL_PORT, url.username or "")


def _drop_lost_connections(engine: Engine) -> None:
    """Have a connection that is LOST not used again, nor those made before: after a failover they lead to a reader."""

    @event.listens_for(engine, "handle_error")
    def look_at(context: ExceptionContext) -> None:
        state = getattr(context.original_exception, "sqlstate", None) or ""
        if state.startswith(LOST):
            context.is_disconnect = True


def _ask_rested_connections(engine: Engine) -> None:
    """Have a connection that rested in the pool asked whether it lives, before it is used again.

    One that was used a moment ago is not: that would cost as much as the query itself. What the server closed is known
    without a question, unless the process itself was stopped meanwhile, as Lambda's are: then much time has passed.
    """

    @event.listens_for(engine, "checkin")
    def note_time(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["rested_since"] = time.time()

    @event.listens_for(engine, "checkout")
    def ask(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        if connection.driver_connection.is_closed():
            raise InvalidatePoolError("the connection was closed")
        if time.time() - record.info.get("rested_since", math.inf) < REST_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError("the connection does not answer") from error


@asynccontextmanager
async def transaction() -> AsyncIterator[AsyncSession]:
    """A session whose work commits when the block ends and is undone when it raises.

    What `after_commit` was given runs once the commit has succeeded. Whoever rolls back goes on in a new transaction.
    """
    async with AsyncSession(get_engine(), expire_on_commit=False) as session:
        yield session
        await session.commit()
        for callback in session.info.pop("after_commit", []):
            await callback()


async def _request_transaction() -> AsyncIterator[AsyncSession]:
    async with transaction() as session:
        yield session


# The scope makes FastAPI commit before the response leaves: a commit that fails is never answered with a 200.
Session = Annotated[AsyncSession, Depends(_request_transaction, scope="function")]


def after_commit(session: AsyncSession, callback: Callable[[], Awaitable[None]]) -> None:
    """Have `callback` awaited once the session's transaction has committed: where messages are sent."""
    session.info.setdefault("after_commit", []).append(callback)


class TimedSession:
    """The statements of a session that have a time together, not each its own."""

    def __init__(self, session: AsyncSession, seconds: float) -> None:
        self._session = session
        self._end = time.monotonic() + seconds

    async def run(self, statement: str, *values: Any) -> CursorResult[Any]:
        """Run an SQL statement with the values of $1, $2, …

        Raises:
            TimeoutError: the time is over; where it ends meanwhile, PostgreSQL cancels the statement (57014).
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
        """What is undone by itself when the block that it is opened for raises."""
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


def quote(*names: str) -> str:
    """An SQL identifier, each part quoted: `quote("data", "order")` is `"data"."order"`."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def sql_state(error: DBAPIError) -> str:
    """The five-character SQLSTATE of a database error, empty where the driver gave none."""
    return getattr(error.orig, "sqlstate", None) or ""


def is_passing(error: BaseException) -> bool:
    """Whether an error says that the database is away for now: what failed may be tried again."""
    if isinstance(error, DBAPIError):
        return problem_for(error) is not None
    if isinstance(error, PostgresError):
        return (error.sqlstate or "").startswith(UNREACHABLE)
    return isinstance(error, InterfaceError | OSError)


def problem_for(error: DBAPIError | PostgresError | PoolTimeoutError | OSError) -> Problem | None:
    """The problem that tells a caller what a database error means, where it is not a fault of ours."""
    if isinstance(error, PoolTimeoutError):
        return ServiceUnavailable("Too many requests wait for the database.")
    if isinstance(error, OSError) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return ServiceUnavailable("The database cannot be reached.")
    state = sql_state(error) if isinstance(error, DBAPIError) else error.sqlstate or ""
    if state == QUERY_CANCELED:
        return StatementTimedOut(
            f"The query was stopped after {get_settings().statement_timeout_seconds:g} seconds.",
            hint="Ask for fewer records or filter by the dataset's key.",
        )
    if state in CONTENDED:
        return ServiceUnavailable("Another request or an import holds what this one needs.", retry_after=1)
    if state.startswith(UNREACHABLE):
        return ServiceUnavailable("The database cannot take the request now.")
    return _problem_of_value(state)


def _problem_of_value(state: str) -> Problem | None:
    if state in UNSTORABLE_TEXT:
        return RequestInvalid("A text holds a NUL character, which cannot be stored.", hint="Leave it out.")
    if state == PROGRAM_LIMIT_EXCEEDED:
        return RequestInvalid(
            "A value is larger than the database can hold or index.", hint="Indexed values have 2,700 bytes at most."
        )
    return None
