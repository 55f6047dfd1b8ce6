from typing import Any

import pytest
from httpx import AsyncClient

from tests.datasets.readings import refused


@pytest.mark.usefixtures("readings")
class TestUpdate:
    @pytest.mark.parametrize(
        "change",
        [
            {"title": "Readings"},
            {"add_columns": [{"name": "note", "type": "text"}]},
            {"columns": {"station": {"max_length": 30}}},
            {"columns": {"station": {"max_length": None}}},
            {"columns": {"value": {"min": -1}}},
            {"columns": {"value": {"one_of": ["1.50", "2.00", "3"]}}},
            {"columns": {"value": {"description": "in mm"}}},
        ],
    )
    async def test_what_leaves_the_records_as_they_are(self, client: AsyncClient, change: dict[str, Any]) -> None:
        response = await client.patch("/datasets/readings", json=change)
        assert response.status_code == 200, response.text
        put = await client.put("/datasets/readings/records/a,1", json={"value": 2})
        assert put.status_code == 201, put.text

    @pytest.mark.parametrize(
        "change",
        [
            {"columns": {"value": {"name": "amount"}}},
            {"columns": {"value": {"type": "text", "min": None, "one_of": None}}},
            {"columns": {"value": None}},
            {"columns": {"value": {"min": 1}}},
            {"columns": {"value": {"one_of": ["2"]}}},
            {"columns": {"value": {"required": True}}},
            {"columns": {"station": {"pattern": "[a-z]+"}}},
            {"key": ["station"]},
            {"add_columns": [{"name": "note", "type": "text", "required": True}]},
            {"add_columns": [{"name": "note", "type": "text", "fill": "x"}]},
            {"add_columns": [{"name": "note", "type": "text", "unique": True}]},
        ],
    )
    async def test_what_might_not_fit_them(self, client: AsyncClient, change: dict[str, Any]) -> None:
        refused(await client.patch("/datasets/readings", json=change))
        assert (await client.put("/datasets/readings/records/a,1", json={})).status_code == 201

    async def test_a_dry_run_changes_nothing(self, client: AsyncClient) -> None:
        change = {"add_columns": [{"name": "note", "type": "text"}], "dry_run": True}
        assert (await client.patch("/datasets/readings", json=change)).status_code == 200
        response = await client.put("/datasets/readings/records/a,1", json={})
        assert response.json() == {"station": "a", "taken": 1, "value": None}
