"""Slow reads beside reads by key: what many of them leave to the others."""

import asyncio
import random
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from httpx import AsyncClient, Response

from app.core.database.bulkhead import LongRead
from app.core.database.names import DATA_SCHEMA
from app.core.database.pool import close_connections
from app.core.settings import get_settings

RECORDS = "/datasets/many/records"
ROWS = 300_000
PLACES = 3
SLOW_A_SECOND, SECONDS = 35, 3


@pytest_asyncio.fixture
async def many(
    client: AsyncClient, connections: asyncpg.Connection, setting: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """A dataset that no index helps to search, and as many connections as Lambda has environments here."""
    monkeypatch.setenv("TOLVA_MAX_SLOW_READS", str(PLACES))
    monkeypatch.setenv("TOLVA_MAX_RUNNING_EXPORTS", "1")
    monkeypatch.setenv("TOLVA_SLOW_READ_WAIT_SECONDS", "0.5")
    monkeypatch.setenv("TOLVA_DATABASE_POOL_SIZE", "60")
    get_settings.cache_clear()
    await close_connections()
    columns = [{"name": "id", "type": "integer"}, {"name": "note", "type": "text"}]
    assert (await client.post("/datasets", json={"name": "many", "columns": columns, "key": ["id"]})).is_success
    await connections.execute(
        f"INSERT INTO {DATA_SCHEMA}.many (id, note) SELECT n, repeat(md5(n::text), 8) "
        f"FROM generate_series(1, {ROWS}) AS n"
    )
    yield
    await close_connections()


async def places_held(connections: asyncpg.Connection) -> int:
    held = await connections.fetchval(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND granted", LongRead.QUERY.value
    )
    return int(held)


async def slow_list(client: AsyncClient) -> Response:
    return await client.get(RECORDS, params={"note__ilike": f"%no{random.randrange(10**6)}such%", "_limit": 1})


@pytest.mark.usefixtures("many")
class TestReadsByKey:
    async def test_none_is_refused_beside_thirty_five_slow_lists_a_second(
        self, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        end = asyncio.get_running_loop().time() + SECONDS
        slow: list[asyncio.Task[Response]] = []
        quick: list[Response] = []
        held: list[int] = []

        async def ask_slowly() -> None:
            while asyncio.get_running_loop().time() < end:
                slow.append(asyncio.create_task(slow_list(client)))
                await asyncio.sleep(1 / SLOW_A_SECOND)

        async def ask_by_key() -> None:
            while asyncio.get_running_loop().time() < end:
                quick.append(await client.get(f"{RECORDS}/{random.randrange(1, ROWS)}"))
                await asyncio.sleep(0.01)

        async def look() -> None:
            while asyncio.get_running_loop().time() < end:
                held.append(await places_held(connections))
                await asyncio.sleep(0.05)

        await asyncio.gather(ask_slowly(), ask_by_key(), ask_by_key(), look())
        answers = await asyncio.gather(*slow)
        assert {response.status_code for response in quick} == {200}
        assert len(quick) > 20
        assert 0 < max(held) <= PLACES
        refused = [response for response in answers if response.status_code != 200]
        assert {(r.status_code, r.json()["type"]) for r in refused} <= {(503, "/problems/slow-reads-busy")}
        assert all(response.headers["retry-after"] == "2" for response in refused)
        assert refused
        assert len(answers) - len(refused) >= PLACES


@pytest.mark.usefixtures("many")
class TestKinds:
    @pytest_asyncio.fixture
    async def taken(self, database_url: str) -> AsyncIterator[None]:
        """Every place is taken, by others."""
        other = await asyncpg.connect(database_url)
        for kind, most in ((LongRead.QUERY, PLACES), (LongRead.EXPORT, 1)):
            await other.execute("SELECT pg_advisory_lock($1, n) FROM generate_series(1, $2::int) n", kind.value, most)
        yield
        await other.close()

    @pytest.mark.usefixtures("taken")
    @pytest.mark.parametrize(
        "path",
        [
            f"{RECORDS}?note=x",
            f"{RECORDS}?_sort=note",
            f"{RECORDS}?_q=word",
            f"{RECORDS}?id__gt=5&note__contains=a",
            f"{RECORDS}?_count=exact&_limit=1",
            "/datasets/many/aggregate",
            "/datasets/many/aggregate?_group=note",
        ],
    )
    async def test_what_may_take_long_is_refused(self, client: AsyncClient, path: str) -> None:
        response = await client.get(path)
        assert (response.status_code, response.json()["type"]) == (503, "/problems/slow-reads-busy"), response.text

    @pytest.mark.usefixtures("taken")
    @pytest.mark.parametrize("accept", ["text/csv", "application/x-ndjson"])
    @pytest.mark.parametrize("path", [RECORDS, "/datasets/many/aggregate?_group=note"])
    async def test_so_is_an_export(self, client: AsyncClient, path: str, accept: str) -> None:
        response = await client.get(path, headers={"Accept": accept})
        assert (response.status_code, response.json()["type"]) == (503, "/problems/slow-reads-busy")
        assert "exports" in response.json()["detail"]

    @pytest.mark.usefixtures("taken")
    @pytest.mark.parametrize(
        "path",
        [
            f"{RECORDS}/5",
            f"{RECORDS}/5?_select=note",
            RECORDS,
            f"{RECORDS}?_sort=-id&_limit=1000",
            f"{RECORDS}?id=5&note__contains=x",
            f"{RECORDS}?id__in=5,6",
            "/datasets",
            "/ready",
        ],
    )
    async def test_what_is_quick_is_answered(self, client: AsyncClient, path: str) -> None:
        assert (await client.get(path)).status_code == 200

    @pytest.mark.usefixtures("taken")
    async def test_writes_and_keys_in_a_body_are_too(self, client: AsyncClient) -> None:
        assert (await client.post(f"{RECORDS}/get", json={"keys": [5]})).status_code == 200
        assert (await client.patch(f"{RECORDS}/5", json={"note": "x"})).status_code == 200

    async def test_an_export_gives_its_place_back(self, client: AsyncClient, connections: asyncpg.Connection) -> None:
        for _ in range(3):
            assert (await client.get(f"{RECORDS}?_limit=10", headers={"Accept": "text/csv"})).status_code == 200
        assert await places_held(connections) == 0
