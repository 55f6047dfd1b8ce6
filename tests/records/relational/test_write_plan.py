from dataclasses import replace

import pytest

from app.records.errors import DatasetWithoutColumns
from app.records.relational.write_plan import target_of
from tests.records.shapes import make_shape, products


class TestTargetOf:
    def test_it_is_worked_out_once_for_each_shape_and_kind_of_caller(self) -> None:
        shape = products()
        assert target_of(shape, with_caller=True) is target_of(shape, with_caller=True)
        assert target_of(shape, with_caller=True) is not target_of(shape, with_caller=False)

    def test_what_no_two_records_share(self) -> None:
        target = target_of(products(), with_caller=False)
        assert [[column.name for column in columns] for columns in target.unique] == [["sku"], ["ean"]]
        assert [column.name for column in target.referring] == ["maker"]

    def test_the_numbers_of_records_are_not_written(self) -> None:
        target = target_of(make_shape({"a": {"type": "text", "unique": True}}), with_caller=False)
        assert target.is_numbered
        assert [column.name for column in target.sql.columns] == ["a"]
        assert [[column.name for column in columns] for columns in target.unique] == [["a"]]

    def test_a_unique_key_counts_once(self) -> None:
        shape = make_shape({"a": {"type": "text", "required": True, "unique": True}}, "a")
        assert len(target_of(shape, with_caller=False).unique) == 1

    def test_a_dataset_without_columns_has_none(self) -> None:
        with pytest.raises(DatasetWithoutColumns):
            target_of(replace(make_shape({}), columns=[]), with_caller=False)
