from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.datasets import schema
from app.datasets.definition import Index
from app.datasets.lookup import DatasetRow
from app.datasets.schema import KEPT_SHAPES, find_kept_shape, is_current, shape_of
from tests.records.shapes import MADE, make_shape

COLUMNS: list[dict[str, Any]] = [
    {"name": "a", "type": "text", "required": True},
    {"name": "b", "type": "integer", "unique": True},
    {"name": "c", "type": "json", "references": None},
]


def _dataset(**members: Any) -> DatasetRow:
    described = {"title": None, "description": None, "store": "relational", "key": ["a"], "columns": COLUMNS}
    return DatasetRow(**{"id": uuid4(), "created_at": MADE, "updated_at": MADE, "name": "d", **described, **members})


class TestShapeOf:
    def test_it_is_worked_out_once_for_each_state(self) -> None:
        dataset = _dataset()
        shape = shape_of(dataset)
        assert shape_of(dataset) is shape
        assert find_kept_shape(dataset.id, dataset.updated_at) is shape
        assert shape_of(replace(dataset, updated_at=MADE + timedelta(microseconds=1))) is not shape
        assert shape_of(dataset, "generation") is not shape

    def test_without_a_key_records_are_numbered(self) -> None:
        shape = shape_of(_dataset(key=[]))
        assert shape.is_numbered
        assert [column.name for column in shape.columns] == ["_id", "a", "b", "c"]
        assert not shape_of(_dataset()).is_numbered

    def test_without_columns_it_has_none(self) -> None:
        assert shape_of(_dataset(key=[], columns=[])).columns == []

    def test_no_more_are_kept_than_there_is_room_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(schema, "_shapes", {})
        first = _dataset()
        shape_of(first)
        for _ in range(KEPT_SHAPES):
            shape_of(_dataset(columns=[], key=[]))
        assert find_kept_shape(first.id, first.updated_at) is None


class TestShape:
    def test_the_columns_that_an_index_begins_with(self) -> None:
        shape = shape_of(_dataset(indexes=[{"columns": ["c"]}]))
        assert shape.indexed == {"a", "b", "c"}
        assert not shape.search_is_indexed
        assert replace(shape, indexes=(Index(search=True),)).search_is_indexed

    def test_what_it_refers_to(self) -> None:
        shape = make_shape({"n": "integer", "maker": {"type": "text", "references": "makers"}})
        assert shape.references == {"maker": "makers"}
        assert shape.has_texts
        assert not make_shape({"n": "integer"}).has_texts


class TestIsCurrent:
    def test_it_names_the_state(self) -> None:
        shape = make_shape({"n": "integer"})
        assert f"id = '{shape.id}' AND updated_at = '{MADE.isoformat()}'" in is_current(shape)
