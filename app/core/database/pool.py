"""Connections to PostgreSQL: those of the process to the database, and those to its reader.

They are the driver's own, and all code takes them from here, SQLAlchemy too: so a process holds as many as the settings
say, however a request reads. It connects at the first use.
"""

import asyncio
import json
import socket
import time
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from ssl import SSLContext, create_default_context
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import asyncpg
from asyncpg import Connection, InterfaceError, InternalClientError, PostgresError

from app.core.aws.clients import database_token
from app.core.database.bulkhead import Bulkhead
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings

POSTGRESQL_PORT = 5432
# How long a connection may rest before it is asked whether it lives.
REST_SECONDS = 1.0
# How long a request waits for a connection that others have, and how long one may take to end.
WAIT_SECONDS = 30.0
CLOSE_SECONDS = 2.0
# How often a silent network is asked whether the database is there, before a connection is given up.
PROBES = 3
# In front of a jsonb in the binary form.
JSONB_VERSION = b"\x01"

LOST = (PostgresError, InterfaceError, InternalClientError, OSError)


class Pool:
    """The connections to one database, `database_pool_size` of them at most."""

    def __init__(self, address: str, wait_seconds: float = WAIT_SECONDS) -> None:
        self._address = address
        self._wait_seconds = wait_seconds
        size = get_settings().database_pool_size
        self.bulkhead = Bulkhead(size)
        self._places = asyncio.Semaphore(size)
        self._taken: set[Connection[Any]] = set()
        # With the time since when they rest; the one that rested least is taken first.
        self._resting: list[tuple[Connection[Any], float]] = []

    async def take(self) -> "Connection[Any]":
        """Lend a live connection; the caller gives it back.

        Raises:
            ServiceUnavailable: all connections were in use for too long.
            asyncpg.PostgresError, OSError: the database cannot be reached, or refuses another connection.
        """
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise ServiceUnavailable("Too many requests wait for the database.") from None
        try:
            connection = await self._find_living() or await self._connect()
        except BaseException:
            self._places.release()
            raise
        self._taken.add(connection)
        return connection

    def give_back(self, connection: "Connection[Any]") -> None:
        """Keep a connection for the next one who needs it, unless it is closed or in the middle of something."""
        self._taken.remove(connection)
        self._places.release()
        if connection.is_closed():
            return
        if connection.is_in_transaction():
            connection.terminate()
        else:
            self._resting.append((connection, time.time()))

    def has_given(self, connection: "Connection[Any]") -> bool:
        """Return whether a connection is lent and not given back yet."""
        return connection in self._taken

    def drop_resting(self) -> None:
        """Use no idle connection again: if one was lost, the others lead to the same server."""
        while self._resting:
            self._resting.pop()[0].terminate()

    async def close(self) -> None:
        """Close the connections that rest."""
        while self._resting:
            await end(self._resting.pop()[0])

    async def _find_living(self) -> "Connection[Any] | None":
        """A connection that rested; one that was used a moment ago is not asked, as that takes as long as a query.

        What the server closed is known without a question, unless the process itself was stopped meanwhile, as Lambda's
        are: then much time has passed.
        """
        while self._resting:
            connection, since = self._resting.pop()
            try:
                if connection.is_closed():
                    continue
                if time.time() - since >= REST_SECONDS:
                    await connection.fetchrow(";", timeout=get_settings().connect_timeout_seconds)
            except LOST:
                connection.terminate()
                self.drop_resting()
            except BaseException:
                connection.terminate()
                raise
            else:
                return connection
        return None

    async def _connect(self) -> "Connection[Any]":
        settings = get_settings()
        connection: Connection[Any] = await asyncpg.connect(
            **login(self._address),
            server_settings={
                "application_name": "tolva",
                "timezone": "UTC",
                "statement_timeout": str(int(settings.statement_timeout_seconds * 1000)),
                "lock_timeout": str(int(settings.lock_timeout_seconds * 1000)),
            },
        )
        try:
            # The driver has no other way to its socket.
            transport = connection._transport  # type: ignore[attr-defined]
            bound_silence(transport.get_extra_info("socket"), settings.network_timeout_seconds)
            await _read_json(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection


def bound_silence(wire: socket.socket, seconds: float) -> None:
    """End a connection whose network drops packets: no timeout of the server helps then.

    The kernel asks while it waits for an answer, and gives up what it sent; not every system has each of these bounds.
    """
    if wire.family not in (socket.AF_INET, socket.AF_INET6):
        return
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    probe = max(1, round(seconds / (PROBES + 1)))
    bounds = {
        "TCP_KEEPIDLE": probe,
        "TCP_KEEPINTVL": probe,
        "TCP_KEEPCNT": PROBES,
        "TCP_USER_TIMEOUT": round(seconds * 1000),
    }
    for name, value in bounds.items():
        if hasattr(socket, name):
            wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _read_json(connection: "Connection[Any]") -> None:
    """Let a connection decode JSON and take it as text, as SQLAlchemy expects."""
    for name, head in (("json", b""), ("jsonb", JSONB_VERSION)):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            format="binary",
            encoder=partial(_encode, head),
            decoder=partial(_decode, len(head)),
        )


def _encode(head: bytes, text: str) -> bytes:
    return head + text.encode()


def _decode(start: int, data: bytes) -> Any:
    return json.loads(data[start:])


async def end(connection: "Connection[Any]") -> None:
    """Close a connection, and have the server stop what it does for it."""
    with suppress(*LOST):
        await connection.close(timeout=CLOSE_SECONDS)


def login(address: str) -> dict[str, Any]:
    """The driver's arguments to log in: with the password of an address, or with a new token for each connection."""
    settings = get_settings()
    place, _, rest = address.partition("?")
    query = dict(parse_qsl(rest))
    # Both names are known; the driver's own in an address is the second.
    ssl = query.pop("ssl", None) or query.pop("sslmode", None)
    dsn = f"{place}?{urlencode(query)}" if query else place
    arguments: dict[str, Any] = {"dsn": dsn, "timeout": settings.connect_timeout_seconds}
    if settings.database_iam:
        url = urlsplit(place)
        user = unquote(url.username or "")
        arguments["password"] = partial(database_token, url.hostname or "", url.port or POSTGRESQL_PORT, user)
        # Aurora takes a token over TLS only; the address may ask for more than that.
        ssl = ssl or "require"
    if settings.database_ca_file is not None:
        return arguments | {"ssl": verified_tls(settings.database_ca_file)}
    return arguments if ssl is None else arguments | {"ssl": ssl}


@cache
def verified_tls(authorities: Path) -> SSLContext:
    """TLS with a server whose certificate is of one of these authorities, and for the host that is connected to."""
    return create_default_context(cafile=authorities)


@cache
def get_writer() -> Pool:
    """The connections to the database; where nothing is written, those to its reader."""
    settings = get_settings()
    return get_reader() if settings.read_only and settings.reader_url else Pool(settings.database_url)


@cache
def get_reader() -> Pool:
    """The connections for reads that may lag a moment: those to the reader, if the settings name one."""
    url = get_settings().reader_url
    return get_writer() if url is None else Pool(url)


async def close_connections() -> None:
    """Close the idle connections; the next use reads the settings and connects again."""
    for get_pool in (get_writer, get_reader):
        if get_pool.cache_info().currsize:
            await get_pool().close()
            get_pool.cache_clear()
