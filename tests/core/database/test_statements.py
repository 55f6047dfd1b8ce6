import asyncio

import asyncpg
import pytest
from sqlalchemy import text

from app.core.database.pool import close_connections
from app.core.database.sessions import transaction
from app.core.database.statements import direct_transaction, fetch
from app.core.errors import ServiceUnavailable

pytestmark = pytest.mark.usefixtures("database_url")

KILL_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tolva'"


class TestFetch:
    async def test_each_statement_is_a_transaction_of_its_own(self, connections: asyncpg.Connection) -> None:
        await fetch("CREATE TABLE data.kept (n int)")
        await fetch("INSERT INTO data.kept VALUES ($1)", 1)
        assert await connections.fetchval("SELECT n FROM data.kept") == 1
        with pytest.raises(asyncpg.UndefinedTableError):
            await fetch("SELECT FROM data.absent")
        assert len(await fetch("SELECT n FROM data.kept")) == 1

    async def test_a_lost_connection_is_told_and_not_used_again(self, connections: asyncpg.Connection) -> None:
        asking = asyncio.create_task(fetch("SELECT pg_sleep(30)"))
        await _is_asked(connections)
        await connections.execute(f"{KILL_ALL} AND wait_event = 'PgSleep'")
        with pytest.raises(ServiceUnavailable):
            await asking
        assert (await fetch("SELECT 1"))[0][0] == 1

    async def test_an_interrupted_one_is_not_used_again(self, connections: asyncpg.Connection) -> None:
        await close_connections()
        pid = (await fetch("SELECT pg_backend_pid()"))[0][0]
        asking = asyncio.create_task(fetch("SELECT pg_sleep(30)"))
        await _is_asked(connections)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert (await fetch("SELECT pg_backend_pid()"))[0][0] != pid


async def _is_asked(connections: asyncpg.Connection) -> None:
    """Wait until the database sleeps for somebody."""
    sleeping = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')"
    while not await connections.fetchval(sleeping):  # noqa: ASYNC110  # it happens in another process
        await asyncio.sleep(0.02)


class TestDirectTransaction:
    async def test_its_statements_are_done_together(self, connections: asyncpg.Connection) -> None:
        await fetch("CREATE TABLE data.undone (n int)")
        with pytest.raises(asyncpg.DivisionByZeroError):
            await _insert_and_fail()
        assert await fetch("SELECT FROM data.undone") == []
        async with direct_transaction() as fetch_within:
            await fetch_within("INSERT INTO data.undone VALUES (1)")
            assert await connections.fetchval("SELECT count(*) FROM data.undone") == 0
        assert await connections.fetchval("SELECT count(*) FROM data.undone") == 1


async def _insert_and_fail() -> None:
    async with direct_transaction() as fetch_within:
        await fetch_within("INSERT INTO data.undone VALUES (1)")
        await fetch_within("SELECT 1 / 0")


class TestPool:
    async def test_connections_that_the_server_closed_are_replaced_unnoticed(
        self, connections: asyncpg.Connection
    ) -> None:
        async with transaction() as session:
            await session.execute(text("SELECT 1"))
        await connections.execute(KILL_ALL)
        await asyncio.sleep(0.1)
        async with transaction() as session:
            assert await session.scalar(text("SELECT 1")) == 1
