"""Datasets with records in them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient, Response

from app.core.database.names import DATA_SCHEMA
from tests.records import garden

Fill = Callable[..., Awaitable[None]]
Make = Callable[..., Awaitable[None]]
Problem = tuple[int, str]

PRODUCTS: list[dict[str, Any]] = [
    {"name": "sku", "type": "text"},
    {"name": "price", "type": "decimal", "precision": 6, "scale": 2, "min": 0},
    {"name": "stock", "type": "integer"},
    {"name": "ean", "type": "text", "unique": True},
    {"name": "details", "type": "json"},
]


def problem(response: Response) -> Problem:
    """The status and the type of the problem that a response is."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    return response.status_code, response.json()["type"]


async def stored(client: AsyncClient, dataset: str) -> list[dict[str, Any]]:
    """The first records of a dataset."""
    response = await client.get(f"/datasets/{dataset}/records")
    data: list[dict[str, Any]] = response.json()["data"]
    return data


@pytest.fixture
def make(client: AsyncClient) -> Make:
    """Makes an empty dataset of columns."""

    async def create(
        name: str, columns: Sequence[dict[str, Any]], *, key: Sequence[str] = (), store: str = "relational"
    ) -> None:
        body = {"name": name, "columns": list(columns), "key": list(key), "store": store}
        response = await client.post("/datasets", json=body)
        assert response.status_code == 201, response.text

    return create


@pytest.fixture
def fill(client: AsyncClient, connections: asyncpg.Connection) -> Fill:
    """Makes a dataset of (name, type) columns and puts rows into it, as asyncpg takes them."""

    async def make(
        name: str, columns: dict[str, str | dict[str, Any]], rows: Sequence[tuple[Any, ...]], *, key: Sequence[str] = ()
    ) -> None:
        described = [
            {"name": column, **({"type": kind} if isinstance(kind, str) else kind)} for column, kind in columns.items()
        ]
        response = await client.post("/datasets", json={"name": name, "columns": described, "key": list(key)})
        assert response.status_code == 201, response.text
        await connections.copy_records_to_table(
            name, schema_name=DATA_SCHEMA, columns=list(columns), records=list(rows)
        )

    return make


@pytest.fixture
async def products(fill: Fill) -> None:
    """Six products of three makers."""
    await fill("makers", {"code": {"type": "text", "required": True}, "city": "text"}, garden.MAKERS, key=["code"])
    await fill("products", garden.PRODUCTS, garden.ROWS, key=["sku"])
