"""A secondary region: it reads what the primary one has, and no route writes until it is promoted."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from httpx import ASGITransport, AsyncClient, Response

from app.core.aws.clients import client as aws_client
from app.core.aws.queue import send_body
from app.core.database.pool import close_connections
from app.core.dynamo.requests import WRITES, send
from app.core.errors import RegionReadOnly
from app.core.settings import get_settings
from app.handlers.migrate import _prepare, upgrade
from app.handlers.worker import process
from app.main import create_app
from tests.conftest import ADMIN_KEY, BASE_URL
from tests.handlers.test_worker import sqs_event
from tests.regions.standby import Primary, Standby

COLUMNS = [{"name": "sku", "type": "text"}, {"name": "price", "type": "decimal", "precision": 6, "scale": 2}]
RECORDS = [{"sku": "a", "price": "1.00"}, {"sku": "b", "price": "2.00"}]
STORES = ("relational", "keyvalue")
READS_BY_POST = ("/datasets/{dataset}/records/query", "/datasets/{dataset}/records/get")
BODIES: dict[str, Any] = {READS_BY_POST[0]: {"limit": 1}, READS_BY_POST[1]: {"keys": ["a"]}}


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Primary]:
    """The primary region's database."""
    folder = tmp_path_factory.mktemp("primary")
    server = Primary(folder / "data", folder / "log", durable=False)
    server.start()
    try:
        upgrade(server.url)
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def standby(primary: Primary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standby]:
    """The secondary region's database, a copy that follows the primary one."""
    folder = tmp_path_factory.mktemp("standby")
    server = Standby(folder / "data", folder / "log", durable=False)
    server._prepare_user()
    primary.copy_to(server.folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Regions:
    """Two regions with one table: this process is in the one that `be` says."""

    def __init__(self, primary: str, secondary: str) -> None:
        self._primary, self._secondary = primary, secondary
        self.app: FastAPI | None = None
        self.key = ADMIN_KEY

    async def be(self, *, secondary: bool, read_only: bool) -> None:
        await close_connections()
        # A secondary region has no writer: the address of its own leads nowhere.
        nowhere = "postgresql://postgres@127.0.0.1:1/tolva"
        os.environ["TOLVA_DATABASE_URL"] = nowhere if read_only else self._secondary if secondary else self._primary
        os.environ["TOLVA_READER_URL"] = self._secondary if secondary else self._primary
        os.environ["TOLVA_READ_ONLY"] = str(read_only)
        get_settings.cache_clear()
        self.app = create_app()

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        assert self.app is not None
        transport = ASGITransport(app=self.app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {self.key}", **headers}
        async with AsyncClient(transport=transport, base_url=BASE_URL, headers=headers) as caller:
            return await caller.request(method, path, json=body)

    async def made(self, path: str, body: Any) -> Any:
        response = await self.call("POST", path, body)
        assert response.status_code == 201, response.text
        return response.json()


async def follow(primary: Primary, standby: Standby) -> None:
    """Wait until a copy has everything."""
    writer, reader = await asyncpg.connect(primary.url), await asyncpg.connect(standby.url)
    try:
        place = await writer.fetchval("SELECT pg_current_wal_insert_lsn()::text")
        for _ in range(200):
            if await reader.fetchval("SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", place):
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the standby does not follow")
    finally:
        await writer.close()
        await reader.close()


@pytest_asyncio.fixture
async def regions(database_url: str, setting: None, primary: Primary, standby: Standby) -> AsyncIterator[Regions]:
    """Both regions, with a dataset in each store, an import and a key; this process is in the secondary one."""
    regions = Regions(primary.url, standby.url)
    connection = await asyncpg.connect(primary.url)
    for name in STORES:
        await connection.execute(f"DELETE FROM tolva.dataset WHERE name = '{name}'")
        await connection.execute(f"DROP TABLE IF EXISTS data.{name}")
    await connection.close()
    await regions.be(secondary=False, read_only=False)
    for store in STORES:
        await regions.made("/datasets", {"name": store, "store": store, "columns": COLUMNS, "key": ["sku"]})
        await regions.made(f"/datasets/{store}/records", RECORDS)
    await follow(primary, standby)
    await regions.be(secondary=True, read_only=True)
    yield regions
    await close_connections()


async def items() -> list[Any]:
    """The items of the table."""
    dynamodb = await aws_client("dynamodb")
    found = await dynamodb.scan(TableName=get_settings().table)
    return sorted(found["Items"], key=str)


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Each method and path of the application."""
    return sorted(
        {
            (method, route.path_format)
            for route in iter_route_contexts(app.routes)
            if route.path_format
            for method in route.methods or ()
        }
    )


def filled(path: str, dataset: str, import_id: str) -> str:
    """A path with values for its parameters."""
    values = {"dataset": dataset, "key": "a", "import": import_id, "id": import_id, "slug": "key-missing"}
    return path.format_map({name: values.get(name, import_id) for name in _parameters(path)})


def _parameters(path: str) -> list[str]:
    return [part.partition("}")[0] for part in path.split("{")[1:]]


def _is_write(method: str, path: str) -> bool:
    return method not in ("GET", "HEAD", "OPTIONS") and path not in READS_BY_POST


class TestWalk:
    @pytest.mark.parametrize("dataset", STORES)
    async def test_every_route_reads_or_is_refused_and_nothing_is_written(self, regions: Regions, dataset: str) -> None:
        assert regions.app is not None
        before = await items()
        unknown = "00000000-0000-4000-8000-000000000000"
        walked = routes(regions.app)
        assert len(walked) > 25
        for method, path in walked:
            response = await regions.call(method, filled(path, dataset, unknown), BODIES.get(path))
            if _is_write(method, path):
                assert response.status_code == 503, (method, path)
                assert response.json()["type"] == "/problems/region-read-only", (method, path)
                assert response.headers["retry-after"] == "60"
                assert "primary region" in response.json()["hint"]
            else:
                assert response.status_code < 500, (method, path, response.text)
        assert await items() == before

    async def test_a_write_is_refused_with_an_idempotency_key_and_without_an_api_key_too(
        self, regions: Regions
    ) -> None:
        before = await items()
        for headers in ({"Idempotency-Key": "k1"}, {"Authorization": "Bearer nobody"}):
            response = await regions.call("POST", "/datasets/keyvalue/records", RECORDS[0], **headers)
            assert (response.status_code, response.json()["title"]) == (503, "Region is read-only")
        assert await items() == before

    async def test_a_page_of_another_origin_can_read_the_refusal(
        self, regions: Regions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOLVA_CORS_ORIGINS", "https://a.example")
        await regions.be(secondary=True, read_only=True)
        response = await regions.call("POST", "/datasets", {}, Origin="https://a.example")
        assert response.headers["access-control-allow-origin"] == "https://a.example"
        assert response.json()["request_id"]


class TestReads:
    @pytest.mark.parametrize("dataset", STORES)
    async def test_records_are_the_primary_ones(self, regions: Regions, dataset: str) -> None:
        one = await regions.call("GET", f"/datasets/{dataset}/records/a")
        assert (one.status_code, one.json()) == (200, RECORDS[0])
        many = await regions.call("POST", f"/datasets/{dataset}/records/get", {"keys": ["b", "x"]})
        assert many.json() == {"data": [RECORDS[1], None]}

    async def test_a_relational_dataset_is_queried_aggregated_and_exported(self, regions: Regions) -> None:
        listed = await regions.call("GET", "/datasets/relational/records?price__gt=1")
        assert listed.json()["data"] == [RECORDS[1]]
        summed = await regions.call("GET", "/datasets/relational/aggregate?_aggregate=price__sum")
        assert summed.status_code == 200
        exported = await regions.call("GET", "/datasets/relational/records", Accept="text/csv")
        assert exported.text == "sku,price\na,1.00\nb,2.00\n"

    async def test_the_catalogue_keys_and_documents_are_there(self, regions: Regions) -> None:
        for path in ("/datasets", "/datasets/keyvalue", "/keys", "/openapi.json", "/datasets/keyvalue/openapi.json"):
            assert (await regions.call("GET", path)).status_code == 200, path

    async def test_what_comes_later_is_seen(self, regions: Regions, primary: Primary, standby: Standby) -> None:
        assert (await regions.call("GET", "/datasets/relational/records/c")).status_code == 404
        await regions.be(secondary=False, read_only=False)
        await regions.made("/datasets/relational/records", {"sku": "c", "price": "3.00"})
        await follow(primary, standby)
        await regions.be(secondary=True, read_only=True)
        assert (await regions.call("GET", "/datasets/relational/records/c")).status_code == 200

    async def test_a_key_value_dataset_that_nobody_has_read_yet_is_empty_and_not_published(
        self, regions: Regions, primary: Primary, standby: Standby
    ) -> None:
        await regions.be(secondary=False, read_only=False)
        body = {"name": "unread", "store": "keyvalue", "columns": COLUMNS, "key": ["sku"]}
        await regions.made("/datasets", body)
        await follow(primary, standby)
        await regions.be(secondary=True, read_only=True)
        before = await items()
        assert (await regions.call("GET", "/datasets/unread/records/a")).status_code == 404
        assert await items() == before
        await regions.be(secondary=False, read_only=False)
        assert (await regions.call("DELETE", "/datasets/unread")).status_code == 204


class TestKeys:
    async def test_a_key_works_and_is_not_copied_to_the_table(
        self, regions: Regions, primary: Primary, standby: Standby
    ) -> None:
        await regions.be(secondary=False, read_only=False)
        made = await regions.made("/keys", {"name": "reader", "scopes": ["read"]})
        await follow(primary, standby)
        await regions.be(secondary=True, read_only=True)
        before = await items()
        regions.key = made["key"]
        for store in STORES:
            assert (await regions.call("GET", f"/datasets/{store}/records/a")).status_code == 200
        assert await items() == before

    async def test_one_that_the_primary_revoked_does_not_work_before_the_copy_knows_it(
        self, regions: Regions, primary: Primary, standby: Standby, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await regions.be(secondary=False, read_only=False)
        made = await regions.made("/keys", {"name": "revoked", "scopes": ["read"]})
        await follow(primary, standby)
        reader = await asyncpg.connect(standby.url)
        await reader.execute("SELECT pg_wal_replay_pause()")
        try:
            assert (await regions.call("DELETE", f"/keys/{made['id']}")).status_code in (200, 204)
            # Its item is old enough to be compared with the catalogue.
            monkeypatch.setenv("TOLVA_KEYVALUE_TRUST_SECONDS", "0")
            await regions.be(secondary=True, read_only=True)
            regions.key = made["key"]
            assert (await regions.call("GET", "/datasets/keyvalue/records/a")).status_code == 401
        finally:
            await reader.execute("SELECT pg_wal_replay_resume()")
            await reader.close()


class TestTable:
    @pytest.mark.usefixtures("regions")
    @pytest.mark.parametrize("operation", WRITES)
    async def test_no_write_is_sent_to_it(self, operation: str) -> None:
        with pytest.raises(RegionReadOnly):
            await send(operation)


class TestReadiness:
    async def test_a_copy_is_ready_for_reads(self, regions: Regions) -> None:
        assert (await regions.call("GET", "/ready")).status_code == 200

    async def test_a_copy_is_not_ready_for_writes(self, regions: Regions) -> None:
        await regions.be(secondary=True, read_only=False)
        response = await regions.call("GET", "/ready")
        assert (response.status_code, response.json()["detail"]) == (503, "No answer from: database.")


class TestWorker:
    async def test_it_takes_no_message_and_does_nothing_on_schedule(self, regions: Regions) -> None:
        await send_body({"type": "import.queued", "import": "00000000-0000-4000-8000-000000000000"})
        answer = await process(sqs_event({"import": "00000000-0000-4000-8000-000000000000"}))
        assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
        assert await process({"recover": True}) == {}

    @pytest.mark.usefixtures("regions")
    async def test_the_migration_leaves_a_copy_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLVA_MASTER_PASSWORD", "master")
        get_settings.cache_clear()
        # It would log in as the master, at an address that leads nowhere.
        await asyncio.to_thread(_prepare, {})


class TestPromotion:
    async def test_it_takes_writes_once_it_is_promoted_and_the_setting_is_off(
        self, regions: Regions, standby: Standby
    ) -> None:
        connection = await asyncpg.connect(standby.url)
        assert await connection.fetchval("SELECT pg_promote()")
        await connection.close()
        # The setting is the word: until it is changed nothing is written, and everything is read.
        assert (await regions.call("POST", "/datasets/relational/records", RECORDS[0])).status_code == 503
        assert (await regions.call("GET", "/ready")).status_code == 200
        await regions.be(secondary=True, read_only=False)
        assert (await regions.call("GET", "/ready")).status_code == 200
        for store in STORES:
            await regions.made(f"/datasets/{store}/records", {"sku": "d", "price": "4.00"})
            assert (await regions.call("GET", f"/datasets/{store}/records/d")).status_code == 200
