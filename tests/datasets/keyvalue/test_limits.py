"""Datasets in the key-value store: what they can be, how they can be changed, what their document shows."""

from typing import Any

import pytest
from httpx import AsyncClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.datasets.readings import COLUMNS, READINGS, refused


class TestCreate:
    async def test_it_is_shown_with_its_store(self, client: AsyncClient, readings: None) -> None:
        shown = (await client.get("/datasets/readings")).json()
        assert (shown["store"], shown["key"], shown["indexes"]) == ("keyvalue", ["station", "taken"], [])

    async def test_without_columns_its_first_import_finds_them(self, client: AsyncClient) -> None:
        response = await client.post("/datasets", json={"name": "later", "store": "keyvalue"})
        assert response.status_code == 201
        assert (await client.get("/datasets/later/records/1")).status_code in (400, 404)
        assert (await client.post("/datasets/later/records", json={})).status_code == 409

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"key": []}, "needs a key of one or two columns, not of 0"),
            ({"key": ["station", "taken", "value"]}, "not of 3"),
            ({"columns": [*COLUMNS, {"name": "u", "type": "text", "unique": True}]}, "'u' is unique"),
            ({"columns": [*COLUMNS, {"name": "r", "type": "text", "references": "x"}]}, "references 'x'"),
            ({"indexes": [{"columns": ["value"]}]}, "no indexes"),
            ({"columns": [*COLUMNS, {"name": "t", "type": "text", "one_of": ["x" * 400_000]}]}, "too long"),
        ],
    )
    async def test_what_the_store_cannot_do(self, client: AsyncClient, change: dict[str, Any], said: str) -> None:
        for name in ("x", "y"):
            await client.post(
                "/datasets", json={"name": name, "key": ["k"], "columns": [{"name": "k", "type": "text"}]}
            )
        assert said in refused(await client.post("/datasets", json={**READINGS, **change}))

    async def test_no_other_dataset_refers_to_it(self, client: AsyncClient) -> None:
        things = {"name": "things", "store": "keyvalue", "key": ["k"], "columns": [{"name": "k", "type": "text"}]}
        assert (await client.post("/datasets", json=things)).status_code == 201
        orders = {"name": "orders", "columns": [{"name": "k", "type": "text", "references": "things"}]}
        response = await client.post("/datasets", json=orders)
        assert (response.status_code, response.json()["type"]) == (422, "/problems/reference-invalid")


class TestDocument:
    async def test_it_shows_only_what_the_store_does(self, client: AsyncClient, readings: None) -> None:
        document = (await client.get("/datasets/readings/openapi.json")).json()
        OpenAPIV31SpecValidator(document).validate()
        paths = document["paths"]
        assert {path.removeprefix("/datasets/readings/"): sorted(paths[path]) for path in paths} == {
            "records": ["get", "post"],
            "records/get": ["post"],
            "records/{station},{taken}": ["delete", "get", "patch", "put"],
        }
        parameters = document["components"]["parameters"]
        assert {parameter["name"] for parameter in parameters.values()} == {
            "station",
            *("taken", "taken__gt", "taken__gte", "taken__lt", "taken__lte", "taken__between"),
        }
        assert parameters["readings.station"]["required"]
        assert list(document["components"]["schemas"]["readings_page"]["properties"]) == ["data", "next", "warnings"]

    async def test_a_key_of_one_column_has_no_list(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={**READINGS, "key": ["station"]})
        document = (await client.get("/datasets/readings/openapi.json")).json()
        OpenAPIV31SpecValidator(document).validate()
        assert list(document["paths"]["/datasets/readings/records"]) == ["post"]
        everything = (await client.get("/openapi.json")).json()
        OpenAPIV31SpecValidator(everything).validate()

    async def test_documents_show_the_examples_of_relational_datasets_all_the_same(
        self, client: AsyncClient, readings: None
    ) -> None:
        await client.post("/datasets", json={"name": "rows", "columns": [{"name": "n", "type": "text"}]})
        assert (await client.post("/datasets/rows/records", json={"n": "only here"})).status_code == 201
        assert "only here" in (await client.get("/openapi.json")).text
