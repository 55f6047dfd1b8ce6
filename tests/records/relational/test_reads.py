from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from httpx import AsyncClient

from app.core.settings import get_settings
from tests.records.conftest import Fill

PRODUCTS: dict[str, Any] = {
    "sku": {"type": "text", "required": True},
    "name": "text",
    "maker": {"type": "text", "references": "makers"},
    "price": {"type": "decimal", "precision": 8, "scale": 2},
    "stock": {"type": "integer", "required": True},
    "tags": "json",
}


LIST = "/datasets/products/records"


@pytest_asyncio.fixture
async def products(fill: Fill) -> None:
    """Six products of three makers."""
    await fill("makers", {"code": {"type": "text", "required": True}, "city": "text"}, MAKERS, key=["code"])
    await fill("products", PRODUCTS, ROWS, key=["sku"])


MAKERS = [("m1", "León"), ("m2", None), ("m3", "Oslo")]


ROWS = [
    ("A1", "Garden chair", "m1", 24, 3, '{"color": "red"}'),
    ("A2", "Garden table, round", "m1", 89.5, 0, '{"color": "red", "size": [1, 2]}'),
    ("B1", "Lamp", "m2", None, 12, None),
    ("B2", "100% wool_socks", None, 12.5, 12, "[1, 2]"),
    ("C1", None, "m3", 12.5, 7, "null"),
    ("C2", "Lámpara de jardín", "m3", 5, 1, '"red"'),
]


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
