from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.datasets import schema
from app.datasets.definition import Index
from app.datasets.lookup import DatasetRow
from app.datasets.schema import MAX_SCHEMAS, find_kept_schema, is_current, schema_of
from tests.records.schemas import MADE, make_schema

COLUMNS: list[dict[str, Any]] = [
    {"name": "a", "type": "text", "required": True},
    {"name": "b", "type": "integer", "unique": True},
    {"name": "c", "type": "json", "references": None},
]


def _dataset(**members: Any) -> DatasetRow:
    described = {"title": None, "description": None, "store": "relational", "key": ["a"], "columns": COLUMNS}
    return DatasetRow(**{"id": uuid4(), "created_at": MADE, "updated_at": MADE, "name": "d", **described, **members})


class TestSchemaOf:
    def test_it_is_worked_out_once_for_each_state(self) -> None:
        dataset = _dataset()
        schema = schema_of(dataset)
        assert schema_of(dataset) is schema
        assert find_kept_schema(dataset.id, dataset.updated_at) is schema
        assert schema_of(replace(dataset, updated_at=MADE + timedelta(microseconds=1))) is not schema
        assert schema_of(dataset, "generation") is not schema

    def test_without_a_key_records_are_numbered(self) -> None:
        schema = schema_of(_dataset(key=[]))
        assert schema.is_numbered
        assert [column.name for column in schema.columns] == ["_id", "a", "b", "c"]
        assert not schema_of(_dataset()).is_numbered

    def test_without_columns_it_has_none(self) -> None:
        assert schema_of(_dataset(key=[], columns=[])).columns == []

    def test_no_more_are_kept_than_there_is_room_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(schema, "_schemas", {})
        first = _dataset()
        schema_of(first)
        for _ in range(MAX_SCHEMAS):
            schema_of(_dataset(columns=[], key=[]))
        assert find_kept_schema(first.id, first.updated_at) is None


class TestSchema:
    def test_the_columns_that_an_index_begins_with(self) -> None:
        schema = schema_of(_dataset(indexes=[{"columns": ["c"]}]))
        assert schema.indexed == {"a", "b", "c"}
        assert not schema.search_is_indexed
        assert replace(schema, indexes=(Index(search=True),)).search_is_indexed

    def test_what_it_refers_to(self) -> None:
        schema = make_schema({"n": "integer", "maker": {"type": "text", "references": "makers"}})
        assert schema.references == {"maker": "makers"}
        assert schema.has_texts
        assert not make_schema({"n": "integer"}).has_texts


class TestIsCurrent:
    def test_it_names_the_state(self) -> None:
        schema = make_schema({"n": "integer"})
        assert f"id = '{schema.id}' AND updated_at = '{MADE.isoformat()}'" in is_current(schema)
