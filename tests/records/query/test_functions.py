import pytest

from app.records.query.functions import can_group, periods_of, result_sql, result_type
from tests.records.schemas import products

COLUMNS = products().by_name


class TestPeriods:
    @pytest.mark.parametrize(
        ("name", "periods"),
        [("released", ("day", "month", "year")), ("updated", ("day", "month", "year")), ("name", ()), ("stock", ())],
    )
    def test_only_dates_have_them(self, name: str, periods: tuple[str, ...]) -> None:
        assert periods_of(COLUMNS[name]) == periods


class TestGroups:
    def test_values_that_can_be_compared_make_groups(self) -> None:
        assert [name for name, column in COLUMNS.items() if not can_group(column)] == ["tags"]


class TestResults:
    @pytest.mark.parametrize(
        ("function", "name", "kind"),
        [
            ("count", "tags", "integer"),
            ("count_distinct", "name", "integer"),
            ("min", "released", "date"),
            ("max", "price", "decimal"),
            ("sum", "stock", "decimal"),
            ("avg", "stock", "number"),
            ("sum", "ean", "decimal"),
            ("avg", "ean", "decimal"),
            ("sum", "weight", "number"),
            ("avg", "price", "decimal"),
        ],
    )
    def test_the_type_follows_from_the_function_and_the_column(self, function: str, name: str, kind: str) -> None:
        assert result_type(function, COLUMNS[name]) == kind

    @pytest.mark.parametrize(
        ("function", "name", "sql"),
        [
            ("count", "price", "{}"),
            ("sum", "price", "({})::text"),
            ("avg", "stock", "({})::double precision"),
            ("max", "ean", "{}::text"),
            ("max", "stock", "{}"),
        ],
    )
    def test_what_is_exact_is_shown_as_a_text(self, function: str, name: str, sql: str) -> None:
        assert result_sql(function, COLUMNS[name]) == sql
