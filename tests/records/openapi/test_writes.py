import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.columns.column import Column, row_id_column
from app.columns.json_schema import number_schemas
from app.columns.types.registry import TYPES
from app.datasets.schema import DatasetSchema
from app.records.documents import RecordReader
from app.records.openapi.writes import write_schemas

STABLE = settings(deadline=None, derandomize=True, max_examples=300)
PRODUCTS: list[dict[str, Any]] = [
    {"name": "sku", "type": "text", "max_length": 10},
    {"name": "price", "type": "decimal", "precision": 6, "scale": 2, "required": True},
    {"name": "size", "type": "text", "one_of": ["S", "M"]},
]


def _schemas(*columns: Column, key: str = "_id") -> dict[str, Any]:
    shown = [row_id_column(), *columns] if key == "_id" else list(columns)
    named = [column for column in shown if column.name == key]
    return write_schemas(DatasetSchema(uuid4(), datetime.now(UTC), "things", "Things", None, shown, named))


def _value(**members: Any) -> dict[str, Any]:
    schema: dict[str, Any] = _schemas(Column(name="a", **members))["things_create"]["properties"]["a"]
    return schema


class TestSchemas:
    def test_a_new_record_needs_what_is_required_and_takes_nothing_else(self) -> None:
        key = Column(name="k", type="text", required=True)
        schemas = _schemas(key, Column(name="n", type="integer"), key="k")
        assert schemas["things_create"]["required"] == ["k"]
        assert schemas["things_create"]["additionalProperties"] is False
        assert "required" not in schemas["things_replace"]
        assert list(schemas["things_replace"]["properties"]) == ["k", "n"]
        assert list(schemas["things_update"]["properties"]) == ["n"]
        assert "required" not in schemas["things_update"]

    def test_the_number_of_a_record_is_not_written(self) -> None:
        schemas = _schemas(Column(name="n", type="integer"))
        assert list(schemas["things_create"]["properties"]) == ["n"]
        assert list(schemas["things_update"]["properties"]) == ["n"]
        # What was read can be sent back whole.
        assert list(schemas["things_replace"]["properties"]) == ["_id", "n"]

    @pytest.mark.parametrize(("text", "is_key"), [(".", False), ("..", False), ("...", True), (".a", True), ("", True)])
    def test_a_key_of_one_text_is_what_an_address_keeps(self, text: str, is_key: bool) -> None:
        schemas = _schemas(Column(name="k", type="text", required=True), key="k")
        for part in ("create", "replace"):
            assert Draft202012Validator(schemas[f"things_{part}"]).is_valid({"k": text}) is is_key

    def test_an_exact_value_is_a_text_as_records_show_it(self) -> None:
        schema = _value(type="decimal", precision=6, scale=2, required=True)
        assert schema["type"] == "string"
        assert re.fullmatch(schema["pattern"], "1234.5")
        assert _value(type="bigint", required=True)["type"] == "string"

    def test_what_may_be_null_says_so(self) -> None:
        assert _value(type="text")["type"] == ["string", "null"]
        assert _value(type="text", one_of=["a"])["anyOf"][1] == {"type": "null"}
        assert _value(type="bigint")["type"] == ["string", "null"]
        assert "type" not in _value(type="json")

    @STABLE
    @given(st.integers(1, 8), st.integers(0, 8), st.text("0123456789.-", max_size=10))
    def test_a_decimals_pattern_is_what_is_taken(self, precision: int, scale: int, text: str) -> None:
        column = Column(name="a", type="decimal", precision=max(precision, scale), scale=scale)
        fits = re.fullmatch(column.kind.written_schema["pattern"], text) is not None
        assert fits is (RecordReader([column], ["k"]).read_new({"a": text})[1] == [])

    @pytest.mark.parametrize("name", TYPES)
    @pytest.mark.parametrize(
        "value", [None, True, 0, -1, 1.5, 2**53, "", "a", "1", "1.50", "2024-01-01", "2024-01-01T00:00:00Z", [], {}]
    )
    def test_what_the_schema_refuses_is_refused(self, name: Any, value: Any) -> None:
        members = {"precision": 4, "scale": 2} if name == "decimal" else {}
        column = Column(name="a", type=name, **members)
        schema = {**_schemas(column)["things_create"], "components": {"schemas": number_schemas()}}
        # Documents have one notation of a value for which the API accepts two.
        if name in ("bigint", "decimal") and isinstance(value, int | float):
            return
        number = Decimal(str(value)) if isinstance(value, float) else value
        _, faults = RecordReader([column], ["_id"]).read_new({"a": number})
        if not Draft202012Validator(schema).is_valid({"a": value}):
            assert faults


class TestOperations:
    async def test_they_are_typed_and_valid(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "products", "title": "Goods", "columns": PRODUCTS, "key": ["sku"]})
        document = (await client.get("/datasets/products/openapi.json")).json()
        OpenAPIV31SpecValidator(document).validate()
        everything = document["paths"]["/datasets/products/records"]
        one = document["paths"]["/datasets/products/records/{key}"]
        create = everything["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert create["oneOf"][0] == {"$ref": "#/components/schemas/products_create"}
        assert set(one["patch"]["requestBody"]["content"]) == {"application/json", "application/merge-patch+json"}
        assert [parameter["name"] for parameter in one["put"]["parameters"]] == ["key", "If-Match", "If-None-Match"]
        assert [parameter["name"] for parameter in everything["post"]["parameters"]] == ["Idempotency-Key"]
        assert {"200", "201", "400", "401", "403", "404", "409", "412", "413", "415", "422", "503"} <= set(
            one["put"]["responses"]
        )
        assert set(one["get"]["responses"]) >= {"200", "304"}
        assert one["patch"]["summary"] == "Change a record of Goods"

    async def test_answers_are_as_they_say(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "products", "columns": PRODUCTS, "key": ["sku"]})
        document = (await client.get("/datasets/products/openapi.json")).json()
        path = "/datasets/products/records"
        answers = [
            ("post", path, await client.post(path, json={"sku": "A1", "price": 1.5, "size": "S"})),
            ("post", path, await client.post(path, json=[{"sku": "A2", "price": "1.50"}])),
            ("put", f"{path}/{{key}}", await client.put(f"{path}/A3", json={"price": 2})),
            ("put", f"{path}/{{key}}", await client.put(f"{path}/A3", json={"price": 3})),
            ("patch", f"{path}/{{key}}", await client.patch(f"{path}/A3", json={"size": None})),
            ("post", path, await client.post(path, json={"sku": "A1"})),
            ("patch", f"{path}/{{key}}", await client.patch(f"{path}/A9", json={})),
        ]
        for method, at, answer in answers:
            response = document["paths"][at][method]["responses"][str(answer.status_code)]
            if "$ref" in response:
                response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
            kind = answer.headers["content-type"]
            schema = {**response["content"][kind]["schema"], "components": document["components"]}
            Draft202012Validator(schema).validate(answer.json())
            for header in response.get("headers", {}):
                assert header in answer.headers or isinstance(answer.json().get("data"), list)

    async def test_the_fixed_routes_say_as_much_as_holds_for_all(self, client: AsyncClient) -> None:
        document = (await client.get("/openapi.json")).json()
        OpenAPIV31SpecValidator(document).validate()
        operations = document["paths"]["/datasets/{dataset}/records/{key}"]
        assert set(operations) == {"get", "put", "patch", "delete"}
        for method in ("put", "patch"):
            assert operations[method]["requestBody"]["required"]
            names = [parameter["name"] for parameter in operations[method]["parameters"]]
            assert names[:3] == ["dataset", "key", "If-Match"]
            assert operations[method]["security"] == [{"bearer": []}]
