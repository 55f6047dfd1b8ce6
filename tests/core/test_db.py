import pytest
from sqlalchemy import text

from app.core.db import after_commit, driver_connection, get_engine, quote, transaction


class TestQuote:
    def test_names_are_quoted_one_by_one(self) -> None:
        assert quote("data", 'or"der') == '"data"."or""der"'


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
