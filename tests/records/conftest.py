"""Datasets with records in them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient

from app.core.db import DATA_SCHEMA

Fill = Callable[..., Awaitable[None]]


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
