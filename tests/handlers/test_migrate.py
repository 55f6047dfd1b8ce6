import asyncio
import subprocess
import sys

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import make_url

from app.handlers.migrate import CONFIG_FILE, handler, upgrade

MIGRATE = "import sys; from app.handlers.migrate import upgrade; upgrade(sys.argv[1])"


@pytest.fixture
async def new_database(database_url: str, connections: asyncpg.Connection) -> str:
    """The address of a database that no migration has seen."""
    await connections.execute("DROP DATABASE IF EXISTS migrated WITH (FORCE)")
    await connections.execute("CREATE DATABASE migrated")
    return make_url(database_url).set(database="migrated").render_as_string(hide_password=False)


async def _tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT schemaname || '.' || tablename AS name FROM pg_tables")
    await connection.close()
    return {row["name"] for row in rows}


class TestUpgrade:
    async def test_it_makes_the_catalogue(self, new_database: str) -> None:
        await asyncio.to_thread(upgrade, new_database)
        tables = await _tables(new_database)
        assert {"tolva.dataset", "tolva.import", "tolva.api_key", "tolva.alembic_version"} <= tables

    async def test_twice_is_as_good_as_once(self, new_database: str) -> None:
        await asyncio.to_thread(upgrade, new_database)
        await asyncio.to_thread(upgrade, new_database)

    async def test_several_processes_at_once_do_not_disturb_each_other(self, new_database: str) -> None:
        command = [sys.executable, "-c", MIGRATE, new_database]
        started = [await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE) for _ in range(3)]
        for process in started:
            _, errors = await process.communicate()
            assert process.returncode == 0, errors.decode()

    async def test_the_models_and_the_migrations_agree(self, new_database: str) -> None:
        await asyncio.to_thread(upgrade, new_database)
        config = Config(CONFIG_FILE, stdout=sys.stderr)
        config.attributes["database_url"] = new_database
        await asyncio.to_thread(command.check, config)


class TestHandler:
    async def test_it_says_where_the_database_is(self, database_url: str) -> None:
        assert await asyncio.to_thread(handler, {}, None) == {"revision": "0002"}
