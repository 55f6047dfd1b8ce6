import json

import pytest
from httpx import AsyncClient

from app.datasets.lookup import get_dataset
from app.datasets.schema import schema_of
from app.records.keyvalue.examples import find_record
from tests.records.conftest import Make


class TestFindRecord:
    @pytest.fixture(autouse=True)
    async def things(self, make: Make) -> None:
        """A dataset without records."""
        columns = [{"name": "code", "type": "text"}, {"name": "n", "type": "bigint"}]
        await make("things", columns, key=["code"], store="keyvalue")

    async def test_it_is_any_record_as_it_is_shown(self, client: AsyncClient) -> None:
        schema = schema_of(await get_dataset("things"))
        assert await find_record(schema) == {}
        for code in ("a", "b"):
            assert (await client.put(f"/datasets/things/records/{code}", json={"n": "5"})).status_code == 201
        found = await find_record(schema)
        assert found["code"] in ("a", "b")
        assert json.dumps(found["n"]) == '"5"'

    async def test_of_a_dataset_that_is_gone_there_is_none(self, client: AsyncClient) -> None:
        schema = schema_of(await get_dataset("things"))
        await client.put("/datasets/things/records/a", json={})
        assert (await client.delete("/datasets/things?confirm=things")).status_code == 204
        assert await find_record(schema) == {}
