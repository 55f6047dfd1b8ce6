"""Shared parts of documents, the index, and the switch to it."""

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.columns.column import Column, row_id_column
from app.columns.types.registry import TYPES
from app.datasets.schema import DatasetSchema
from app.records.openapi.assembly import describe_all, describe_index, least_size
from app.records.openapi.parameters import filter_references, own_parameters, shared_parameters
from app.records.query.operators import operators_of

Document = dict[str, Any]
FIXED: Document = {
    "openapi": "3.1.0",
    "info": {"title": "Tolva", "version": "1", "description": "About it."},
    "tags": [{"name": "datasets"}, {"name": "keys"}],
    "paths": {},
    "components": {"schemas": {}},
}


def _column(type_name: Any, name: str = "a", **members: Any) -> Column:
    digits = {"precision": 6, "scale": 2} if type_name == "decimal" else {}
    return Column(name=name, type=type_name, **digits, **members)


def _schema(name: str, *columns: Column, **members: Any) -> DatasetSchema:
    key = [row_id_column()]
    return DatasetSchema(uuid4(), datetime.now(UTC), name, None, None, [*key, *columns], key, **members)


def _unique(pairs: Sequence[tuple[str, Any]]) -> Document:
    """An object whose members must have different names."""
    members = dict(pairs)
    assert len(members) == len(pairs), [name for name, _ in pairs]
    return members


def _describe(*schemas: DatasetSchema) -> Document:
    document: Document = json.loads(describe_all(FIXED, schemas), object_pairs_hook=_unique)
    return document


class TestSharing:
    def test_datasets_with_the_same_column_share_what_says_nothing_of_them(self) -> None:
        names = set(
            _describe(_schema("one", _column("decimal")), _schema("two", _column("decimal")))["components"][
                "parameters"
            ]
        )
        assert {"one.a", "two.a", "a__gte.decimal", "a__nin.decimal"} <= names
        assert not {"one.a__gte", "two.a__gte"} & names

    @pytest.mark.parametrize("type_name", TYPES)
    def test_a_shared_one_is_the_same_for_every_dataset(self, type_name: str) -> None:
        kinds: list[Document] = [
            {},
            {"label": "A", "description": "About a."},
            {"required": True},
            {"unique": True},
            *([{"one_of": ["1", "2"]}] if type_name in ("text", "integer", "bigint", "decimal") else []),
        ]
        schemas = [
            _schema(f"d{place}", _column(type_name, **kind), examples={"a": place}) for place, kind in enumerate(kinds)
        ]
        for one, other in itertools.combinations(schemas, 2):
            first, second = shared_parameters(one), shared_parameters(other)
            assert {name: first[name] for name in first.keys() & second.keys()} == {
                name: second[name] for name in first.keys() & second.keys()
            }
            assert not own_parameters(one).keys() & {*own_parameters(other), *first, *second}

    def test_columns_of_one_name_and_several_types_have_their_own(self) -> None:
        schemas = [_schema(f"d{place}", _column(name)) for place, name in enumerate(TYPES)]
        parameters = _describe(*schemas)["components"]["parameters"]
        schema = {"type": "string", "format": "date"}
        assert parameters["a__ne.date"] == {
            "name": "a__ne",
            "in": "query",
            "description": "`a` is not this, or missing.",
            "schema": schema,
        }
        assert parameters["a__ne.uuid"]["schema"] != schema

    def test_an_enumeration_stays_its_datasets_own(self) -> None:
        small, large = _column("text", one_of=["s"]), _column("text", one_of=["l"])
        parameters = _describe(_schema("one", small), _schema("two", large), _schema("three", _column("text")))[
            "components"
        ]["parameters"]
        for name, dataset in itertools.product(("a", "a__ne", "a__in", "a__nin"), ("one", "two")):
            assert f"/{dataset}.a" in json.dumps(parameters[f"{dataset}.{name}"])
        assert parameters["a__ne.text"]["schema"] == {"type": "string"}

    def test_each_column_and_operator_has_its_parameter(self) -> None:
        columns = [_column(name, name=f"c_{name}") for name in TYPES]
        schema = _schema("things", *columns)
        document = _describe(schema)
        expected = [
            column.name if operator == "eq" else f"{column.name}__{operator}"
            for column in schema.columns
            for operator in operators_of(column)
        ]
        components = document["components"]["parameters"]
        for path in ("records", "aggregate"):
            given = document["paths"][f"/datasets/things/{path}"]["get"]["parameters"]
            names = [components[item["$ref"].rpartition("/")[2]]["name"] for item in given if "$ref" in item]
            assert [name for name in names if not name.startswith("_") or name.startswith("_id")] == expected
        assert len(filter_references(schema)) == len(expected)

    def test_what_every_list_takes_is_said_once(self) -> None:
        document = _describe(*(_schema(f"d{number}", _column("text")) for number in range(3)))
        text = json.dumps(document)
        for name in ("_limit", "_cursor", "_q", "_count", "_spreadsheet", "_limit.results"):
            said = document["components"]["parameters"][name]["description"]
            assert text.count(json.dumps(said)) == 1
            assert text.count(json.dumps(f"#/components/parameters/{name}")) in (3, 6)

    def test_a_hundred_alike_take_little_more_than_what_is_their_own(self) -> None:
        columns = [_column(name, name=f"c_{name}", label=name) for name in TYPES]
        one, many = (
            len(json.dumps(_describe(*(_schema(f"d{n}", *columns) for n in range(count))))) for count in (1, 100)
        )
        assert many / 100 < one * 0.75


class TestLeastSize:
    SHAPES = tuple(_schema(f"d{number}", _column(name)) for number, name in enumerate(TYPES))

    def test_a_document_never_takes_less(self) -> None:
        names = [schema.name for schema in self.SHAPES]
        whole, least = describe_all(FIXED, self.SHAPES), least_size(self.SHAPES, names)
        assert len(whole) * 0.6 < least < len(whole)

    def test_it_adds_up(self) -> None:
        names = [schema.name for schema in self.SHAPES]
        assert least_size(self.SHAPES, names) == sum(least_size([schema], names) for schema in self.SHAPES)


class TestIndex:
    def _index(self, names: Sequence[str], total: int | None = None) -> Document:
        index: Document = json.loads(describe_index(FIXED, "/prod", names, total or len(names)))
        return index

    def test_it_leads_to_each_datasets_own_document(self) -> None:
        index = self._index(["makers", "products"])
        assert index["x-tolva-datasets"] == {
            "total": 2,
            "document": "/prod/datasets/{dataset}/openapi.json",
            "page": "/prod/datasets/{dataset}/docs",
            "names": ["makers", "products"],
        }
        assert index["tags"][-1] == {
            "name": "products",
            "externalDocs": {"url": "/prod/datasets/products/openapi.json"},
        }

    def test_it_says_what_it_is(self) -> None:
        description = self._index(["makers", "products"])["info"]["description"]
        assert description.startswith("About it.\n\n")
        assert "an index: there are 2 datasets" in description
        assert "`/datasets/{dataset}/openapi.json`" in description

    def test_it_says_how_many_are_not_listed(self) -> None:
        index = self._index(["makers"], 70_000)
        assert "the first 1; `GET /datasets` lists all" in index["info"]["description"]
        assert index["x-tolva-datasets"]["total"] == 70_000

    def test_no_tag_is_there_twice(self) -> None:
        index = self._index(["keys", "products"])
        assert [tag["name"] for tag in index["tags"]] == ["datasets", "keys", "products"]
        assert index["x-tolva-datasets"]["names"] == ["keys", "products"]

    def test_five_thousand_take_less_than_a_megabyte(self) -> None:
        assert len(describe_index(FIXED, "", [f"dataset_number_{n}" for n in range(5000)], 5000)) < 1_000_000


class TestBothDocuments:
    async def test_a_dataset_says_the_same_by_itself_as_among_others(self, client: AsyncClient) -> None:
        columns = [
            {"name": "code", "type": "text"},
            {"name": "at", "type": "datetime"},
            {"name": "n", "type": "number"},
        ]
        for store, number in itertools.product(("relational", "keyvalue"), range(2)):
            body = {"name": f"{store}_{number}", "store": store, "columns": columns, "key": ["code", "at"]}
            assert (await client.post("/datasets", json=body)).status_code == 201
        text = (await client.get("/openapi.json")).text
        everything = json.loads(text, object_pairs_hook=_unique)
        OpenAPIV31SpecValidator(everything).validate()
        for store, number in itertools.product(("relational", "keyvalue"), range(2)):
            alone = (await client.get(f"/datasets/{store}_{number}/openapi.json")).json()
            OpenAPIV31SpecValidator(alone).validate()
            for kind, components in alone["components"].items():
                assert components.items() <= everything["components"][kind].items()
            assert alone["paths"].items() <= everything["paths"].items()
