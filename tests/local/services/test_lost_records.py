from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient

from app.core.dynamo import table
from app.datasets.keyvalue.metadata import address_of
from app.local.services.lost_records import find_lost

COLUMNS: list[dict[str, Any]] = [{"name": "code", "type": "text"}]


@pytest.fixture
async def things(client: AsyncClient) -> None:
    """A key-value dataset with a record."""
    body = {"name": "things", "store": "keyvalue", "key": ["code"], "columns": COLUMNS}
    assert (await client.post("/datasets", json=body)).status_code == 201
    assert (await client.put("/datasets/things/records/a", json={})).status_code == 201


@pytest.mark.usefixtures("things")
class TestFindLost:
    async def test_records_that_are_there_are_not_lost(self, database_url: str) -> None:
        assert await find_lost(database_url) == []

    async def test_what_was_in_another_table_is(self, database_url: str, connections: asyncpg.Connection) -> None:
        await table.delete_item(*address_of("things"))
        assert await find_lost(database_url) == []
        await connections.execute("UPDATE tolva.dataset SET created_at = '2000-01-01'")
        assert await find_lost(database_url) == ["things"]

    async def test_so_are_those_of_the_last_replacement_where_older_ones_are_shown(
        self, database_url: str, connections: asyncpg.Connection
    ) -> None:
        insert = """
            INSERT INTO tolva.import (id, dataset_id, dataset_name, mode, status, on_reject, file_name, object_key,
                dry_run, allow_empty, finished_at)
            SELECT gen_random_uuid(), id, name, 'replace', 'succeeded', 'abort', 'a.csv', 'k', false, false, now()
            FROM tolva.dataset
            RETURNING id"""
        import_id = await connections.fetchval(insert)
        assert await find_lost(database_url) == ["things"]
        condition = table.Condition("attribute_exists(#pk)")
        await table.update_item(*address_of("things"), {"generation": f"{import_id}.1"}, condition)
        assert await find_lost(database_url) == []
