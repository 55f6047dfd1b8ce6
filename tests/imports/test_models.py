from typing import Any

import pytest
from pydantic import ValidationError

from app.imports.models import Import, ImportCreate, ImportPublic


class TestImportCreate:
    @pytest.mark.parametrize("name", ["products.csv", "año 2024.csv", "a.b.c", "-"])
    def test_a_file_has_a_name(self, name: str) -> None:
        assert ImportCreate(filename=name).mode == "append"

    @pytest.mark.parametrize("name", ["", "a/b.csv", "a\\b.csv", "..", ".", "a\n.csv", "\0", "x" * 201])
    def test_which_is_no_path(self, name: str) -> None:
        with pytest.raises(ValidationError):
            ImportCreate(filename=name)

    @pytest.mark.parametrize(
        ("members", "reason"),
        [
            ({"infer_again": True}, "goes with mode=replace"),
            ({"key": ["a", "a"]}, "names a column twice"),
            ({"key": ["A"]}, "not a legal name"),
            ({"size": -1}, "greater than or equal to 0"),
            ({"mode": "merge"}, "'append', 'upsert' or 'replace'"),
            ({"colour": "red"}, "Extra inputs"),
        ],
    )
    def test_what_contradicts_itself_is_refused(self, members: dict[str, Any], reason: str) -> None:
        with pytest.raises(ValidationError, match=reason):
            ImportCreate.model_validate({"filename": "a.csv", **members})


class TestImportPublic:
    ROW = Import(dataset_id=None, dataset_name="things", file_name="a.csv", object_key="x")

    def test_columns_are_shown_as_they_were_whatever_the_rules_are_today(self) -> None:
        row = self.ROW.model_copy(update={"columns": [{"name": "a__b", "type": "text", "evidence": ["why"]}]})
        (shown,) = ImportPublic.of(row).model_dump(mode="json")["columns"]
        assert (shown["name"], shown["evidence"], "label" in shown) == ("a__b", ["why"], False)

    def test_renamed_columns_are_in_the_order_of_the_file(self) -> None:
        columns = [{"name": name, "type": "text"} for name in ("b", "c", "a")]
        row = self.ROW.model_copy(update={"columns": columns, "renamed": {"A": "a", "B": "b", "C": ["c", "c_2"]}})
        assert list(ImportPublic.of(row).renamed) == ["B", "C", "A"]

    def test_a_problem_shows_what_it_has(self) -> None:
        problem = {"type": "/problems/file-empty", "title": "x", "status": 422, "detail": "y"}
        assert ImportPublic.of(self.ROW.model_copy(update={"problem": problem})).model_dump()["problem"] == problem
        assert ImportPublic.of(self.ROW).model_dump()["problem"] is None
