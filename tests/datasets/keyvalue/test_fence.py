from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from app.core.dynamo import table
from app.core.dynamo.table import NotWritten, Put
from app.datasets.keyvalue.fence import SHARDS, choose_shard, close_fence, is_open, reopen_shard
from app.datasets.schema import DatasetSchema
from tests.records.schemas import make_schema

pytestmark = pytest.mark.usefixtures("database_url")


@pytest.fixture
def schema() -> DatasetSchema:
    """A dataset's schema that no other test knows."""
    return replace(make_schema({"a": {"type": "text", "required": True}}, "a"), id=uuid4(), generation="g")


async def _may_write(schema: DatasetSchema, guard: int) -> bool:
    put = Put({"pk": {"S": f"record#{uuid4()}"}, "sk": {"S": "x"}})
    try:
        await table.write_together([is_open(schema, guard), put])
    except NotWritten:
        return False
    return True


class TestGuards:
    async def test_one_that_was_never_opened_keeps_writers_out(self, schema: DatasetSchema) -> None:
        assert not await _may_write(schema, 0)
        assert await reopen_shard(schema, 0, 0)
        assert await _may_write(schema, 0)
        assert not await _may_write(schema, 1)

    async def test_it_is_open_for_one_state_of_the_dataset(self, schema: DatasetSchema) -> None:
        await reopen_shard(schema, 0, 0)
        changed = replace(schema, updated_at=schema.updated_at + timedelta(seconds=1))
        assert not await _may_write(changed, 0)
        assert not await _may_write(replace(schema, generation="h"), 0)

    async def test_closed_all_of_them_keep_writers_out(self, schema: DatasetSchema) -> None:
        for guard in (0, SHARDS - 1):
            await reopen_shard(schema, guard, 0)
        await close_fence(schema.id, 1)
        assert not await _may_write(schema, 0)
        assert not await _may_write(schema, SHARDS - 1)

    async def test_who_has_not_heard_of_a_closing_opens_none(self, schema: DatasetSchema) -> None:
        await close_fence(schema.id, 2)
        assert not await reopen_shard(schema, 0, 1)
        assert await reopen_shard(schema, 0, 2)

    async def test_a_closing_that_comes_late_closes_nothing(self, schema: DatasetSchema) -> None:
        await close_fence(schema.id, 2)
        await reopen_shard(schema, 0, 2)
        await close_fence(schema.id, 1)
        assert await _may_write(schema, 0)


class TestChooseGuard:
    def test_it_is_any_of_them(self) -> None:
        assert {choose_shard() for _ in range(50 * SHARDS)} == set(range(SHARDS))
