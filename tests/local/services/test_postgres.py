"""Embedded PostgreSQL: started, killed, found again."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from app.local.process import LocalError, Patience, Stopped, is_running, primary_group
from app.local.services import postgres
from app.local.services.postgres import MAX_SOCKET_PATH, Postgres, let_others_pass, let_user_pass
from tests.local.running import eventually


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    folder = tmp_path_factory.mktemp("postgres")
    server = Postgres(folder / "postgres", folder / "postgres.log")
    server.start()
    yield server
    server.stop()


async def query(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


class TestStart:
    async def test_serves_the_database_at_its_url(self, server: Postgres) -> None:
        assert await query(server.url, "SELECT current_database()") == "tolva"

    async def test_is_durable_by_default(self, server: Postgres) -> None:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert await query(server.url, f"SHOW {setting}") == "on"

    async def test_knows_letters_beyond_ascii(self, server: Postgres) -> None:
        assert await query(server.url, "SELECT upper('é')") == "É"

    async def test_may_give_up_durability(self, tmp_path: Path) -> None:
        server = Postgres(tmp_path / "postgres", tmp_path / "log", durable=False)
        server.start()
        try:
            assert await query(server.url, "SHOW fsync") == "off"
        finally:
            server.stop()

    def test_says_why_it_does_not_start(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(postgres.SETTINGS, "shared_buffers", "nonsense")
        server = Postgres(tmp_path / "postgres", tmp_path / "log")
        with pytest.raises(LocalError, match="nonsense"):
            server.start()
        assert not server.is_alive()

    def test_ends_when_the_user_loses_patience(self, tmp_path: Path) -> None:
        patience = Patience()
        patience.stop.set()
        server = Postgres(tmp_path / "postgres", tmp_path / "log", patience=patience)
        with pytest.raises(Stopped):
            server.start()
        assert not server.is_alive()

    def test_starts_in_a_folder_whose_path_is_too_long_for_a_socket(self, tmp_path: Path) -> None:
        folder = tmp_path / ("long" * (MAX_SOCKET_PATH // 4))
        server = Postgres(folder / "postgres", tmp_path / "log")
        server.start()
        assert server.is_alive()
        server.stop()


class TestLog:
    async def test_has_no_values(self, server: Postgres, tmp_path: Path) -> None:
        log = server.folder.parent / "postgres.log"
        await query(server.url, "CREATE TABLE unique_values (value text PRIMARY KEY)")
        statements = [
            "INSERT INTO unique_values VALUES ('secret'), ('secret')",
            "SELECT 'secret'::bigint",
            "SELECT secret FROM unique_values",
            "DO $$ BEGIN RAISE WARNING 'secret'; END $$",
        ]
        for statement in statements:
            with suppress(asyncpg.PostgresError):
                await query(server.url, statement)
        assert log.exists()
        assert "secret" not in log.read_text()

    async def test_says_why_a_session_ended(self, server: Postgres) -> None:
        with pytest.raises(asyncpg.PostgresError):
            await asyncpg.connect(server.url, database="absent")
        assert 'database "absent" does not exist' in (server.folder.parent / "postgres.log").read_text()


class TestCrash:
    async def test_keeps_what_was_committed(self, server: Postgres) -> None:
        await query(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert server.pid
        os.kill(server.pid, signal.SIGKILL)
        assert eventually(lambda: not server.is_alive())
        server.start()
        assert await query(server.url, "SELECT answer FROM kept") == 42

    async def test_takes_over_from_a_server_that_nobody_stopped(self, server: Postgres, tmp_path: Path) -> None:
        assert server.pid
        leftover = psutil.Process(server.pid)
        messages: list[str] = []
        heir = Postgres(server.folder, tmp_path / "log", report=messages.append)
        heir.start()
        try:
            assert not is_running(leftover)
            assert not server.is_alive()
            assert await query(heir.url, "SELECT 1") == 1
            assert messages == ["Stopping the PostgreSQL of an earlier run that was killed"]
        finally:
            heir.stop()
            server.start()

    async def test_is_not_misled_by_another_process_with_the_old_number(self, tmp_path: Path) -> None:
        server = Postgres(tmp_path / "postgres", tmp_path / "log")
        server.start()
        server.stop()
        (server.folder / "postmaster.pid").write_text(f"{os.getpid()}\n{server.folder}\n0\n5432\n\n\n\nready\n")
        server.start()
        assert await query(server.url, "SELECT 1") == 1
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to another user")
class TestLetUserPass:
    def test_opens_a_closed_folder_to_that_user_alone(self, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)
        let_user_pass(closed, "daemon")
        assert closed.stat().st_mode & 0o777 == 0o710
        assert closed.stat().st_gid == primary_group("daemon")

    def test_leaves_one_that_others_pass_as_it_is(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o711)
        before = tmp_path.stat()
        let_user_pass(tmp_path, "daemon")
        assert (tmp_path.stat().st_mode, tmp_path.stat().st_gid) == (before.st_mode, before.st_gid)


class TestLetOthersPass:
    def test_opens_the_folders_above_and_nothing_more(self, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        inner = closed / "inner"
        inner.mkdir(parents=True)
        for folder in (closed, inner):
            folder.chmod(0o700)
        let_others_pass(inner)
        assert closed.stat().st_mode & 0o777 == 0o701
        assert inner.stat().st_mode & 0o777 == 0o700
