import asyncio
import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from fastapi import Request
from httpx import AsyncClient, Response

from app.access.principal import EVERYTHING
from app.core.database.pool import get_writer
from app.core.settings import get_settings
from app.datasets.errors import DatasetSchemaChanged
from app.datasets.schema import DatasetSchema
from app.datasets.schema_cache import look_up_schema
from app.records.query.record_query import query_from_address
from app.records.relational.export import HELD_BYTES, plan_export, stream
from app.records.request import RecordsRequest
from tests.api_process import ApiProcess, api_process
from tests.conftest import ADMIN_KEY
from tests.records.conftest import Fill
from tests.records.garden import MAKERS, PRODUCTS, ROWS
from tests.records.schemas import LIMITS

LIST = "/datasets/products/records"
CSV = {"Accept": "text/csv"}
NDJSON = {"Accept": "application/x-ndjson"}


@pytest_asyncio.fixture
async def products(fill: Fill) -> None:
    """Six products of three makers."""
    await fill("makers", {"code": {"type": "text", "required": True}, "city": "text"}, MAKERS, key=["code"])
    await fill("products", PRODUCTS, ROWS, key=["sku"])


def _rows(response: Response) -> list[list[str]]:
    assert response.status_code == 200, response.text
    return list(csv.reader(io.StringIO(response.text, newline=""), strict=True))


def _problem(response: Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"]


@pytest.mark.usefixtures("products")
class TestCsv:
    async def test_it_is_a_file_of_all_records(self, client: AsyncClient) -> None:
        response = await client.get(LIST, headers=CSV)
        assert response.headers["content-type"] == "text/csv; charset=utf-8; header=present"
        assert response.headers["content-disposition"] == 'attachment; filename="products.csv"'
        assert "Accept" in response.headers["vary"].split(", ")
        head, first, *_, last = _rows(response)
        assert head == list(PRODUCTS)
        assert first == ["A1", "Garden chair", "m1", "24.00", "3", '{"color": "red"}']
        assert last[1] == "Lámpara de jardín"

    async def test_a_missing_value_is_not_an_empty_one(
        self, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        await connections.execute("UPDATE data.products SET name = '' WHERE sku = 'A1'")
        text = (await client.get(f"{LIST}?_select=name,price&sku__in=A1,C1", headers=CSV)).text
        assert text == 'name,price\n"",24.00\n,12.50\n'

    async def test_values_are_written_as_records_show_them(self, client: AsyncClient, fill: Fill) -> None:
        columns = {"b": "boolean", "n": "number", "t": "datetime", "d": "date", "i": "bigint"}
        await fill("types", columns, [(True, 1e22, None, None, 2**63 - 1), (False, float("inf"), None, None, None)])
        rows = _rows(await client.get("/datasets/types/records", headers=CSV))
        assert rows[1:] == [["1", "true", "1e+22", "", "", str(2**63 - 1)], ["2", "false", "Infinity", "", "", ""]]

    async def test_conditions_and_sorts_are_those_of_the_list(self, client: AsyncClient) -> None:
        address = f"{LIST}?stock__gte=7&_sort=-price,sku&_select=sku&_limit=2"
        assert _rows(await client.get(address, headers=CSV)) == [["sku"], ["B2"], ["C1"]]

    async def test_embedded_records_are_columns(self, client: AsyncClient) -> None:
        rows = _rows(await client.get(f"{LIST}?_select=sku&_embed=maker&_limit=1", headers=CSV))
        assert rows == [["sku", "maker.code", "maker.city"], ["A1", "m1", "León"]]

    async def test_a_query_of_a_body_can_be_exported(self, client: AsyncClient) -> None:
        body = {"where": {"_or": [{"sku": "A1"}, {"sku": "C2"}]}, "select": ["sku"]}
        assert _rows(await client.post(f"{LIST}/query", json=body, headers=CSV)) == [["sku"], ["A1"], ["C2"]]

    async def test_no_records_are_a_header(self, client: AsyncClient) -> None:
        assert (await client.get(f"{LIST}?_select=sku&stock=99", headers=CSV)).text == "sku\n"

    async def test_a_dataset_without_columns_is_empty(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "later"})
        response = await client.get("/datasets/later/records", headers=CSV)
        assert (response.status_code, response.text) == (200, "")

    async def test_it_can_be_imported_again(self, client: AsyncClient) -> None:
        rows = _rows(await client.get(f"{LIST}?_select=sku,name,stock", headers=CSV))
        assert [tuple(row) for row in rows[1:]] == [(sku, name or "", str(stock)) for sku, name, _, _, stock, _ in ROWS]


class TestSpreadsheet:
    async def test_no_text_is_taken_for_a_formula(self, client: AsyncClient, fill: Fill) -> None:
        texts = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "\uff1dx", "'=1", "a=1", "", None]
        await fill("cells", {"t": "text", "n": "integer"}, [(text, -1) for text in texts])
        response = await client.get("/datasets/cells/records?_select=t,n&_spreadsheet=true", headers=CSV)
        assert response.content.startswith(b"\xef\xbb\xbft,n\n")
        cells = [row[0] for row in _rows(response)[1:]]
        assert cells == [*(f"'{text}" for text in texts[:8]), "'=1", "a=1", "", ""]
        assert {row[1] for row in _rows(response)[1:]} == {"-1"}

    async def test_otherwise_texts_are_as_they_are(self, client: AsyncClient, fill: Fill) -> None:
        await fill("cells", {"t": "text"}, [("=1+1",)])
        assert (await client.get("/datasets/cells/records?_select=t", headers=CSV)).text == "t\n=1+1\n"


@pytest.mark.usefixtures("products")
class TestNdjson:
    async def test_each_line_is_a_record(self, client: AsyncClient) -> None:
        response = await client.get(f"{LIST}?_embed=maker", headers=NDJSON)
        assert response.headers["content-type"] == "application/x-ndjson"
        records = [json.loads(line) for line in response.text.splitlines()]
        assert [record["sku"] for record in records] == [row[0] for row in ROWS]
        assert records[1]["tags"] == {"color": "red", "size": [1, 2]}
        assert records[3]["_embedded"] == {"maker": None}

    async def test_texts_may_hold_anything(self, client: AsyncClient, fill: Fill) -> None:
        texts = ["\\", '"', "a\nb", "\r\n", "\x01\x02\x1f", "\\.", "\N{GRINNING FACE}", " ", "\u2028"]
        await fill("texts", {"t": "text"}, [(text,) for text in texts])
        response = await client.get("/datasets/texts/records", headers=NDJSON)
        assert [json.loads(line)["t"] for line in response.content.decode().split("\n")[:-1]] == texts


@pytest.fixture
def settle(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Sets a setting for one test."""

    def set_one(name: str, value: object) -> None:
        monkeypatch.setenv(f"TOLVA_{name}", str(value))
        get_settings.cache_clear()

    yield set_one
    monkeypatch.undo()
    get_settings.cache_clear()


async def _add(connections: asyncpg.Connection, count: int) -> None:
    await connections.execute(
        "INSERT INTO data.products (sku, stock, name) "
        f"SELECT 'n' || n, n, repeat(md5(n::text), 30) FROM generate_series(1, {count}) AS n; ANALYZE data.products"
    )


@pytest.mark.usefixtures("products")
class TestLimits:
    async def test_more_records_than_there_may_be(self, client: AsyncClient, settle: Any) -> None:
        settle("MAX_EXPORT_RECORDS", 5)
        response = await client.get(LIST, headers=CSV)
        assert _problem(response) == (422, "/problems/export-too-large")
        assert "(TOLVA_MAX_EXPORT_RECORDS)" in response.json()["hint"]
        assert len(_rows(await client.get(f"{LIST}?_limit=5", headers=CSV))) == 6
        assert len(_rows(await client.get(f"{LIST}?sku__ne=A1", headers=CSV))) == 6

    async def test_more_bytes_than_there_may_be(
        self, client: AsyncClient, connections: asyncpg.Connection, settle: Any
    ) -> None:
        await _add(connections, 100)
        settle("MAX_EXPORT_BYTES", 50_000)
        response = await client.get(LIST, headers=NDJSON)
        assert _problem(response) == (422, "/problems/export-too-large")

    async def test_what_is_too_large_only_later_breaks_off(
        self, client: AsyncClient, connections: asyncpg.Connection, settle: Any
    ) -> None:
        await _add(connections, 10_000)
        settle("MAX_EXPORT_BYTES", HELD_BYTES + 1_000_000)
        async with client.stream("GET", LIST, headers=CSV) as response:
            assert response.status_code == 200
            size = sum([len(piece) async for piece in response.aiter_bytes()])
        assert size < HELD_BYTES + 1_000_000

    async def test_a_query_that_takes_too_long(
        self, client: AsyncClient, connections: asyncpg.Connection, settle: Any
    ) -> None:
        await _add(connections, 20_000)
        settle("EXPORT_TIMEOUT_SECONDS", 0.001)
        response = await client.get(f"{LIST}?_sort=-name", headers=CSV)
        assert _problem(response) == (503, "/problems/statement-timed-out")
        assert "(TOLVA_EXPORT_TIMEOUT_SECONDS)" in response.json()["hint"]

    async def test_the_connection_is_used_again(self, client: AsyncClient, settle: Any) -> None:
        settle("MAX_EXPORT_BYTES", 1024)
        for _ in range(2 * get_settings().database_pool_size):
            await client.get(LIST, headers=CSV)
        assert (await client.get(LIST)).status_code == 200


async def _ask(server: ApiProcess, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which the export of a list was asked for; it holds little that is not read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    lines = [f"GET {address} HTTP/1.1", "Host: x", "Accept: text/csv", f"Authorization: Bearer {ADMIN_KEY}"]
    writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode())
    return reader, writer


@pytest.fixture
def server(database_url: str) -> Iterator[ApiProcess]:
    """A real server, with the settings of the tests."""
    with api_process() as started:
        yield started


async def _copies(connections: asyncpg.Connection) -> list[str | None]:
    """The wait events of the COPYs that are running now."""
    rows = await connections.fetch(
        "SELECT wait_event FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'COPY (%'"
    )
    return [row["wait_event"] for row in rows]


async def _eventually(connections: asyncpg.Connection, expected: list[str | None]) -> None:
    for _ in range(100):
        if await _copies(connections) == expected:
            return
        await asyncio.sleep(0.05)
    assert await _copies(connections) == expected


@pytest.mark.usefixtures("products")
class TestRealServer:
    async def test_the_database_waits_for_a_slow_client_and_ends_when_it_goes_away(
        self, server: ApiProcess, connections: asyncpg.Connection
    ) -> None:
        await _add(connections, 60_000)
        reader, writer = await _ask(server, LIST)
        assert b"200 OK" in await reader.readline()
        await _eventually(connections, ["ClientWrite"])
        writer.close()
        await writer.wait_closed()
        await _eventually(connections, [])

    async def test_a_query_that_has_sent_nothing_yet_ends_as_well(
        self, server: ApiProcess, connections: asyncpg.Connection
    ) -> None:
        await connections.execute(
            "ALTER TABLE data.products RENAME TO products_table; CREATE VIEW data.products AS "
            "SELECT sku, name, maker, price, stock, tags FROM data.products_table, pg_sleep(30)"
        )
        _, writer = await _ask(server, LIST)
        await _eventually(connections, ["PgSleep"])
        writer.close()
        await writer.wait_closed()
        await _eventually(connections, [])

    async def test_memory_does_not_grow_with_the_file(
        self, server: ApiProcess, connections: asyncpg.Connection
    ) -> None:
        await _add(connections, 150_000)
        before = server.process.memory_info().rss
        reader, writer = await _ask(server, LIST)
        size, most = 0, before
        while piece := await reader.read(1_000_000):
            if size // 10_000_000 != (size + len(piece)) // 10_000_000:
                most = max(most, server.process.memory_info().rss)
            size += len(piece)
        writer.close()
        assert size > 140_000_000
        assert most - before < 60_000_000


class TestReshaped:
    async def test_what_is_gone_when_the_copy_begins_is_told(self, fill: Fill, connections: asyncpg.Connection) -> None:
        await fill("things", {"a": "text"}, [("x",)])
        schema = await look_up_schema("things")
        query = query_from_address(schema, b"", LIMITS, "csv")
        await connections.execute("ALTER TABLE data.things RENAME COLUMN a TO b")
        with pytest.raises(DatasetSchemaChanged):
            [piece async for piece in stream(plan_export(schema, query, "csv", {}), _access(schema))]

    async def test_so_is_another_dataset_of_the_same_name_and_columns(
        self, fill: Fill, connections: asyncpg.Connection
    ) -> None:
        await fill("things", {"a": "text"}, [("x",)])
        schema = await look_up_schema("things")
        query = query_from_address(schema, b"", LIMITS, "csv")
        await connections.execute("UPDATE tolva.dataset SET id = gen_random_uuid()")
        with pytest.raises(DatasetSchemaChanged):
            [piece async for piece in stream(plan_export(schema, query, "csv", {}), _access(schema))]


def _access(schema: DatasetSchema) -> RecordsRequest:
    """The context of the administrator's request for a dataset, in a process that knows its schema."""
    return RecordsRequest(Request({"type": "http"}), EVERYTHING, schema, get_writer())
