from typing import Any

import pytest
from pydantic import ValidationError

from app.datasets.bodies import ColumnAdded, DatasetCreate, DatasetUpdate


class TestDatasetCreate:
    def test_the_columns_of_the_key_are_required(self) -> None:
        columns = [{"name": "a", "type": "text"}, {"name": "b", "type": "text"}]
        definition = DatasetCreate.model_validate({"name": "d", "columns": columns, "key": ["a"]}).definition
        assert [column.required for column in definition.columns] == [True, False]

    def test_indexes_that_were_shown_may_be_sent_back(self) -> None:
        body = {
            "name": "d",
            "columns": [{"name": "a", "type": "text"}],
            "indexes": [
                {"columns": ["a"], "name": "x", "origin": "declared"},
                {"columns": ["_id"], "origin": "key"},
                {"name": "y", "origin": "database"},
            ],
        }
        (index,) = DatasetCreate.model_validate(body).definition.indexes
        assert index.model_dump() == {"columns": ("a",)}

    @pytest.mark.parametrize(
        ("members", "reason"),
        [
            ({"key": ["a"]}, "a key needs the columns"),
            ({"name": "D"}, "not a legal name"),
            ({"store": "other"}, "relational"),
            ({"colour": "red"}, "Extra inputs"),
            ({"columns": [{"name": "a", "type": "string"}]}, "there is no type 'string'"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, members: dict[str, Any], reason: str) -> None:
        with pytest.raises(ValidationError, match=reason):
            DatasetCreate.model_validate({"name": "d", **members})


class TestDatasetUpdate:
    def test_null_drops_a_column_and_an_object_changes_it(self) -> None:
        update = DatasetUpdate.model_validate({"columns": {"a": None, "b": {"min": 0}}})
        assert update.columns["a"] is None
        assert update.columns["b"] is not None
        assert update.columns["b"].model_fields_set == {"min"}

    def test_a_list_of_columns_is_told_how_they_are_changed(self) -> None:
        with pytest.raises(ValidationError, match="changed by name"):
            DatasetUpdate.model_validate({"columns": [{"name": "a"}]})


class TestColumnAdded:
    def test_it_is_kept_without_what_it_is_filled_with(self) -> None:
        column = ColumnAdded.model_validate({"name": "a", "type": "text", "fill": "x"}).column
        assert column.model_dump(exclude_unset=True) == {"name": "a", "type": "text"}
