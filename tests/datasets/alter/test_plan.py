from typing import Any

import pytest

from app.datasets.alter.diff import plan_change
from app.datasets.alter.plan import Restructuring, plan_restructuring
from app.datasets.bodies import DatasetUpdate
from app.datasets.definition import Definition, Index
from tests.records.schemas import make_columns

BEFORE = Definition(
    tuple(
        make_columns(
            {
                "sku": {"type": "text", "required": True},
                "a": {"type": "integer", "unique": True},
                "b": "integer",
            }
        )
    ),
    ("sku",),
    (Index(columns=("b",)),),
)


def _plan(**body: Any) -> Restructuring:
    return plan_restructuring("things", plan_change(BEFORE, DatasetUpdate.model_validate(body)))


class TestPlanRestructuring:
    @pytest.mark.parametrize("body", [{}, {"title": "x"}, {"columns": {"b": {"min": 0}}}])
    def test_what_is_not_in_the_table_does_not_touch_it(self, body: dict[str, Any]) -> None:
        assert not _plan(**body).touches_table

    def test_names_are_exchanged_by_way_of_a_third(self) -> None:
        renamings = [
            text for text in _plan(columns={"a": {"name": "b"}, "b": {"name": "a"}}).columns if "COLUMN" in text
        ]
        assert [text.split("RENAME COLUMN ")[1] for text in renamings] == [
            '"a" TO "~a"',
            '"b" TO "~b"',
            '"~a" TO "b"',
            '"~b" TO "a"',
        ]

    def test_what_stands_on_a_column_keeps_its_name_up_with_it(self) -> None:
        plan = _plan(columns={"a": {"name": "c"}})
        assert not plan.created
        assert plan.columns[0].endswith('RENAME CONSTRAINT "things__a__key" TO "things__c__key"')

    def test_all_columns_are_altered_at_once(self) -> None:
        plan = _plan(
            columns={"a": {"type": "bigint"}, "b": {"type": "text"}}, add_columns=[{"name": "n", "type": "text"}]
        )
        (alteration,) = [text for text in plan.columns if "ALTER TABLE" in text and "TYPE" in text]
        assert 'ALTER COLUMN "b" TYPE text' in alteration
        assert 'ADD COLUMN "n" text' in alteration

    def test_a_column_of_another_type_has_its_indexes_built_again(self) -> None:
        plan = _plan(columns={"b": {"type": "text"}})
        assert [attachment.columns for attachment in plan.created] == [("b", "sku")]
        assert plan.columns[0].startswith("DROP INDEX")

    def test_a_value_to_fill_up_with_is_forgotten_again(self) -> None:
        plan = _plan(add_columns=[{"name": "n", "type": "integer", "required": True, "fill": 5}])
        assert [text.partition('things" ')[2] for text in (*plan.columns, *plan.required)] == [
            "ADD COLUMN \"n\" bigint DEFAULT CAST('5' AS bigint)",
            'ALTER COLUMN "n" DROP DEFAULT',
            'ALTER COLUMN "n" SET NOT NULL',
        ]

    def test_columns_are_dropped_last(self) -> None:
        plan = _plan(columns={"b": None})
        assert plan.dropped[-1] == 'ALTER TABLE "data"."things" DROP COLUMN "~2"'
        assert _plan(key=[]).dropped[-1:] != plan.dropped[-1:]

    def test_without_a_key_the_records_are_numbered(self) -> None:
        assert any('ADD COLUMN "_id" bigint GENERATED' in text for text in _plan(key=[]).columns)
