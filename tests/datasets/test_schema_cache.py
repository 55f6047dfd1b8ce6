import pytest
from httpx import AsyncClient

from app.datasets.errors import DatasetNotFound
from app.datasets.schema_cache import get_schema, look_up_schema


@pytest.fixture(autouse=True)
async def things(client: AsyncClient) -> None:
    """A dataset of one column."""
    body = {"name": "things", "columns": [{"name": "a", "type": "text"}]}
    assert (await client.post("/datasets", json=body)).status_code == 201
    await look_up_schema("things")


class TestGetSchema:
    async def test_one_that_is_known_is_not_looked_up(self, client: AsyncClient) -> None:
        known = await get_schema("things", None)
        assert (await client.patch("/datasets/things", json={"title": "Things"})).status_code == 200
        assert await get_schema("things", None) is known

    async def test_looked_up_it_is_as_it_is_now(self, client: AsyncClient) -> None:
        await get_schema("things", None)
        assert (await client.patch("/datasets/things", json={"title": "Things"})).status_code == 200
        assert (await look_up_schema("things")).title == "Things"
        assert (await get_schema("things", None)).title == "Things"

    async def test_one_that_is_gone_is_forgotten(self, client: AsyncClient) -> None:
        assert (await client.delete("/datasets/things")).status_code == 204
        with pytest.raises(DatasetNotFound):
            await look_up_schema("things")

    async def test_a_key_value_dataset_has_the_generation_of_its_records(self, client: AsyncClient) -> None:
        body = {"name": "kept", "store": "keyvalue", "key": ["a"], "columns": [{"name": "a", "type": "text"}]}
        created = (await client.post("/datasets", json=body)).json()
        assert (await get_schema("kept", None)).generation == created["id"]
