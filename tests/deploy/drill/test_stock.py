from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.deploy.drill.stock import Stock, differences

MOMENT = datetime(2026, 11, 29, 12, tzinfo=UTC)
OLD = Stock(MOMENT - timedelta(days=1), ("sku", "price"), 10)


class TestDifferences:
    @pytest.mark.parametrize("is_still", [True, False])
    def test_what_is_equal_is_not_named(self, is_still: bool) -> None:
        assert list(differences({"a": OLD}, {"a": OLD}, MOMENT, is_still=is_still)) == []

    def test_what_is_missing_is_unless_it_came_later(self) -> None:
        assert list(differences({"a": OLD}, {}, MOMENT, is_still=False)) == ["'a' is missing."]
        later = replace(OLD, created_at=MOMENT + timedelta(seconds=1))
        assert list(differences({"a": later}, {}, MOMENT, is_still=True)) == []

    @pytest.mark.parametrize(("records", "is_still", "count"), [(9, True, 1), (9, False, 0), (0, False, 1)])
    def test_fewer_records_are_if_nobody_wrote(self, records: int, is_still: bool, count: int) -> None:
        found = list(differences({"a": OLD}, {"a": replace(OLD, records=records)}, MOMENT, is_still=is_still))
        assert found == [f"'a' has {records} records; it had 10."][:count]

    def test_other_columns_are(self) -> None:
        found = list(differences({"a": OLD}, {"a": replace(OLD, columns=("sku",))}, MOMENT, is_still=True))
        assert found == ["'a' has the columns sku; it had sku, price."]

    def test_a_store_that_counts_none_is_only_there(self) -> None:
        uncounted = replace(OLD, records=None)
        assert list(differences({"a": uncounted}, {"a": uncounted}, MOMENT, is_still=True)) == []
