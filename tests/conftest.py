"""Fixtures of all tests: a real PostgreSQL built by alembic, a real emulator, the same `create_app()`.

Each pytest process starts its own pair, so tests may run in parallel; each test finds both of them empty.
A test that asks for none of this starts nothing.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient

from app.core.aws.clients import client as aws_client
from app.core.aws.clients import close_clients
from app.core.database.names import CATALOGUE_SCHEMA, DATA_SCHEMA, LOADING_SCHEMA, quote
from app.core.database.pool import close_connections
from app.core.dynamo.table import repeat_batch
from app.core.settings import get_settings
from app.datasets.images import provide
from app.images import lookup
from app.images.check.process import close_processes
from app.local.services.emulator import BUCKET
from app.local.services.services import Services
from tests import dynamodb_local as dynamodb

if TYPE_CHECKING:
    from app.local.worker import Source

BASE_URL = "http://tolva.test"
ADMIN_KEY = "tolva_admin_of_the_tests_0123456789"
# S3 announces a new object a moment after it has answered.
FIRST_MESSAGE_SECONDS = 2
SILENCE_SECONDS = 0.2

# A job in the background of a shell ignores Ctrl-C, and so would the programs that are started here to be ended by it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

Drain = Callable[[], Coroutine[Any, Any, int]]


# Files of few tests that take long: begun last, they would leave the other processes without work.
LONG = (
    *("tests/local/", "tests/conformance/", "tests/stack/", "tests/test_image", "tests/test_tour"),
    *("tests/imports/test_faults", "tests/records/test_currency", "tests/imports/worker/test_memory"),
)


def pytest_configure(config: pytest.Config) -> None:
    """Let Python keep what it compiles, also on a machine that is set up not to: hundreds of programs are started."""
    assert config.cache is not None
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(config.cache.mkdir("bytecode"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(scope="session", autouse=True)
def images() -> None:
    """Provide images to what makes SQL of them, as an application does."""
    provide(lookup)


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """PostgreSQL and the emulator, migrated, with the environment pointing at them."""
    folder = os.environ.get(dynamodb.VARIABLE)
    for name in [name for name in os.environ if name.startswith("TOLVA_")]:
        del os.environ[name]
    services = Services(tmp_path_factory.mktemp("services"), durable=False)
    try:
        services.start()
        services.use()
        os.environ["TOLVA_ADMIN_KEY"] = ADMIN_KEY
        with dynamodb.dynamodb_local(folder):
            services.prepare()
            yield services
    finally:
        services.stop()


@pytest.fixture
def setting() -> Iterator[None]:
    """The settings are read again before and after the test, for those it sets in the environment."""
    before = dict(os.environ)
    get_settings.cache_clear()
    yield
    os.environ.clear()
    os.environ.update(before)
    get_settings.cache_clear()


@pytest_asyncio.fixture(scope="session")
async def connections(services: Services) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the tests' own; at the end the application's are closed with it."""
    connection = await asyncpg.connect(services.postgres.url, server_settings={"lock_timeout": "5s"})
    yield connection
    await connection.close()
    await close_processes()
    await close_connections()
    await close_clients()


@pytest_asyncio.fixture
async def database_url(services: Services, connections: asyncpg.Connection) -> str:
    """The URL of an empty database, with an empty bucket, queue and table."""
    await empty_everything(connections)
    return services.postgres.url


async def empty_everything(connection: asyncpg.Connection) -> None:
    """Leave nothing in the database, the bucket, the queue and the table."""
    await _empty_database(connection)
    await _empty_emulator()


async def _empty_database(connection: asyncpg.Connection) -> None:
    filled = await connection.fetch(await _find_filled(connection))
    # Not by DELETE, which is faster: how queries are planned would depend on when a table was last analysed.
    names = ", ".join(quote(CATALOGUE_SCHEMA, row["name"]) for row in filled)
    statements = [f"TRUNCATE {names} CASCADE"] if names else []
    used = await connection.fetch("SELECT DISTINCT relnamespace::regnamespace::text AS name FROM pg_class")
    used_schemas = {row["name"] for row in used}
    for schema in (DATA_SCHEMA, LOADING_SCHEMA):
        statements += [f"DROP SCHEMA {quote(schema)} CASCADE"] if schema in used_schemas else []
        statements.append(f"CREATE SCHEMA IF NOT EXISTS {quote(schema)}")
    await connection.execute("; ".join(statements))


async def _find_filled(connection: asyncpg.Connection) -> str:
    """The statement that finds the tables of the catalogue which hold anything: most tests use a few of them."""
    tables = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename <> 'alembic_version'", CATALOGUE_SCHEMA
    )
    return " UNION ALL ".join(
        f"SELECT '{row['tablename']}' AS name WHERE EXISTS (SELECT FROM {quote(CATALOGUE_SCHEMA, row['tablename'])})"
        for row in tables
    )


async def _empty_emulator() -> None:
    sqs = await aws_client("sqs")
    for queue_url in (get_settings().queue_url, get_settings().images_queue_url):
        assert queue_url is not None
        await sqs.purge_queue(QueueUrl=queue_url)
    s3 = await aws_client("s3")
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET)
    async for page in pages:
        for item in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            await s3.delete_object(Bucket=BUCKET, Key=item["Key"], VersionId=item["VersionId"])
    await _empty_table()


async def _empty_table() -> None:
    client = await aws_client("dynamodb")
    table = get_settings().table
    async for found in client.get_paginator("scan").paginate(TableName=table, ProjectionExpression="pk, sk"):
        deletes = [{"DeleteRequest": {"Key": key}} for key in found["Items"]]
        for start in range(0, len(deletes), 25):
            await repeat_batch(deletes[start : start + 25])


@pytest.fixture
def transport(database_url: str) -> ASGITransport:
    """The way to a new application of the test's own."""
    from app.main import create_app  # noqa: PLC0415  # most tests need no application

    return ASGITransport(app=create_app(), raise_app_exceptions=False)


@pytest_asyncio.fixture
async def anonymous(transport: ASGITransport) -> AsyncIterator[AsyncClient]:
    """A caller of the API without a key."""
    async with AsyncClient(transport=transport, base_url=BASE_URL) as caller:
        yield caller


@pytest_asyncio.fixture
async def client(transport: ASGITransport) -> AsyncIterator[AsyncClient]:
    """A caller of the API with the administrator's key."""
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with AsyncClient(transport=transport, base_url=BASE_URL, headers=headers) as caller:
        yield caller


@pytest.fixture
def worker(database_url: str) -> Drain:
    """Brings every message of the real queues to the worker's handler and tells how many there were."""
    return _drain


async def _drain(*, is_of_images: bool = False) -> int:
    handled = await work_off(FIRST_MESSAGE_SECONDS, is_of_images=is_of_images)
    more = handled
    while more:
        await asyncio.sleep(SILENCE_SECONDS)
        more = await work_off(is_of_images=is_of_images)
        handled += more
    return handled


@pytest.fixture
def image_worker(database_url: str) -> Drain:
    """The same with the messages of the images' queue."""
    return partial(_drain, is_of_images=True)


async def work_off(wait_seconds: int = 0, *, is_of_images: bool = False) -> int:
    """Bring what the queues hold to the worker's handler, waiting so long for a first message; how many there were.

    `is_of_images`: of the images' queue alone.
    """
    from app.local.worker import image_source, import_source  # noqa: PLC0415  # with it comes all of the engine

    if is_of_images:
        return await _work_off(image_source(), wait_seconds)
    handled = await _work_off(import_source(), wait_seconds)
    while pictures := await _work_off(image_source(), 0):
        handled += pictures + await _work_off(import_source(), 0)
    return handled


async def _work_off(source: "Source", wait_seconds: int) -> int:
    from app.local.worker import handle_message, receive_message  # noqa: PLC0415  # the same

    handled = 0
    message = await receive_message(wait_seconds, source)
    while message is not None:
        await handle_message(message, source=source)
        handled += 1
        message = await receive_message(0, source)
    return handled
