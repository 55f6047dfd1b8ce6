import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.database.errors import QUERY_CANCELED
from app.core.database.sessions import (
    TimedSession,
    after_commit,
    driver_connection,
    get_engine,
    problem_for,
    sql_state,
    transaction,
)
from app.core.errors import RequestInvalid, ServiceUnavailable


@pytest.mark.usefixtures("database_url")
class TestTransaction:
    async def test_its_work_is_there_once_it_ended(self) -> None:
        async with transaction() as session:
            await session.execute(text("CREATE TABLE data.kept (n int)"))
        assert await _exists("data.kept")

    async def test_an_error_undoes_it(self) -> None:
        async def fail() -> None:
            async with transaction() as session:
                await session.execute(text("CREATE TABLE data.undone (n int)"))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fail()
        assert not await _exists("data.undone")

    async def test_messages_leave_after_the_commit(self) -> None:
        seen = []

        async def look() -> None:
            seen.append(await _exists("data.announced"))

        async with transaction() as session:
            after_commit(session, look)
            await session.execute(text("CREATE TABLE data.announced (n int)"))
            assert seen == []
        assert seen == [True]

    async def test_no_message_leaves_without_a_commit(self) -> None:
        seen = []

        async def look() -> None:
            seen.append(True)

        async def fail() -> None:
            async with transaction() as session:
                after_commit(session, look)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fail()
        assert seen == []

    async def test_the_driver_is_below_it(self) -> None:
        async with get_engine().connect() as connection:
            driver = await driver_connection(connection)
            assert await driver.fetchval("SELECT current_setting('timezone')") == "UTC"


async def _exists(table: str) -> bool:
    async with get_engine().connect() as connection:
        return (await connection.scalar(text("SELECT to_regclass(:name)"), {"name": table})) is not None


@pytest.mark.usefixtures("database_url")
class TestTimedSession:
    async def test_its_statements_have_a_time_together(self) -> None:
        async with transaction() as session:
            timed = TimedSession(session, 0.4)
            await timed.run("SELECT pg_sleep($1::double precision)", 0.3)
            with pytest.raises(DBAPIError) as stopped:
                await timed.run("SELECT pg_sleep(0.3)")
            assert sql_state(stopped.value) == QUERY_CANCELED
            await session.rollback()
            with pytest.raises(TimeoutError):
                await timed.run("SELECT 1")

    async def test_those_behind_it_have_their_own(self) -> None:
        async with transaction() as session:
            timed = TimedSession(session, 0.1)
            await timed.run("SELECT 1")
            await timed.release()
            await session.execute(text("SELECT pg_sleep(0.2)"))

    async def test_rows_are_read_in_batches(self) -> None:
        async with transaction() as session:
            rows = TimedSession(session, 10).stream("SELECT generate_series(1, 25)", 10)
            assert [row[0] async for row in rows] == list(range(1, 26))

    async def test_reading_them_has_its_time_too(self) -> None:
        async def read(seconds: float, statement: str) -> None:
            async with transaction() as session:
                async for _ in TimedSession(session, seconds).stream(statement, 1):
                    await asyncio.sleep(0.1)

        with pytest.raises(TimeoutError):
            await read(0.2, "SELECT generate_series(1, 1000)")
        with pytest.raises(TimeoutError):
            await read(0.2, "SELECT pg_sleep(1)")

    async def test_a_savepoint_undoes_what_fails(self) -> None:
        async def fail(timed: TimedSession) -> None:
            async with timed.savepoint():
                await timed.run("CREATE TABLE data.undone (n int)")
                raise RuntimeError

        async with transaction() as session:
            timed = TimedSession(session, 10)
            await timed.run("CREATE TABLE data.kept (n int)")
            with pytest.raises(RuntimeError):
                await fail(timed)
        assert await _exists("data.kept")
        assert not await _exists("data.undone")


@pytest.mark.usefixtures("database_url")
class TestProblemFor:
    @pytest.mark.parametrize(
        ("statement", "kind"),
        [
            ("SELECT * FROM data.absent", type(None)),
            ("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$", ServiceUnavailable),
            ("DO $$ BEGIN RAISE SQLSTATE '55P03'; END $$", ServiceUnavailable),
            ("DO $$ BEGIN RAISE SQLSTATE '54000'; END $$", RequestInvalid),
            ("SELECT 1 / 0", type(None)),
        ],
    )
    async def test_what_a_caller_can_act_on_is_told(self, statement: str, kind: type[object]) -> None:
        async with get_engine().connect() as connection:
            with pytest.raises(DBAPIError) as failed:
                await connection.exec_driver_sql(statement)
        assert type(problem_for(failed.value)) is kind
