"""A request that reads a dataset while it is changed."""

import asyncio

import asyncpg
import pytest
from httpx import AsyncClient, Response

from tests.datasets.conftest import Things


@pytest.fixture
async def things_read(things: Things, connections: asyncpg.Connection) -> Things:
    """A dataset with a record."""
    await things.make({"a": "text"}, [("x",)])
    return things


async def _read_during(client: AsyncClient, connection: asyncpg.Connection, *statements: str) -> Response:
    """Ask for records, and have statements committed once the request waits for the table."""
    async with connection.transaction():
        await connection.execute("LOCK TABLE data.things IN ACCESS EXCLUSIVE MODE")
        reading = asyncio.create_task(client.get("/datasets/things/records"))
        await asyncio.sleep(0.3)
        for statement in statements:
            await connection.execute(statement)
    return await reading


class TestDatasetFromPath:
    @pytest.mark.parametrize(
        "changes",
        [
            [
                "ALTER TABLE data.things RENAME COLUMN a TO b",
                """UPDATE tolva.dataset SET updated_at = now(), columns = '[{"name": "b", "type": "text"}]'""",
            ],
            ["DROP TABLE data.things", "DELETE FROM tolva.dataset"],
        ],
        ids=["changed", "deleted"],
    )
    async def test_what_is_not_there_any_more(
        self, things_read: Things, connections: asyncpg.Connection, changes: list[str]
    ) -> None:
        response = await _read_during(things_read.client, connections, *changes)
        assert (response.status_code, response.json()["type"]) == (503, "/problems/dataset-reshaped")
        assert response.headers["retry-after"] == "1"
        assert (await things_read.client.get("/datasets/things/records")).status_code in (200, 404)

    async def test_what_should_be_there_is_a_mistake_of_ours(
        self, things_read: Things, connections: asyncpg.Connection
    ) -> None:
        response = await _read_during(things_read.client, connections, "ALTER TABLE data.things RENAME COLUMN a TO b")
        assert (response.status_code, response.json()["type"]) == (500, "/problems/internal-error")
