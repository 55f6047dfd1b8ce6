import time

import pytest
from httpx import AsyncClient

from app.datasets.keyvalue import generations
from app.datasets.keyvalue.generations import Retired
from app.datasets.lookup import get_dataset
from app.records.keyvalue.removal import remove_retired
from tests.records.conftest import Make


@pytest.fixture
async def generation(client: AsyncClient, make: Make) -> str:
    """The generation of a dataset with records."""
    await make("things", [{"name": "code", "type": "text"}], key=["code"], store="keyvalue")
    codes = [{"code": f"c{number}"} for number in range(30)]
    assert (await client.post("/datasets/things/records", json=codes)).status_code == 201
    return str((await get_dataset("things")).id)


class TestRemoveRetired:
    async def test_one_that_is_shown_stays(self, client: AsyncClient, generation: str) -> None:
        await generations.retire(Retired(generation, "things", 0))
        await remove_retired()
        assert await generations.has_records(generation)
        assert await generations.list_retired() == []

    async def test_one_of_a_deleted_dataset_goes(self, client: AsyncClient, generation: str) -> None:
        assert (await client.delete("/datasets/things?confirm=things")).status_code == 204
        await generations.retire(Retired(generation, "things", 0))
        await remove_retired()
        assert not await generations.has_records(generation)
        assert await generations.list_retired() == []

    async def test_one_that_is_not_due_waits(self, client: AsyncClient, generation: str) -> None:
        assert (await client.delete("/datasets/things?confirm=things")).status_code == 204
        later = Retired(generation, "things", int(time.time()) + 3600)
        await generations.retire(later)
        await remove_retired()
        assert await generations.has_records(generation)
        assert await generations.list_retired() == [later]
