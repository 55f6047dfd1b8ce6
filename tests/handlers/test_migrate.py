"""The function that migrates: on a real database, and with a server in the place of CloudFormation."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import make_url

from app.core import log
from app.core.settings import get_settings
from app.handlers.migrate import CONFIG_FILE, MASTER, handler, upgrade

MIGRATE = "import sys; from app.handlers.migrate import upgrade; upgrade(sys.argv[1])"


@pytest.fixture
async def new_database(database_url: str, connections: asyncpg.Connection) -> str:
    """The address of a database that no migration has seen."""
    await connections.execute("DROP DATABASE IF EXISTS migrated WITH (FORCE)")
    await connections.execute("CREATE DATABASE migrated")
    return make_url(database_url).set(database="migrated").render_as_string(hide_password=False)


def _downgrade(url: str, revision: str) -> None:
    config = Config(CONFIG_FILE, stdout=sys.stderr)
    config.attributes["database_url"] = url
    command.downgrade(config, revision)


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

    async def test_columns_of_images_from_before_there_were_images_become_texts(self, new_database: str) -> None:
        await asyncio.to_thread(upgrade, new_database)
        await asyncio.to_thread(_downgrade, new_database, "0007")
        connection = await asyncpg.connect(new_database)
        columns = [{"name": "b", "type": "image", "label": "B"}, {"name": "a", "type": "integer"}]
        make = "INSERT INTO tolva.dataset (id, name, store, key, columns) VALUES (gen_random_uuid(), $1, $2, '{}', $3)"
        await connection.execute(make, "lamps", "relational", json.dumps(columns))
        await connection.execute(make, "chairs", "keyvalue", json.dumps(columns[1:]))
        before = {row["name"]: row["updated_at"] for row in await connection.fetch("SELECT * FROM tolva.dataset")}
        await asyncio.to_thread(upgrade, new_database)
        found = {row["name"]: row for row in await connection.fetch("SELECT * FROM tolva.dataset")}
        await connection.close()
        assert json.loads(found["lamps"]["columns"]) == [columns[0] | {"type": "text"}, columns[1]]
        assert found["lamps"]["updated_at"] > before["lamps"]
        assert json.loads(found["chairs"]["columns"]) == columns[1:]
        assert found["chairs"]["updated_at"] == before["chairs"]

    async def test_the_models_and_the_migrations_agree(self, new_database: str) -> None:
        await asyncio.to_thread(upgrade, new_database)
        config = Config(CONFIG_FILE, stdout=sys.stderr)
        config.attributes["database_url"] = new_database
        await asyncio.to_thread(command.check, config)


class TestHandler:
    async def test_it_says_where_the_database_is(self, database_url: str) -> None:
        assert await asyncio.to_thread(handler, {}, None) == {"revision": "0008"}


class CloudFormation(BaseHTTPRequestHandler):
    """The address that CloudFormation waits for an answer at."""

    answers: list[dict[str, Any]]

    def do_PUT(self) -> None:  # the name that http.server calls
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answers.append({**json.loads(body), "type": self.headers.get("Content-Type")})
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Deploy:
    """Calls the function as CloudFormation does, with the database of these settings."""

    def __init__(self, response_url: str, environment: pytest.MonkeyPatch) -> None:
        self._response_url = response_url
        self._environment = environment

    async def __call__(self, kind: str, database_url: str, password: str = "", **properties: str) -> dict[str, Any]:
        self._environment.setenv("TOLVA_DATABASE_URL", database_url)
        self._environment.setenv("TOLVA_MASTER_PASSWORD", password)
        get_settings.cache_clear()
        told = {"StackId": "stack", "RequestId": "1", "LogicalResourceId": "Migration"}
        event = {"RequestType": kind, "ResponseURL": self._response_url, "ResourceProperties": properties, **told}
        await asyncio.to_thread(handler, event, None)
        (answer,) = CloudFormation.answers
        CloudFormation.answers.clear()
        assert told.items() <= answer.items()
        return answer


@pytest.fixture
def deploy(setting: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deploy]:
    """A deploy, as often as it is called."""
    CloudFormation.answers = []
    server = HTTPServer(("127.0.0.1", 0), CloudFormation)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Deploy(f"http://127.0.0.1:{server.server_port}/answer", monkeypatch)
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
async def aurora(database_url: str, connections: asyncpg.Connection) -> AsyncIterator[str]:
    """The address of a new database as Aurora makes it, for the user that the functions log in as."""
    # The role is what lets its members log in by IAM.
    await connections.execute("CREATE ROLE rds_iam")
    await connections.execute(f"CREATE ROLE {MASTER} LOGIN CREATEROLE PASSWORD 'of-the-test'")
    await connections.execute(f"GRANT rds_iam TO {MASTER} WITH ADMIN OPTION")
    await connections.execute(f"CREATE DATABASE aurora OWNER {MASTER}")
    yield make_url(database_url).set(database="aurora", username="tolva").render_as_string(hide_password=False)
    await connections.execute("DROP DATABASE aurora WITH (FORCE)")
    await connections.execute(f"DROP ROLE IF EXISTS tolva; DROP ROLE {MASTER}; DROP ROLE rds_iam")


class TestDeploy:
    async def test_the_first_makes_the_user_and_migrates_as_it(self, deploy: Deploy, aurora: str) -> None:
        answer = await deploy("Create", aurora, "of-the-test")
        # The address is signed for a body without a type.
        assert (answer["Status"], answer["PhysicalResourceId"], answer["type"]) == ("SUCCESS", "database", "")
        connection = await asyncpg.connect(aurora)
        owner = "SELECT tableowner FROM pg_tables WHERE (schemaname, tablename) = ('tolva', 'dataset')"
        assert await connection.fetchval(owner) == "tolva"
        await connection.close()

    async def test_the_user_may_nothing_beside_that(self, deploy: Deploy, aurora: str) -> None:
        await deploy("Create", aurora, "of-the-test")
        connection = await asyncpg.connect(aurora)
        role = await connection.fetchrow("SELECT * FROM pg_roles WHERE rolname = 'tolva'")
        assert role
        assert not any(role[right] for right in ("rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication"))
        assert await connection.fetchval("SELECT pg_has_role('tolva', 'rds_iam', 'member')")
        await connection.close()

    async def test_the_next_find_everything_there(self, deploy: Deploy, aurora: str) -> None:
        for kind in ("Create", "Update", "Update"):
            assert (await deploy(kind, aurora, "of-the-test"))["Status"] == "SUCCESS"

    async def test_older_code_leaves_a_database_alone_that_is_ahead_of_it(self, deploy: Deploy, aurora: str) -> None:
        await deploy("Create", aurora, "of-the-test")
        connection = await asyncpg.connect(aurora)
        await connection.execute("UPDATE tolva.alembic_version SET version_num = '9999'")
        await connection.close()
        assert (await deploy("Update", aurora, "of-the-test"))["Status"] == "SUCCESS"

    async def test_a_migration_that_fails_stops_it_and_says_why(self, deploy: Deploy, aurora: str) -> None:
        await deploy("Create", aurora, "of-the-test")
        connection = await asyncpg.connect(aurora)
        await connection.execute("UPDATE tolva.alembic_version SET version_num = '0001'")
        await connection.close()
        answer = await deploy("Update", aurora, "of-the-test")
        assert answer["Status"] == "FAILED"
        assert "already exists" in answer["Reason"]

    @pytest.mark.parametrize("password", ["", "of-before-the-rotation"])
    async def test_the_next_do_not_need_the_masters_password(self, deploy: Deploy, aurora: str, password: str) -> None:
        await deploy("Create", aurora, "of-the-test")
        assert (await deploy("Update", aurora, password))["Status"] == "SUCCESS"

    async def test_without_it_the_first_fails(self, deploy: Deploy, aurora: str) -> None:
        answer = await deploy("Create", aurora)
        assert answer["Status"] == "FAILED"
        assert "tolva" in answer["Reason"]

    async def test_a_migration_waits_for_an_import_that_holds_its_lock(
        self, deploy: Deploy, aurora: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.handlers.migrate.LOCK_PAUSE_SECONDS", 0.1)
        waits = threading.Event()
        monkeypatch.setattr(log, "_listeners", [lambda name, _: waits.set() if name == "migration.waits" else None])
        await deploy("Create", aurora, "of-the-test")
        await asyncio.to_thread(_downgrade, aurora, "0003")
        connection = await asyncpg.connect(aurora)
        async with connection.transaction():
            await connection.execute("LOCK TABLE tolva.dataset IN ACCESS SHARE MODE")
            deployed = asyncio.create_task(deploy("Update", aurora))
            assert await asyncio.to_thread(waits.wait, 30)
        assert (await deployed)["Status"] == "SUCCESS"
        assert await connection.fetchval("SELECT version_num FROM tolva.alembic_version") == "0008"
        await connection.close()

    async def test_it_does_not_wait_for_ever(
        self, deploy: Deploy, aurora: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.handlers.migrate.LOCK_PATIENCE_SECONDS", 0.0)
        await deploy("Create", aurora, "of-the-test")
        await asyncio.to_thread(_downgrade, aurora, "0003")
        connection = await asyncpg.connect(aurora)
        async with connection.transaction():
            await connection.execute("LOCK TABLE tolva.dataset IN ACCESS SHARE MODE")
            answer = await deploy("Update", aurora)
        await connection.close()
        assert answer["Status"] == "FAILED"
        assert "lock timeout" in answer["Reason"]

    async def test_a_secondary_region_is_left_alone(self, deploy: Deploy) -> None:
        answer = await deploy("Create", "postgresql://none.invalid/none", ReadOnly="true")
        assert answer["Status"] == "SUCCESS"

    async def test_when_the_stack_goes_nothing_is_done(self, deploy: Deploy) -> None:
        assert (await deploy("Delete", "postgresql://none.invalid/none", "any"))["Status"] == "SUCCESS"
