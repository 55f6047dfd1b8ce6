"""Single writes and what keeps them out of a key-value dataset: guards, holds of imports, and changes."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest
from httpx import AsyncClient

from app.access.principal import EVERYTHING
from app.core.database.sessions import transaction
from app.core.dynamo import table
from app.core.dynamo.table import NotWritten, write_together
from app.core.errors import ServiceUnavailable
from app.datasets import lookup, repository
from app.datasets.alter.apply import update_dataset
from app.datasets.bodies import DatasetUpdate
from app.datasets.errors import DatasetNotFound
from app.datasets.keyvalue import fence, generations, metadata
from app.datasets.keyvalue.generations import DatasetMoved, Retired, WriteLock
from app.datasets.models import Dataset
from app.datasets.schema import DatasetSchema
from app.datasets.service import delete_dataset
from app.records.keyvalue.removal import remove_retired
from tests.records.conftest import Make, problem

RECORDS = "/datasets/things/records"


@pytest.fixture
async def schema(client: AsyncClient, make: Make) -> DatasetSchema:
    """That of a key-value dataset with one record, all of whose guards are open."""
    await make("things", [{"name": "n", "type": "integer"}], key=["n"], store="keyvalue")
    assert (await client.post(RECORDS, json={"n": 0})).status_code == 201
    schema = await metadata.find_schema("things")
    assert schema is not None
    for guard in range(fence.SHARDS):
        assert await metadata.reopen(schema, guard) == "open"
    return schema


def hold_of(schema: DatasetSchema, token: str = "import") -> WriteLock:
    assert schema.generation is not None
    dataset = Dataset(
        id=schema.id, name=schema.name, created_at=schema.updated_at, updated_at=schema.updated_at, store="keyvalue"
    )
    return WriteLock(dataset, schema.generation, token)


async def is_let_in(schema: DatasetSchema) -> bool:
    """Return whether any guard is open."""
    for guard in range(fence.SHARDS):
        try:
            await write_together([fence.is_open(schema, guard)])
        except NotWritten:
            continue
        return True
    return False


class TestGuards:
    async def test_many_write_at_once(self, client: AsyncClient, schema: DatasetSchema) -> None:
        answers = await asyncio.gather(*(client.post(RECORDS, json={"n": number}) for number in range(1, 101)))
        assert {answer.status_code for answer in answers} == {201}

    async def test_nobody_opens_one_who_has_not_heard_of_its_closing(self, schema: DatasetSchema) -> None:
        await fence.close_fence(schema.id, 7)
        assert not await is_let_in(schema)
        assert not await fence.reopen_shard(schema, 3, 6)
        assert await fence.reopen_shard(schema, 3, 7)
        assert await is_let_in(schema)

    async def test_a_closing_that_comes_late_closes_nothing(self, schema: DatasetSchema) -> None:
        assert await fence.reopen_shard(schema, 3, 7)
        await fence.close_fence(schema.id, 7)
        assert await is_let_in(schema)

    async def test_who_knows_another_dataset_is_not_let_in(self, schema: DatasetSchema) -> None:
        assert not await is_let_in(replace(schema, generation="another"))
        assert await metadata.reopen(replace(schema, generation="another"), 1) == "stale"
        assert await metadata.reopen(replace(schema, id=uuid4()), 1) == "stale"
        assert await metadata.reopen(replace(schema, name="unknown"), 1) == "stale"

    async def test_no_write_is_under_way_once_they_are_closed(self, client: AsyncClient, schema: DatasetSchema) -> None:
        numbers = iter(range(1, 10_000))
        written = asyncio.Semaphore(0)

        async def write_on() -> None:
            while True:
                if (await client.post(RECORDS, json={"n": next(numbers)})).status_code == 201:
                    written.release()
                else:
                    await asyncio.sleep(0.01)

        writers = [asyncio.create_task(write_on()) for _ in range(8)]
        for token in ("first", "second", "third"):
            for _ in range(20):
                await written.acquire()
            hold = hold_of(schema, token)
            await hold.take(30)
            stored = await _count(client)
            await asyncio.sleep(0.3)
            assert await _count(client) == stored
            await hold.release()
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)


class TestHolds:
    async def test_writers_wait_until_it_is_released(self, client: AsyncClient, schema: DatasetSchema) -> None:
        hold = hold_of(schema)
        await hold.take(30)
        response = await client.post(RECORDS, json={"n": 1})
        assert problem(response) == (409, "/problems/dataset-busy")
        assert response.headers["retry-after"]
        await hold.renew(30)
        assert (await client.post(RECORDS, json={"n": 1})).status_code == 409
        await hold.release()
        assert (await client.post(RECORDS, json={"n": 1})).status_code == 201

    async def test_one_that_is_not_renewed_ends_and_its_import_cannot_go_on(
        self, client: AsyncClient, schema: DatasetSchema
    ) -> None:
        hold = hold_of(schema)
        await hold.take(-1)
        await hold.renew(-1)
        assert (await client.post(RECORDS, json={"n": 1})).status_code == 201
        for change in (hold.renew(30), hold.release()):
            with pytest.raises(DatasetMoved):
                await change

    async def test_another_import_takes_it_over(self, schema: DatasetSchema) -> None:
        first, second = hold_of(schema, "first"), hold_of(schema, "second")
        await first.take(30)
        await second.take(30)
        with pytest.raises(DatasetMoved):
            await first.renew(30)
        await second.renew(30)

    async def test_a_dataset_that_shows_other_records_is_not_held(self, schema: DatasetSchema) -> None:
        with pytest.raises(DatasetMoved):
            await hold_of(replace(schema, generation="another")).take(30)


class TestDatasets:
    async def test_one_that_is_gone_does_not_come_back_by_who_found_it_before(
        self, client: AsyncClient, make: Make, schema: DatasetSchema
    ) -> None:
        before = await lookup.get_dataset("things")
        await client.delete("/datasets/things?confirm=things")
        await make("things", [{"name": "n", "type": "integer"}], key=["n"], store="keyvalue")
        assert (await client.post(RECORDS, json={"n": 7})).status_code == 201
        with pytest.raises(DatasetNotFound):
            await metadata.publish(before)
        metadata.forget("things")
        assert (await client.get(f"{RECORDS}/7")).status_code == 200
        assert (await client.post(RECORDS, json={"n": 8})).status_code == 201

    async def test_many_may_find_another_of_its_name_at_once(
        self, client: AsyncClient, make: Make, schema: DatasetSchema
    ) -> None:
        await client.delete("/datasets/things?confirm=things")
        await make("things", [{"name": "n", "type": "integer"}], key=["n"], store="keyvalue")
        dataset = await lookup.get_dataset("things")
        schemas = await asyncio.gather(*(metadata.publish(dataset) for _ in range(8)))
        assert {schema.generation for schema in schemas} == {str(dataset.id)}

    async def test_a_title_is_given_to_what_the_dataset_is_by_then(
        self, client: AsyncClient, schema: DatasetSchema
    ) -> None:
        async with transaction() as session:
            dataset = await repository.get_dataset(session, "things")
            change = {"add_columns": [{"name": "note", "type": "text"}]}
            assert (await client.patch("/datasets/things", json=change)).status_code == 200
            await update_dataset(session, dataset, DatasetUpdate(title="Things"), EVERYTHING)
        metadata.forget("things")
        assert (await client.put(f"{RECORDS}/0", json={"note": "new"})).json() == {"n": 0, "note": "new"}


class TestSlowChanges:
    """A reader ends a change that takes too long; the result of the change is reported all the same."""

    async def test_of_a_dataset(self, client: AsyncClient, schema: DatasetSchema) -> None:
        async with transaction() as session:
            dataset = await repository.get_dataset(session, "things")
            await update_dataset(session, dataset, DatasetUpdate(title="Things"), EVERYTHING)
            await _let_change_seem_left(client)
            assert await metadata.reopen(schema, 1) == "open"
        assert await metadata.reopen(schema, 1) == "stale"
        found = await metadata.find_schema("things", fresh=True)
        assert found is not None
        assert found.title == "Things"

    async def test_that_deletes_it(self, client: AsyncClient, schema: DatasetSchema) -> None:
        async with transaction() as session:
            await delete_dataset(session, await repository.get_dataset(session, "things"), EVERYTHING)
            await _let_change_seem_left(client)
        assert await metadata.find_schema("things", fresh=True) is None
        assert not await is_let_in(schema)


async def _let_change_seem_left(client: AsyncClient) -> None:
    """Let a reader find a change that has begun long ago."""
    await table.update_item(*metadata.address_of("things"), {"since": 1})
    metadata.forget("things")
    assert (await client.get(f"{RECORDS}/0")).status_code == 200


class TestRemoval:
    async def test_what_cannot_be_looked_at_is_not_removed(
        self, client: AsyncClient, schema: DatasetSchema, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert schema.generation is not None
        await generations.retire(Retired(schema.generation, "things", 0))

        async def away(*_: object) -> None:
            raise ServiceUnavailable("It is away.")

        with monkeypatch.context() as patched:
            patched.setattr(table, "find_item", away)
            with pytest.raises(ServiceUnavailable):
                await remove_retired()
        assert (await client.get(f"{RECORDS}/0")).status_code == 200
        await remove_retired()
        assert (await client.get(f"{RECORDS}/0")).status_code == 200
        assert await generations.list_retired() == []

    async def test_what_is_being_removed_cannot_be_shown_any_more(self, schema: DatasetSchema) -> None:
        hold = hold_of(schema)
        await hold.take(30)
        retired = Retired("next", "things", 0)
        await generations.retire(retired)
        await generations.begin_removal(retired)
        with pytest.raises(DatasetMoved):
            await generations.show_generation(hold.dataset, hold, "next")


async def _count(client: AsyncClient) -> int:
    """The number of records that exist, of those that may."""
    count = 0
    for start in range(0, 3000, 100):
        keys = list(range(start, start + 100))
        response = await client.post(f"{RECORDS}/get", json={"keys": keys})
        assert response.status_code == 200, response.text
        count += sum(record is not None for record in response.json()["data"])
    return count
