import time
from typing import Any

import pytest
from httpx import AsyncClient

from app.core.database.sessions import transaction
from app.datasets.keyvalue import generations, metadata
from app.datasets.keyvalue.generations import DatasetMoved, Retired, WriteLock
from app.datasets.models import Dataset
from app.datasets.repository import find_dataset

BODY: dict[str, Any] = {
    "name": "things",
    "store": "keyvalue",
    "key": ["code"],
    "columns": [{"name": "code", "type": "text"}, {"name": "n", "type": "integer"}],
}


@pytest.fixture
async def dataset(client: AsyncClient) -> Dataset:
    """A key-value dataset as the catalogue has it."""
    assert (await client.post("/datasets", json=BODY)).status_code == 201
    async with transaction() as session:
        found = await find_dataset(session, "things")
    assert found is not None
    return found


async def _hold(dataset: Dataset, token: str = "import") -> WriteLock:
    hold = WriteLock(dataset, await generations.shown_generation(dataset), token)
    await hold.take(60)
    return hold


class TestHold:
    async def test_single_writes_wait_for_it(self, client: AsyncClient, dataset: Dataset, monkeypatch: Any) -> None:
        hold = await _hold(dataset)
        schema = await metadata.find_schema("things", fresh=True)
        assert schema is not None
        assert await metadata.reopen(schema, 0) == "busy"
        await hold.release()
        assert await metadata.reopen(schema, 0) == "open"

    async def test_another_one_takes_it_over(self, dataset: Dataset) -> None:
        first = await _hold(dataset, "first")
        await first.renew(60)
        await _hold(dataset, "second")
        with pytest.raises(DatasetMoved):
            await first.renew(60)

    async def test_one_that_says_nothing_for_too_long_is_ended_by_a_writer(self, dataset: Dataset) -> None:
        hold = await _hold(dataset)
        await hold.renew(-60)
        schema = await metadata.find_schema("things", fresh=True)
        assert schema is not None
        assert await metadata.reopen(schema, 0) == "open"
        with pytest.raises(DatasetMoved):
            await hold.renew(60)

    async def test_of_a_generation_that_is_not_shown_there_is_none(self, dataset: Dataset) -> None:
        await generations.shown_generation(dataset)
        with pytest.raises(DatasetMoved):
            await WriteLock(dataset, "other", "import").take(60)


class TestShowGeneration:
    async def test_it_is_shown_and_the_one_before_is_retired(self, dataset: Dataset) -> None:
        hold = await _hold(dataset)
        await generations.retire(Retired("after", "things", int(time.time())))
        await generations.show_generation(dataset, hold, "after")
        assert await generations.shown_generation(dataset) == "after"
        assert [one.generation for one in await generations.list_retired()] == [hold.generation]
        assert await metadata.is_shown("things", "after")
        assert not await metadata.is_shown("things", hold.generation)

    async def test_one_whose_removal_has_begun_is_not(self, dataset: Dataset) -> None:
        hold = await _hold(dataset)
        retired = Retired("after", "things", int(time.time()))
        await generations.begin_removal(retired)
        with pytest.raises(DatasetMoved):
            await generations.show_generation(dataset, hold, "after")
        await generations.forget_retired("after")
        assert await generations.list_retired() == []


class TestHasRecords:
    async def test_in_any_of_its_partitions(self, client: AsyncClient, dataset: Dataset) -> None:
        generation = await generations.shown_generation(dataset)
        assert not await generations.has_records(generation)
        assert (await client.put("/datasets/things/records/a", json={"n": 1})).status_code == 201
        assert await generations.has_records(generation)
