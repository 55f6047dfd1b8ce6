"""A process whose database goes away, comes back as another one, or wants a new password."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
import pytest_asyncio
from httpx import AsyncClient
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from app.core.database.pool import close_connections, login
from app.core.database.sessions import problem_for, transaction
from app.core.database.statements import fetch
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings

READ_ONLY = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
WRITE = "CREATE TABLE data.written (n int)"


@pytest.mark.usefixtures("database_url")
class TestFailover:
    """The connection leads to what was the writer: it lives, and takes no write."""

    async def test_a_session_that_meets_a_reader_is_the_last_to_do_so(self) -> None:
        await close_connections()
        with pytest.raises(DBAPIError) as refused:
            await self._write_in_session(READ_ONLY)
        assert type(problem_for(refused.value)) is ServiceUnavailable
        await self._write_in_session()

    async def test_so_is_a_statement(self) -> None:
        await close_connections()
        await fetch(READ_ONLY)
        with pytest.raises(ServiceUnavailable):
            await fetch(WRITE)
        await fetch(WRITE)

    async def _write_in_session(self, *before: str) -> None:
        for statement in before:
            async with transaction() as session:
                await session.execute(text(statement))
        async with transaction() as session:
            await session.execute(text(WRITE))


@pytest_asyncio.fixture
async def paused_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Event]:
    """A database that takes connections and, until the event is set, says nothing: Aurora while it resumes."""
    resumed = asyncio.Event()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await resumed.wait()
        real = make_url(database_url)
        path = f"{real.query['host']}/.s.PGSQL.{real.port or 5432}"
        upstream = await asyncio.open_unix_connection(path)
        await asyncio.gather(_copy(reader, upstream[1]), _copy(upstream[0], writer))

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    paused = make_url(database_url).difference_update_query(["host"]).set(host="127.0.0.1", port=port)
    monkeypatch.setenv("TOLVA_DATABASE_URL", paused.render_as_string(hide_password=False))
    monkeypatch.setenv("TOLVA_CONNECT_TIMEOUT_SECONDS", "0.3")
    await _begin_fresh()
    yield resumed
    await close_connections()
    server.close()
    monkeypatch.undo()
    await _begin_fresh()


async def _begin_fresh() -> None:
    """Read settings and open connections again, as a new process does."""
    await close_connections()
    get_settings.cache_clear()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while block := await source.read(65536):
        target.write(block)
    target.close()


class TestPausedDatabase:
    async def test_it_is_to_be_tried_again_until_it_has_resumed(
        self, client: AsyncClient, paused_database: asyncio.Event
    ) -> None:
        refused = await client.get("/datasets")
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/service-unavailable")
        assert int(refused.headers["retry-after"]) > 0
        paused_database.set()
        assert (await client.get("/datasets")).status_code == 200


@pytest.fixture
def iam(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings that have the process log in by IAM."""
    monkeypatch.setenv("TOLVA_DATABASE_IAM", "true")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.mark.usefixtures("iam")
class TestIamLogin:
    async def test_each_connection_has_a_token_of_its_own_as_its_password(self, database_url: str) -> None:
        arguments = login("postgresql://tolva@cluster.example:5433/tolva")
        assert arguments["ssl"] == "require"
        token = urlsplit(f"https://{await arguments['password']()}")
        assert token.netloc == "cluster.example:5433"
        signed = {name: value for name, (value,) in parse_qs(token.query).items()}
        assert (signed["Action"], signed["DBUser"], signed["X-Amz-Expires"]) == ("connect", "tolva", "900")
        assert signed["X-Amz-Credential"].endswith("/rds-db/aws4_request")
        assert len(signed["X-Amz-Signature"]) == 64

    async def test_the_url_may_have_the_certificate_verified(self) -> None:
        assert login("postgresql://tolva@cluster.example/tolva?ssl=verify-full")["ssl"] == "verify-full"

    async def test_the_driver_asks_for_one_whenever_it_connects(self, database_url: str) -> None:
        asked = 0
        arguments = login(database_url)

        async def counted() -> str:
            nonlocal asked
            asked += 1
            token: str = await arguments["password"]()
            return token

        for _ in range(2):
            # The tests' PostgreSQL has no TLS, and lets everybody in.
            connection = await asyncpg.connect(**(arguments | {"ssl": False, "password": counted}))
            assert await connection.fetchval("SELECT 1") == 1
            await connection.close()
        assert asked == 2
