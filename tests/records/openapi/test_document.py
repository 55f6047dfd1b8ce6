import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.columns.column import Column, row_id_column
from app.columns.json_schema import NUMBER_NOTE, allowed_values, number_schemas
from app.columns.types.registry import TYPES
from app.datasets.schema import DatasetSchema
from app.records.openapi.document import paths_of, record_schema, schemas_of, tag_of, view_schema
from app.records.openapi.parameters import parameters_of


def _dataset(*columns: Column) -> DatasetSchema:
    return DatasetSchema(
        uuid4(), datetime.now(UTC), "things", "Things", None, [row_id_column(), *columns], [row_id_column()]
    )


def _schema(**members: Any) -> dict[str, Any]:
    schema: dict[str, Any] = view_schema(_dataset(Column(name="a", **members)))["properties"]["a"]
    return schema


class TestRecordSchema:
    def test_every_member_of_a_whole_record_is_there(self) -> None:
        schema = record_schema(_dataset(Column(name="a", type="text")))
        assert schema["required"] == list(schema["properties"]) == ["_id", "a"]

    def test_a_selection_may_leave_any_out(self) -> None:
        assert "required" not in view_schema(_dataset(Column(name="a", type="text")))

    def test_what_may_be_null_says_so(self) -> None:
        assert _schema(type="text")["type"] == ["string", "null"]
        assert _schema(type="text", required=True)["type"] == "string"

    def test_an_enumeration_has_a_name_whether_it_may_be_null_or_not(self) -> None:
        named = {"$ref": "#/components/schemas/things.a_choice"}
        assert _schema(type="text", one_of=["x", "y"], required=True) == named
        assert _schema(type="text", one_of=["x", "y"])["anyOf"] == [named, {"type": "null"}]

    def test_an_enumeration_has_the_values_as_json_shows_them(self) -> None:
        assert allowed_values(Column(name="a", type="bigint", one_of=[1, 2]))["enum"] == ["1", "2"]
        decimal = Column(name="a", type="decimal", precision=3, scale=1, one_of=["7"])
        assert allowed_values(decimal)["enum"] == ["7.0"]

    @pytest.mark.parametrize(
        ("values", "names"),
        [
            (["S", "M"], None),
            (["View", "view"], ["VIEW", "VIEW_1"]),
            (["a b", "a-b", "ü", "€", "1"], ["A_B", "A_B_1", "VALUE_2", "VALUE_3", "VALUE_1"]),
            (["a", "A", "A_1"], ["A", "A_1", "A_1_2"]),
        ],
    )
    def test_what_is_no_name_is_given_one(self, values: list[str], names: list[str] | None) -> None:
        assert allowed_values(Column(name="a", type="text", one_of=values)).get("x-enum-varnames") == names

    def test_no_words_of_an_owner_end_a_comment(self) -> None:
        column = Column(name="a", type="text", description='*/ """')
        schema = replace(_dataset(column), title='Things */\n"""', description='About */ """')
        text = json.dumps([schemas_of(schema, ()), paths_of(schema, ()), tag_of(schema), parameters_of(schema)])
        assert "*/" not in text
        assert json.dumps('"""')[1:-1] not in text

    def test_the_label_describes(self) -> None:
        assert _schema(type="text", label="Unit price (€)")["description"] == "Unit price (€)"

    def test_a_numbers_exceptions_are_told(self) -> None:
        schema = _schema(type="number", description="Weight.")
        assert schema["description"] == f"Weight. {NUMBER_NOTE}"
        assert schema["anyOf"] == [{"$ref": "#/components/schemas/NumberValue"}, {"type": "null"}]
        number, text = number_schemas()["NumberValue"]["anyOf"]
        assert (number, text) == ({"type": "number", "format": "double"}, {"$ref": "#/components/schemas/NotFinite"})

    @pytest.mark.parametrize(
        ("bounds", "texts"),
        [
            ({"min": 0}, ["Infinity"]),
            ({"max": 0}, ["-Infinity"]),
            ({"min": 0, "max": 1}, None),
            ({"one_of": [1]}, None),
        ],
    )
    def test_a_bound_keeps_out_what_is_beyond(self, bounds: dict[str, Any], texts: list[str] | None) -> None:
        schema = _schema(type="number", required=True, **bounds)
        assert schema.get("anyOf", [{}, {"enum": None}])[1]["enum"] == texts

    def test_an_example_is_shown_where_it_is_allowed(self) -> None:
        for name in TYPES:
            members = {"precision": 2, "scale": 2} if name == "decimal" else {}
            column = Column(name="a", type=name, **members)
            for example in _schema(type=name, **members).get("examples", []):
                column.parse(str(example))
        assert _schema(type="decimal", precision=8, scale=3)["examples"] == ["1.500"]
        assert "examples" not in _schema(type="integer", min=100)

    def test_json_is_anything(self) -> None:
        assert _schema(type="json") == {}


EVERY_TYPE = [
    {"name": name, "type": name, **({"precision": 9, "scale": 2} if name == "decimal" else {})} for name in TYPES
]


async def _create_datasets(client: AsyncClient) -> None:
    bodies = [
        {"name": "everything", "title": "Everything", "description": "All types.", "columns": EVERY_TYPE},
        {"name": "pairs", "columns": [{"name": n, "type": "text"} for n in "ab"], "key": ["a", "b"]},
        {"name": "a_1", "columns": [{"name": "n", "type": "integer", "one_of": [1, 2], "min": 1}], "key": ["n"]},
        {"name": "a1"},
    ]
    for body in bodies:
        assert (await client.post("/datasets", json=body)).status_code == 201


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    """A document's objects, however deep, but for examples."""
    if isinstance(document, dict):
        yield document
        for name, value in document.items():
            yield from [] if name in ("examples", "example") else _objects(value)
    elif isinstance(document, list):
        for value in document:
            yield from _objects(value)


def _without_prose(value: Any) -> Any:
    """A document without what only people read."""
    if isinstance(value, list):
        return [_without_prose(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {name: _without_prose(inner) for name, inner in value.items() if name not in ("description", "summary")}


def _operation_ids(document: dict[str, Any]) -> list[str]:
    return [operation["operationId"] for path in document["paths"].values() for operation in path.values()]


class TestWholeDocument:
    async def test_it_is_valid(self, client: AsyncClient) -> None:
        await _create_datasets(client)
        document = (await client.get("/openapi.json")).json()
        OpenAPIV31SpecValidator(document).validate()
        ids = _operation_ids(document)
        assert len(ids) == len(set(ids))
        assert {"list_everything_records", "get_everything_record", "create_dataset", "list_keys"} <= set(ids)

    async def test_without_a_key_it_shows_the_fixed_routes(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        await _create_datasets(client)
        document = (await anonymous.get("/openapi.json")).json()
        OpenAPIV31SpecValidator(document).validate()
        assert "/datasets/{dataset}/records" in document["paths"]
        assert not [path for path in document["paths"] if "everything" in path]

    async def test_a_limited_key_sees_its_datasets(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        await _create_datasets(client)
        created = await client.post("/keys", json={"name": "x", "scopes": ["read"], "datasets": ["pairs"]})
        headers = {"Authorization": f"Bearer {created.json()['key']}"}
        text = (await anonymous.get("/openapi.json", headers=headers)).text
        assert "list_pairs_records" in text
        assert "everything" not in text

    async def test_generators_read_its_numbers_as_they_are(self, client: AsyncClient) -> None:
        await _create_datasets(client)
        for path in ("/openapi.json", "/datasets/everything/openapi.json", "/datasets/a_1/openapi.json"):
            for schema in _objects((await client.get(path)).json()):
                kinds = schema.get("type", [])
                if kinds == "integer" or (isinstance(kinds, list) and "integer" in kinds):
                    assert schema["format"] == "int64"
                assert schema.get("format") != "decimal"

    async def test_every_parameter_has_a_schema(self, client: AsyncClient) -> None:
        await _create_datasets(client)
        document = (await client.get("/openapi.json")).json()
        parameters = document["components"]["parameters"]
        assert [name for name, parameter in parameters.items() if "schema" not in parameter] == []
        assert parameters["json__contains.json"]["schema"]["contentMediaType"] == "application/json"

    async def test_every_operation_says_what_it_does(self, client: AsyncClient) -> None:
        await _create_datasets(client)
        document = (await client.get("/openapi.json")).json()
        paths = document["paths"]
        assert paths["/datasets"]["post"]["summary"] == "Make a dataset"
        assert paths["/datasets"]["post"]["description"] == "Without columns, its first import infers them."
        names = [tag["name"] for tag in document["tags"]]
        assert names[:4] == ["a1", "a_1", "everything", "pairs"]
        used = {tag for path in paths.values() for operation in path.values() for tag in operation["tags"]}
        assert used == set(names)

    async def test_a_dataset_may_be_called_as_a_section_is(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "keys", "columns": [{"name": "n", "type": "text"}]})
        document = (await client.get("/openapi.json")).json()
        OpenAPIV31SpecValidator(document).validate()
        assert [tag["name"] for tag in document["tags"]].count("keys") == 1

    async def test_every_operation_answers_with_problems(self, client: AsyncClient) -> None:
        await _create_datasets(client)
        document = (await client.get("/openapi.json")).json()
        for path in document["paths"].values():
            for operation in path.values():
                unsuccessful = {status: r for status, r in operation["responses"].items() if status[0] not in "23"}
                assert "default" in unsuccessful
                for response in unsuccessful.values():
                    name = response.get("$ref", "").rpartition("/")[2]
                    shown = document["components"]["responses"][name] if name else response
                    assert list(shown["content"]) == ["application/problem+json"]
        assert "HTTPValidationError" not in document["components"]["schemas"]

    async def test_every_operation_but_health_needs_the_key(self, client: AsyncClient) -> None:
        document = (await client.get("/openapi.json")).json()
        open_paths = {
            path
            for path, operations in document["paths"].items()
            for operation in operations.values()
            if operation["security"] == []
        }
        # A picture's URL with its version opens it.
        assert open_paths == {"/health", "/ready", "/images/{image}/content"}
        assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"

    async def test_a_column_may_be_called_as_the_number_of_records_is(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "words", "columns": [{"name": "count", "type": "integer"}]})
        document = (await client.get("/openapi.json")).json()
        OpenAPIV31SpecValidator(document).validate()
        members = document["components"]["schemas"]["words_result"]["properties"]
        assert len(members["count"]["anyOf"]) == 2

    async def test_each_value_of_a_key_has_a_parameter_in_the_address(self, client: AsyncClient) -> None:
        await _create_datasets(client)
        document = (await client.get("/openapi.json")).json()
        for operation in document["paths"]["/datasets/pairs/records/{a},{b}"].values():
            first, second = [given for given in operation["parameters"] if given["in"] == "path"]
            assert (first["name"], second["name"]) == ("a", "b")
            assert first["schema"] == second["schema"] == {"type": "string"}

    async def test_a_key_in_a_body_has_as_many_values_as_columns(self, client: AsyncClient) -> None:
        await _create_datasets(client)
        document = (await client.get("/openapi.json")).json()
        key = document["components"]["schemas"]["pairs_keys"]["properties"]["keys"]["items"]
        assert key["prefixItems"] == [{"type": "string"}, {"type": "string"}]
        assert (key["items"], key["minItems"], key["maxItems"]) == ({"type": "string"}, 2, 2)

    async def test_a_list_stands_in_its_parameter(self, client: AsyncClient) -> None:
        await _create_datasets(client)
        parameters = (await client.get("/openapi.json")).json()["components"]["parameters"]
        lists = [given for given in parameters.values() if given["name"].endswith(("__in", "__nin", "__between"))]
        assert lists
        for given in lists:
            assert given["schema"]["type"] == "array"
            assert (given["style"], given["explode"]) == ("form", False)

    async def test_no_schema_has_a_title(self, client: AsyncClient) -> None:
        await _create_datasets(client)
        for path in ("/openapi.json", "/datasets/everything/openapi.json"):
            document = (await client.get(path)).json()
            for part in (document["paths"], document["components"]):
                assert [found["title"] for found in _objects(part) if isinstance(found.get("title"), str)] == []
        # A property may be called so.
        assert "title" in document["components"]["schemas"]["ProblemDocument"]["properties"]

    async def test_names_stay_when_the_title_changes(self, client: AsyncClient) -> None:
        await _create_datasets(client)
        before = _without_prose((await client.get("/datasets/everything/openapi.json")).json())
        await client.patch("/datasets/everything", json={"title": "All that we have", "description": "Other words."})
        after = (await client.get("/datasets/everything/openapi.json")).json()
        assert after["info"]["summary"] == "All that we have"
        assert _without_prose(after) == before

    async def test_every_component_is_used(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        await _create_datasets(client)
        paths = ("/openapi.json", *(f"/datasets/{name}/openapi.json" for name in ("everything", "pairs", "a_1", "a1")))
        documents = [(await client.get(path)).json() for path in paths]
        for document in (*documents, (await anonymous.get("/openapi.json")).json()):
            text = json.dumps(document)
            for kind, components in document["components"].items():
                if kind != "securitySchemes":
                    assert [name for name in components if f'"#/components/{kind}/{name}"' not in text] == []


class TestDatasetDocument:
    async def test_it_is_valid_and_whole_by_itself(self, client: AsyncClient) -> None:
        await _create_datasets(client)
        for name in ("everything", "pairs", "a_1", "a1"):
            document = (await client.get(f"/datasets/{name}/openapi.json")).json()
            OpenAPIV31SpecValidator(document).validate()
            assert sorted(_operation_ids(document)) == [
                f"aggregate_{name}_records",
                f"create_{name}_records",
                f"delete_{name}_record",
                f"get_{name}_record",
                f"get_{name}_records",
                f"list_{name}_records",
                f"query_{name}_records",
                f"replace_{name}_record",
                f"update_{name}_record",
            ]

    async def test_it_speaks_of_the_dataset(self, client: AsyncClient) -> None:
        await _create_datasets(client)
        document = (await client.get("/datasets/everything/openapi.json")).json()
        assert document["info"]["title"] == "everything"
        assert document["info"]["summary"] == "Everything"
        assert document["info"]["description"] == "All types."
        assert set(document["components"]["schemas"]["everything_view"]["properties"]) == {"_id", *TYPES}

    async def test_it_needs_the_scope_read(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        await _create_datasets(client)
        assert (await anonymous.get("/datasets/pairs/openapi.json")).status_code == 401
        assert (await client.get("/datasets/absent/openapi.json")).status_code == 404
