from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient

from app.datasets.lookup import find_dataset
from app.datasets.schema import DatasetSchema, schema_of
from app.records.documents import written_columns
from app.records.etag import digest_of
from app.records.relational.statements import MAX_UPDATES, WriteSql
from app.records.relational.write_plan import write_plan_of
from tests.records.conftest import Make
from tests.records.schemas import products

COLUMNS: list[dict[str, Any]] = [
    {"name": "code", "type": "text"},
    {"name": "n", "type": "bigint"},
    {"name": "maker", "type": "text"},
]


@pytest.fixture
async def schema(client: AsyncClient, make: Make) -> DatasetSchema:
    """The schema of a dataset with a key."""
    await make("things", COLUMNS, key=["code"])
    dataset = await find_dataset("things")
    assert dataset is not None
    return schema_of(dataset)


def _sql(schema: DatasetSchema) -> WriteSql:
    return WriteSql(schema, written_columns(schema), with_caller=False)


class TestInsert:
    async def test_it_answers_with_the_record_and_its_key(
        self, schema: DatasetSchema, connections: asyncpg.Connection
    ) -> None:
        row = await connections.fetchrow(_sql(schema).insert_one, "a", "9007199254740993", None)
        assert row is not None
        assert tuple(row) == ('{"code":"a","n":"9007199254740993","maker":null}', ["a"])

    async def test_many_come_as_an_array_a_column(self, schema: DatasetSchema, connections: asyncpg.Connection) -> None:
        rows = await connections.fetch(_sql(schema).insert_many, ["b", "a"], ["1", None], ["x", "y"])
        assert [row[0] for row in rows] == ['{"code":"b","n":"1","maker":"x"}', '{"code":"a","n":null,"maker":"y"}']

    async def test_of_a_dataset_that_has_changed_nothing_is_written(
        self, schema: DatasetSchema, connections: asyncpg.Connection
    ) -> None:
        before = replace(schema, updated_at=schema.updated_at - timedelta(seconds=1))
        assert await connections.fetch(_sql(before).insert_one, "a", "1", None) == []
        assert await connections.fetchval("SELECT count(*) FROM data.things") == 0


class TestUpsert:
    async def test_it_says_whether_the_record_is_new(
        self, schema: DatasetSchema, connections: asyncpg.Connection
    ) -> None:
        first = await connections.fetchrow(_sql(schema).upsert, "a", "1", None)
        again = await connections.fetchrow(_sql(schema).upsert, "a", "2", None)
        assert first is not None
        assert again is not None
        assert (first[2], again[2], again[0]) == (True, False, '{"code":"a","n":"2","maker":null}')

    async def test_a_record_that_is_its_key_alone(self, client: AsyncClient, make: Make, connections: Any) -> None:
        await make("keys", COLUMNS[:1], key=["code"])
        dataset = await find_dataset("keys")
        assert dataset is not None
        rows = [await connections.fetchrow(_sql(schema_of(dataset)).upsert, "a") for _ in range(2)]
        assert [row[2] for row in rows] == [True, False]


class TestUpdate:
    @pytest.mark.parametrize(("etag", "count"), [('{"code":"a","n":"1","maker":null}', 1), ("{}", 0)])
    async def test_it_may_depend_on_what_the_record_was(
        self, schema: DatasetSchema, connections: asyncpg.Connection, etag: str, count: int
    ) -> None:
        sql = _sql(schema)
        await connections.execute(sql.insert_one, "a", "1", None)
        statement = sql.update([schema.by_name["n"]], conditional=True)
        assert len(await connections.fetch(statement, "2", "a", [digest_of(etag)])) == count

    async def test_of_no_column_the_record_is_shown(
        self, schema: DatasetSchema, connections: asyncpg.Connection
    ) -> None:
        sql = _sql(schema)
        await connections.execute(sql.insert_one, "a", "1", None)
        assert await connections.fetchval(sql.update([], conditional=False), "a") == '{"code":"a","n":"1","maker":null}'


class TestDelete:
    async def test_a_row_says_that_it_was_there(self, schema: DatasetSchema, connections: asyncpg.Connection) -> None:
        sql = _sql(schema)
        await connections.execute(sql.insert_one, "a", "1", None)
        assert await connections.fetchval(sql.exists, "a")
        counts = [len(await connections.fetch(sql.delete(conditional=False), "a")) for _ in range(2)]
        assert (counts, await connections.fetchval(sql.exists, "a")) == ([1, 0], False)


class TestClashes:
    async def test_values_that_are_there_or_come_twice_are_found(
        self, schema: DatasetSchema, connections: asyncpg.Connection
    ) -> None:
        sql = _sql(schema)
        await connections.execute(sql.insert_one, "a", "1", None)
        statement = sql.clashes([schema.by_name["n"]], is_update=False)
        rows = await connections.fetch(statement, ["2", "1", "2", None, None])
        assert [tuple(row) for row in rows] == [(2, 2, True), (3, 1, False)]

    async def test_a_record_does_not_stand_in_its_own_way(
        self, schema: DatasetSchema, connections: asyncpg.Connection
    ) -> None:
        sql = _sql(schema)
        await connections.execute(sql.insert_one, "a", "1", None)
        statement = sql.clashes([schema.by_name["n"]], is_update=True)
        assert await connections.fetch(statement, ["1"], "a") == []
        assert len(await connections.fetch(statement, ["1"], "b")) == 1


class TestDangling:
    async def test_values_that_no_key_answers_are_found(
        self, schema: DatasetSchema, connections: asyncpg.Connection
    ) -> None:
        sql = _sql(schema)
        await connections.execute(sql.insert_one, "a", "1", None)
        rows = await connections.fetch(sql.dangling(schema.by_name["maker"], "things", "code"), ["a", None, "b"])
        assert [row[0] for row in rows] == [3]


class TestUpdates:
    def test_the_statements_of_a_dataset_are_kept_up_to_a_number(self) -> None:
        sql = write_plan_of(products(), with_caller=False).sql
        columns = [column for column in sql.columns if column.name != "sku"]
        first = sql.update(columns[:1], conditional=False)
        assert sql.update(columns[:1], conditional=False) is first
        assert sql.update(columns[:1], conditional=True) != first
        for count in range(MAX_UPDATES):
            sql.update([columns[0]] * (count + 2), conditional=False)
        assert len(sql._updates) <= MAX_UPDATES
        assert sql.update(columns[:1], conditional=False) == first
