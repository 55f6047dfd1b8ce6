import json
from typing import Any

import pytest

from app.columns.column import Column
from app.records.errors import RecordInvalid
from app.records.merge_patch import changes_of, merge, merge_document

TAGS, NOTES = Column(name="tags", type="json"), Column(name="notes", type="text")


class TestChanges:
    def test_an_object_is_merged_and_anything_else_takes_the_place(self) -> None:
        merged = changes_of([TAGS, NOTES], {"tags": {"b": 2}, "notes": "n"}, {"tags": '{"b":2}', "notes": "n"}, 1000)
        assert json.loads(merged.merge({"tags": '{"a":1}'})["tags"]) == {"a": 1, "b": 2}
        assert json.loads(merged.merge({"tags": None})["tags"]) == {"b": 2}
        assert (
            changes_of([TAGS, NOTES], {"tags": [1], "notes": "n"}, {"tags": "[1]", "notes": "n"}, 1000).merge({}) == {}
        )
        assert changes_of([TAGS], {"tags": None}, {"tags": None}, 1000).merge({}) == {}


class TestMerge:
    @pytest.mark.parametrize(
        ("target", "patch", "merged"),
        [  # the examples of RFC 7396
            ({"a": "b"}, {"a": "c"}, {"a": "c"}),
            ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
            ({"a": "b"}, {"a": None}, {}),
            ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
            ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
            ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
            ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
            ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
            (["a", "b"], ["c", "d"], ["c", "d"]),
            ({"a": "b"}, ["c"], ["c"]),
            ({"a": "foo"}, None, None),
            ({"a": "foo"}, "bar", "bar"),
            ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
            ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
            ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ],
    )
    def test_as_the_standard_says(self, target: Any, patch: Any, merged: Any) -> None:
        assert merge(target, patch) == merged


class TestMergeDocument:
    @pytest.mark.parametrize(
        ("text", "patch", "merged"),
        [
            ('{"a":1,"b":2}', {"a": None, "c": 3}, {"b": 2, "c": 3}),
            (None, {"a": 1}, {"a": 1}),
            ("[1]", {"a": {"b": None}}, {"a": {}}),
            ('{"a":1}', [2], [2]),
        ],
    )
    def test_it_is_a_merge_patch(self, text: str | None, patch: object, merged: object) -> None:
        assert json.loads(merge_document(TAGS, text, patch, 1000)) == merged

    def test_a_document_that_becomes_too_large_is_refused(self) -> None:
        with pytest.raises(RecordInvalid) as raised:
            merge_document(TAGS, '{"a":"xxxxxxxxxx"}', {"b": "yyyyyyyyyy"}, 30)
        assert raised.value.errors is not None
        assert raised.value.errors[0]["code"] == "document_too_large"
        assert "TOLVA_MAX_DOCUMENT_BYTES" in str(raised.value.hint)
