from typing import Any

import pytest

from app.core.errors import CursorInvalid, ParameterInvalid, Problem, UnknownParameter
from app.records.errors import QueryContradictory, QueryTooLarge
from app.records.query.aggregate_query import AggregateQuery, aggregate_from_address, next_results
from app.records.query.functions import FUNCTIONS
from tests.records.query.asking import SHAPE
from tests.records.schemas import LIMITS, make_schema

NUMBERS = ("price", "stock", "ean")


def _ask(address: str, **others: Any) -> AggregateQuery:
    return aggregate_from_address(SHAPE, address.encode(), LIMITS, **others)


def _sort(query: AggregateQuery) -> list[str]:
    return [f"{'-' if descending else ''}{member.name}" for member, descending in query.sort]


class TestMembers:
    def test_without_measures_records_are_counted(self) -> None:
        assert [member.name for member in _ask("_group=category").members] == ["category", "count"]

    def test_groups_come_first_and_the_measures_in_their_order(self) -> None:
        query = _ask("_aggregate=price__max,count,stock__sum&_group=released__month,active")
        names = ["released__month", "active", "price__max", "count", "stock__sum"]
        assert [member.name for member in query.members] == names

    @pytest.mark.parametrize(
        ("address", "kind", "nullable"),
        [
            ("_aggregate=count", "integer", False),
            ("_aggregate=price__count", "integer", False),
            ("_aggregate=stock__avg", "decimal", True),
            ("_aggregate=weight__avg", "number", True),
            ("_aggregate=released__min", "date", True),
        ],
    )
    def test_a_measure_has_the_type_of_its_result(self, address: str, kind: str, nullable: bool) -> None:
        (measure,) = _ask(address).measures
        assert (measure.type, measure.nullable) == (kind, nullable)

    @pytest.mark.parametrize(
        ("name", "kind", "nullable"), [("released__year", "text", True), ("stock", "integer", False)]
    )
    def test_a_group_has_the_type_of_its_values(self, name: str, kind: str, nullable: bool) -> None:
        (group,) = _ask(f"_group={name}").groups
        assert (group.type, group.nullable) == (kind, nullable)

    @pytest.mark.parametrize(
        ("address", "message", "hint"),
        [
            ("_group=tags", "'tags' is json, by which nothing can be grouped", "Columns to group by: sku, name"),
            ("_group=released__mont", "Did you mean 'month'?", "'released' takes: day, month, year."),
            ("_group=name__month", "there is no 'name__month'", "Only dates have: day, month, year."),
            ("_group=categry", "there is no column 'categry'. Did you mean 'category'?", "The columns are: sku"),
            ("_aggregate=price__summ", "Did you mean 'sum'?", "Write it as price__count; 'price' takes: count"),
            ("_aggregate=price__median", "there is no 'price__median'.", "Write it as price__count"),
            ("_aggregate=name__sum", "there is no 'name__sum'", "Write it as name__count"),
            ("_aggregate=prise__sum", "there is no column 'prise'", "Write it as count, or as a column and a function"),
            ("_sort=nope", "the results have no 'nope'", "They have: count; a - before one"),
            ("_sort=count,-count", "it names 'count' twice", None),
        ],
    )
    def test_what_does_not_exist_is_refused(self, address: str, message: str, hint: str | None) -> None:
        with pytest.raises(ParameterInvalid) as raised:
            _ask(address)
        assert message in raised.value.detail
        assert str(raised.value.hint).startswith(str(hint))

    def test_a_column_may_be_called_as_the_number_of_records_is(self) -> None:
        schema = make_schema({"count": "integer", "n": "integer"}, "n")
        with pytest.raises(ParameterInvalid, match="would have the same name"):
            aggregate_from_address(schema, b"_group=count", LIMITS)
        assert aggregate_from_address(schema, b"_group=count&_aggregate=n__count", LIMITS).groups

    @pytest.mark.parametrize(
        ("address", "problem"),
        [
            ("_aggregat=count", UnknownParameter),
            ("count__gt=1", UnknownParameter),
            ("_aggregate=" + ",".join(f"x{n}" for n in range(11)), ParameterInvalid),
            (
                "_aggregate=" + ",".join(f"{name}__{function}" for name in NUMBERS for function in FUNCTIONS),
                QueryTooLarge,
            ),
            ("stock__gt=5&stock__lt=1", QueryContradictory),
        ],
    )
    def test_each_mistake_is_the_problem_it_is_elsewhere(self, address: str, problem: type[Problem]) -> None:
        with pytest.raises(problem):
            _ask(address)


class TestSort:
    @pytest.mark.parametrize(
        ("address", "sort"),
        [
            ("_aggregate=count", []),
            ("_group=category,active", ["category", "active"]),
            ("_group=category,active&_sort=-count", ["-count", "category", "active"]),
            ("_group=category,active&_sort=-active", ["-active", "category"]),
        ],
    )
    def test_every_group_is_in_it(self, address: str, sort: list[str]) -> None:
        assert _sort(_ask(address)) == sort


class TestLimit:
    def test_a_page_has_one_and_an_export_may_have_none(self) -> None:
        assert _ask("_group=name").limit == LIMITS.page_size
        assert _ask("_group=name", form="csv").limit is None
        assert _ask("_group=name&_limit=10000", form="csv").limit == 10_000


class TestCursor:
    ADDRESS = "_group=category,released__month&_sort=-count"

    def test_it_goes_on_with_other_measures_too(self) -> None:
        cursor = next_results(SHAPE, _ask(self.ADDRESS), ["3", None, "2024-01"])
        query = _ask(f"{self.ADDRESS}&_aggregate=price__max,count&_cursor={cursor}")
        assert query.position == ("3", None, "2024-01")

    @pytest.mark.parametrize(
        "other", ["_group=category", "_group=category,released__month", "_group=name&_sort=-count"]
    )
    def test_another_order_refuses_it(self, other: str) -> None:
        cursor = next_results(SHAPE, _ask(self.ADDRESS), ["3", None, "2024-01"])
        with pytest.raises(CursorInvalid):
            _ask(f"{other}&_cursor={cursor}")

    @pytest.mark.parametrize("position", [["x", None, "2024"], [None, "a", "2024"], [3, "a", "2024"]])
    def test_values_that_do_not_fit_are_refused(self, position: list[Any]) -> None:
        cursor = next_results(SHAPE, _ask(self.ADDRESS), position)
        with pytest.raises(CursorInvalid, match="does not fit the query"):
            _ask(f"{self.ADDRESS}&_cursor={cursor}")
