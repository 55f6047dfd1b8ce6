from typing import Any

import pytest
from httpx import AsyncClient

from app.core.dynamo import table
from app.core.dynamo.table import Condition
from app.datasets.errors import DatasetNotFound
from app.datasets.keyvalue import metadata
from app.datasets.lookup import DatasetRow, get_dataset
from app.datasets.schema import DatasetSchema

BODY: dict[str, Any] = {
    "name": "things",
    "store": "keyvalue",
    "key": ["code"],
    "columns": [{"name": "code", "type": "text"}, {"name": "n", "type": "integer"}],
}


@pytest.fixture
async def dataset(client: AsyncClient) -> DatasetRow:
    """A key-value dataset that no request has been for yet."""
    assert (await client.post("/datasets", json=BODY)).status_code == 201
    metadata.forget("things")
    return await get_dataset("things")


async def _find() -> DatasetSchema | None:
    return await metadata.find_schema("things", fresh=True)


class TestFindSchema:
    async def test_one_that_was_published_is_known_without_the_catalogue(self, dataset: DatasetRow) -> None:
        assert await _find() is None
        published = await metadata.publish(dataset)
        found = await _find()
        assert found is not None
        assert (found.id, found.generation) == (dataset.id, str(dataset.id))
        assert await metadata.is_current(published)

    @pytest.mark.parametrize("name", ["", "x" * 5000, "things\0"])
    async def test_what_is_no_name_is_not_looked_for(self, dataset: DatasetRow, name: str) -> None:
        assert await metadata.find_schema(name) is None


class TestPublish:
    async def test_again_it_changes_nothing(self, dataset: DatasetRow) -> None:
        first = await metadata.publish(dataset)
        assert await metadata.publish(dataset) is first

    async def test_one_of_the_same_name_that_is_gone_is_not(self, client: AsyncClient, dataset: DatasetRow) -> None:
        await metadata.publish(dataset)
        assert (await client.delete("/datasets/things")).status_code == 204
        assert await _find() is None
        with pytest.raises(DatasetNotFound):
            await metadata.publish(dataset)

    async def test_the_next_one_of_its_name_takes_its_place(self, client: AsyncClient, dataset: DatasetRow) -> None:
        await metadata.publish(dataset)
        assert (await client.delete("/datasets/things")).status_code == 204
        assert (await client.post("/datasets", json=BODY)).status_code == 201
        following = await get_dataset("things")
        assert (await metadata.publish(following)).id == following.id
        with pytest.raises(DatasetNotFound):
            await metadata.publish(dataset)


class TestChange:
    async def test_it_is_known_as_it_has_become(self, client: AsyncClient, dataset: DatasetRow) -> None:
        before = await metadata.publish(dataset)
        body = {"add_columns": [{"name": "note", "type": "text"}]}
        assert (await client.patch("/datasets/things", json=body)).status_code == 200
        after = await _find()
        assert after is not None
        assert [column.name for column in after.columns] == ["code", "n", "note"]
        assert after.generation == before.generation
        assert not await metadata.is_current(before)
        assert await metadata.reopen(before, 0) == "stale"
        assert await metadata.reopen(after, 0) == "open"

    async def test_one_that_was_left_is_ended_by_a_reader(
        self, dataset: DatasetRow, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        schema = await metadata.publish(dataset)
        marks = {"state": metadata.CHANGING, "token": "t", "since": 0}
        await table.update_item(*metadata.address_of("things"), marks, Condition("attribute_exists(#pk)"))
        assert await metadata.reopen(schema, 0) == "busy"
        await metadata.end_left_change("things")
        assert await metadata.reopen(schema, 0) == "open"
