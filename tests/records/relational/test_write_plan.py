from dataclasses import replace

import pytest

from app.records.errors import DatasetWithoutColumns
from app.records.relational.write_plan import write_plan_of
from tests.records.schemas import make_schema, products


class TestTargetOf:
    def test_it_is_worked_out_once_for_each_schema_and_kind_of_caller(self) -> None:
        schema = products()
        assert write_plan_of(schema, with_caller=True) is write_plan_of(schema, with_caller=True)
        assert write_plan_of(schema, with_caller=True) is not write_plan_of(schema, with_caller=False)

    def test_what_no_two_records_share(self) -> None:
        target = write_plan_of(products(), with_caller=False)
        assert [[column.name for column in columns] for columns in target.unique] == [["sku"], ["ean"]]
        assert [column.name for column in target.referring] == ["maker"]

    def test_the_numbers_of_records_are_not_written(self) -> None:
        target = write_plan_of(make_schema({"a": {"type": "text", "unique": True}}), with_caller=False)
        assert target.is_numbered
        assert [column.name for column in target.sql.columns] == ["a"]
        assert [[column.name for column in columns] for columns in target.unique] == [["a"]]

    def test_a_unique_key_counts_once(self) -> None:
        schema = make_schema({"a": {"type": "text", "required": True, "unique": True}}, "a")
        assert len(write_plan_of(schema, with_caller=False).unique) == 1

    def test_a_dataset_without_columns_has_none(self) -> None:
        with pytest.raises(DatasetWithoutColumns):
            write_plan_of(replace(make_schema({}), columns=[]), with_caller=False)
