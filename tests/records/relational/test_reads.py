from collections.abc import Iterator

import asyncpg
import pytest
from httpx import AsyncClient

from app.core.settings import get_settings
from tests.records.garden import LIST


@pytest.mark.usefixtures("products")
class TestCount:
    @pytest.mark.parametrize("kind", ["exact", "estimated"])
    async def test_a_page_of_all_is_counted_as_it_is(self, client: AsyncClient, kind: str) -> None:
        assert (await client.get(f"{LIST}?_count={kind}&stock=12")).json()["count"] == 2

    async def test_exact_counts_all_pages(self, client: AsyncClient) -> None:
        first = (await client.get(f"{LIST}?_count=exact&_limit=4")).json()
        second = (await client.get(f"{LIST}?_count=exact&_limit=4&_cursor={first['next']}")).json()
        assert (first["count"], second["count"], len(second["data"])) == (6, 6, 2)

    async def test_estimated_is_what_the_planner_thinks(
        self, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        await connections.execute(
            "INSERT INTO data.products (sku, stock) SELECT 'n' || n, n % 2 FROM generate_series(1, 10000) AS n;"
            "ANALYZE data.products"
        )
        assert (await client.get(f"{LIST}?_count=estimated")).json()["count"] == 10_006
        estimate = (await client.get(f"{LIST}?_count=estimated&stock=1")).json()["count"]
        assert 4500 < estimate < 5500

    async def test_without_being_asked_it_is_not_there(self, client: AsyncClient) -> None:
        assert "count" not in (await client.get(LIST)).json()


@pytest.fixture
def impatient(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings by which every query is a slow one."""
    monkeypatch.setenv("TOLVA_SLOW_QUERY_SECONDS", "0")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.mark.usefixtures("products")
class TestSlowQueries:
    @pytest.mark.usefixtures("impatient")
    async def test_a_page_says_what_no_index_serves(self, client: AsyncClient) -> None:
        page = (await client.get(f"{LIST}?stock=12&_sort=-price")).json()
        assert page["warnings"] == [
            "No index serves the filter on 'stock'.",
            "No index serves the sort by '-price'.",
        ]
        assert "warnings" not in (await client.get(f"{LIST}?sku__gte=B")).json()

    async def test_a_quick_one_says_nothing(self, client: AsyncClient) -> None:
        assert "warnings" not in (await client.get(f"{LIST}?stock=12&_sort=-price")).json()
