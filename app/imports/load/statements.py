"""Statements of a load: rows sent by COPY, others run one by one, and what PostgreSQL has no room for."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import asyncpg

from app.imports.errors import FileValueTooLong, RecordTooWide
from app.imports.load.loader import RowsConflict

# How long others wait at a time for a lock of tables that they need, and how long they do not. PostgreSQL looks for a
# deadlock after a second.
LOCK_MILLISECONDS, LOCK_PAUSE_SECONDS = 500, 1.0


async def run(connection: asyncpg.Connection, statements: Sequence[str]) -> None:
    """Run statements, one after the other."""
    for statement in statements:
        await connection.execute(statement)


async def are_unique(connection: asyncpg.Connection, statements: Sequence[str]) -> bool:
    """Run statements that ask for unique values; False, and as if they were not run, if the values are not so."""
    await connection.execute("SAVEPOINT before_key")
    try:
        await run(connection, statements)
    except (asyncpg.UniqueViolationError, asyncpg.ProgramLimitExceededError):
        await connection.execute("ROLLBACK TO SAVEPOINT before_key")
        return False
    return True


async def lock_with_patience(connection: asyncpg.Connection, tables: Sequence[str]) -> None:
    """Keep everyone else from tables, one of which all datasets use; they are locked in the order of readers.

    Who comes while this waits has to wait too, even to read: so it waits a moment at a time, and lets them through.
    """
    while True:
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
                await connection.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
                await connection.execute("SET LOCAL lock_timeout = 0")
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(LOCK_PAUSE_SECONDS)
        else:
            return


async def copy_rows(
    connection: asyncpg.Connection, schema: str | None, table: str, names: Sequence[str], rows: AsyncIterator[bytes]
) -> int:
    """Send rows to columns of a table; answers how many arrived.

    Raises:
        RowsConflict: the table does not take them.
        FileValueTooLong, RecordTooWide: it has no room for a value or a record.
    """
    copying = connection.copy_to_table(table, schema_name=schema, columns=names, source=rows, format="binary")
    try:
        with explained():
            status = await _while_connected(connection, copying)
    except (asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError) as error:
        raise RowsConflict from error
    return int(status.rpartition(" ")[2])


async def _while_connected(connection: asyncpg.Connection, copying: Coroutine[Any, Any, str]) -> str:
    """Return the answer of a COPY; asyncpg would wait for ever if the server went away while it cannot send."""
    lost = asyncio.Event()

    def note_loss(_: object) -> None:
        lost.set()

    connection.add_termination_listener(note_loss)
    tasks = asyncio.create_task(copying), asyncio.create_task(lost.wait())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if lost.is_set():
            raise asyncpg.ConnectionDoesNotExistError("the connection was lost while rows were copied")
        return tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        connection.remove_termination_listener(note_loss)


@contextmanager
def explained() -> Iterator[None]:
    """Raise what PostgreSQL has no room for as the problem that it is.

    Raises:
        FileValueTooLong: an index has no room for a value.
        RecordTooWide: a row has more columns than there is room for.
    """
    try:
        yield
    except asyncpg.ProgramLimitExceededError as error:
        if error.constraint_name is None:
            raise RecordTooWide(
                f"PostgreSQL has no room for a record of so many columns: {error.args[0]}.",
                hint="A row has 8,160 bytes, and a long value takes 18 of them. Leave columns out with `omit`, or "
                "import into a key-value dataset.",
            ) from None
        raise FileValueTooLong(
            f"A value is too long for the index '{error.constraint_name}': it takes some 2,700 bytes.",
            hint="Shorten it, or drop the index, or load into a column without one.",
        ) from None
