import asyncio
import socket
from functools import partial
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.database.pool import REST_SECONDS, Pool, bound_silence, get_writer, login
from app.core.database.sessions import transaction
from app.core.database.statements import fetch
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings

PID = "SELECT pg_backend_pid()"


class TestPool:
    async def test_a_connection_is_used_again(self, database_url: str) -> None:
        pool = Pool(database_url)
        first = await pool.take()
        pool.give_back(first)
        assert await pool.take() is first
        await first.close()

    async def test_one_in_the_middle_of_something_is_not(self, database_url: str) -> None:
        pool = Pool(database_url)
        first = await pool.take()
        await first.execute("BEGIN")
        pool.give_back(first)
        assert first.is_closed()
        second = await pool.take()
        assert second is not first
        await second.close()

    async def test_one_that_was_closed_meanwhile_is_not_kept(self, database_url: str) -> None:
        pool = Pool(database_url)
        first = await pool.take()
        first.terminate()
        pool.give_back(first)
        second = await pool.take()
        assert second is not first
        await second.close()

    async def test_where_one_was_lost_none_of_those_that_rest_is_used(
        self, database_url: str, connections: asyncpg.Connection
    ) -> None:
        pool = Pool(database_url)
        taken = [await pool.take() for _ in range(3)]
        for connection in taken:
            pool.give_back(connection)
        lost = taken[-1].get_server_pid()
        with pytest.raises(ServiceUnavailable):
            await fetch("SELECT pg_terminate_backend(pg_backend_pid())", pool=pool)
        assert all(connection.is_closed() for connection in taken)
        assert (await fetch(PID, pool=pool))[0][0] != lost
        await pool.close()

    @pytest.mark.parametrize("name", ["ssl", "sslmode"])
    async def test_the_address_may_ask_for_more_than_tls(
        self, monkeypatch: pytest.MonkeyPatch, database_url: str, name: str
    ) -> None:
        monkeypatch.setenv("TOLVA_DATABASE_IAM", "true")
        get_settings.cache_clear()
        try:
            assert login(f"postgresql://a@b/c?{name}=verify-full")["ssl"] == "verify-full"
            assert login("postgresql://a@b/c")["ssl"] == "require"
        finally:
            monkeypatch.undo()
            get_settings.cache_clear()

    async def test_only_one_that_rested_is_asked_first(
        self, database_url: str, connections: asyncpg.Connection
    ) -> None:
        pool = Pool(database_url)

        async def last_question() -> Any:
            """When the pool's only connection was last asked something, once it is taken from the pool and put back."""
            taken = await pool.take()
            asked = await connections.fetchval(
                "SELECT query_start FROM pg_stat_activity WHERE pid = $1", taken.get_server_pid()
            )
            pool.give_back(taken)
            return asked

        used = await pool.take()
        await used.execute("SELECT 1")
        pool.give_back(used)
        first = await last_question()
        assert await last_question() == first
        await asyncio.sleep(REST_SECONDS)
        assert await last_question() > first
        await pool.close()

    async def test_without_a_free_one_a_request_is_to_be_tried_again(self, database_url: str) -> None:
        pool = Pool(database_url, wait_seconds=0.01)
        taken = [await pool.take() for _ in range(5)]
        with pytest.raises(ServiceUnavailable):
            await pool.take()
        pool.give_back(taken[0])
        assert await pool.take() is taken[0]
        for connection in taken:
            await connection.close()


@pytest.mark.usefixtures("database_url")
class TestSessions:
    """They share their pool with statements: a process with room for one holds one."""

    async def test_both_use_the_same_connection(self) -> None:
        before = (await fetch(PID))[0][0]
        async with transaction() as session:
            assert await session.scalar(text(PID)) == before
        assert (await fetch(PID))[0][0] == before

    async def test_statements_stay_prepared_from_one_to_the_next(self) -> None:
        run = "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement = 'SELECT 4711'"
        for _ in range(3):
            async with transaction() as session:
                assert await session.scalar(text("SELECT 4711")) == 4711
        assert [row[0] for row in await fetch(run)] == [3]

    async def test_one_that_was_lost_leaves_its_place_to_others(self, connections: asyncpg.Connection) -> None:
        for _ in range(get_settings().database_pool_size + 1):
            with pytest.raises(DBAPIError):
                await self._lose_one(connections)
        assert get_writer()._taken == set()

    async def _lose_one(self, connections: asyncpg.Connection) -> None:
        """Let the server close a session's connection, and another one connect before the first one notices."""
        async with transaction() as session:
            pid = await session.scalar(text(PID))
            await connections.execute("SELECT pg_terminate_backend($1)", pid)
            async with transaction() as other:
                assert await other.scalar(text(PID)) != pid
            await session.execute(text(PID))

    async def test_one_that_was_interrupted_is_not_given_back(self) -> None:
        async def wait() -> None:
            async with transaction() as session:
                await session.execute(text("SELECT pg_sleep(30)"))

        before = (await fetch(PID))[0][0]
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.2)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert (await fetch(PID))[0][0] != before
        assert not get_writer()._taken  # what would be lost to the process for good


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system has no such bound")
class TestSilence:
    def test_what_is_sent_and_what_is_awaited_is_given_up_in_time(self) -> None:
        with socket.socket() as wire:
            bound_silence(wire, 8)
            tcp = partial(wire.getsockopt, socket.IPPROTO_TCP)
            assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert tcp(socket.TCP_USER_TIMEOUT) == 8000
            assert tcp(socket.TCP_KEEPIDLE) + tcp(socket.TCP_KEEPINTVL) * tcp(socket.TCP_KEEPCNT) == 8

    def test_a_socket_of_this_machine_has_no_network(self) -> None:
        with socket.socket(socket.AF_UNIX) as wire:
            bound_silence(wire, 8)
            assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0
