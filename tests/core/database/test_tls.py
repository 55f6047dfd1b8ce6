"""The database's certificate is verified, if the settings name authorities."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from shutil import which
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
import pytest_asyncio

from app.core.database.pool import login
from app.core.settings import SettingsInvalid, get_settings

pytestmark = pytest.mark.skipif(which("openssl") is None, reason="openssl makes the certificates")

# What a client asks before TLS, and how the server agrees.
SSL_REQUEST_BYTES, AGREED = 8, b"S"


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for the host `localhost` that is its own authority, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


class TlsServer:
    """Stands in front of PostgreSQL, which has no TLS in the tests, and speaks it."""

    def __init__(self, socket: str, certificate: Path, key: Path) -> None:
        self._socket = socket
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(certificate, key)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen on loopback; the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readexactly(SSL_REQUEST_BYTES)
            writer.write(AGREED)
            await writer.start_tls(self._tls)
            there, back = await asyncio.open_unix_connection(self._socket)
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest_asyncio.fixture
async def port(database_url: str, tmp_path: Path) -> AsyncIterator[int]:
    """The port of the database with TLS; its authority is in `right.pem`."""
    folder = parse_qs(urlsplit(database_url).query)["host"][0]
    server = TlsServer(f"{folder}/.s.PGSQL.5432", *make_certificate(tmp_path, "right"))
    yield await server.start()
    await server.stop()


@pytest.mark.usefixtures("setting")
class TestAuthorities:
    async def _connect(self, monkeypatch: pytest.MonkeyPatch, authorities: Path, host: str, port: int) -> int:
        monkeypatch.setenv("TOLVA_DATABASE_CA_FILE", str(authorities))
        get_settings.cache_clear()
        connection = await asyncpg.connect(**login(f"postgresql://postgres@{host}:{port}/tolva"))
        try:
            return int(await connection.fetchval("SELECT 1"))
        finally:
            await connection.close()

    async def test_a_server_with_a_certificate_of_one_is_trusted(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: int
    ) -> None:
        assert await self._connect(monkeypatch, tmp_path / "right.pem", "localhost", port) == 1

    async def test_one_of_another_authority_is_not(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: int
    ) -> None:
        other, _ = make_certificate(tmp_path, "other")
        with pytest.raises(ssl.SSLCertVerificationError):
            await self._connect(monkeypatch, other, "localhost", port)

    async def test_nor_is_one_for_another_host(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: int
    ) -> None:
        with pytest.raises(ssl.SSLCertVerificationError, match=r"127\.0\.0\.1"):
            await self._connect(monkeypatch, tmp_path / "right.pem", "127.0.0.1", port)

    async def test_an_address_cannot_ask_for_less(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: int
    ) -> None:
        monkeypatch.setenv("TOLVA_DATABASE_CA_FILE", str(tmp_path / "right.pem"))
        get_settings.cache_clear()
        tls = login("postgresql://a@b/c?sslmode=disable")["ssl"]
        assert (tls.verify_mode, tls.check_hostname) == (ssl.CERT_REQUIRED, True)

    @pytest.mark.usefixtures("database_url")
    def test_a_file_that_is_not_there_stops_the_start(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("TOLVA_DATABASE_CA_FILE", str(tmp_path / "absent.pem"))
        get_settings.cache_clear()
        with pytest.raises(SettingsInvalid, match="TOLVA_DATABASE_CA_FILE: must be a file that can be read"):
            get_settings()
