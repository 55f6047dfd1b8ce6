import pytest

from app.records.query.aggregate_query import MEMBERS as RESULT_MEMBERS
from app.records.query.hints.unknown_parameters import unknown_parameter
from app.records.query.record_query import MEMBERS
from tests.records.schemas import make_schema, products

SHAPE = products()


def _explain(name: str, value: str = "5") -> tuple[str, str | None]:
    problem = unknown_parameter(SHAPE, MEMBERS, name, value, takes_conditions=True)
    return problem.detail, problem.hint


class TestColumns:
    @pytest.mark.parametrize(
        ("name", "detail", "hint"),
        [
            ("Price", "There is no column 'Price'. Did you mean 'price'?", "Write it as price=5."),
            ("Price__gte", "There is no column 'Price'. Did you mean 'price'?", "Write it as price__gte=5."),
            ("Price__min", "There is no column 'Price'. Did you mean 'price'?", "Write it as price__gte=5."),
            ("prise", "There is no column 'prise'. Did you mean 'price'?", None),
            ("price[gte]", "There is no column 'price[gte]'.", "Write it as price__gte=5."),
            ("price_gte", "There is no column 'price_gte'.", "Write it as price__gte=5."),
            ("price>", "There is no column 'price>'.", "Write it as price__gte=5."),
        ],
    )
    def test_the_one_that_is_meant_is_named(self, name: str, detail: str, hint: str | None) -> None:
        assert _explain(name) == (detail, hint)

    def test_of_others_all_columns_are_listed(self) -> None:
        assert str(_explain("zzzzzzzz")[1]).startswith("The columns are: sku, name")

    def test_a_label_is_a_name_too(self) -> None:
        schema = make_schema({"weight_kg": {"type": "number", "label": "Weight (kg)"}})
        problem = unknown_parameter(schema, MEMBERS, "Weight (kg)", "5", takes_conditions=True)
        assert problem.hint == "Write it as weight_kg=5."


class TestParameters:
    def test_a_near_one_is_proposed(self) -> None:
        assert _explain("_limt") == ("There is no parameter '_limt'. Did you mean '_limit'?", None)

    @pytest.mark.parametrize("name", ["limit", "page_size"])
    def test_those_of_other_apis_are_explained(self, name: str) -> None:
        assert "_limit" in str(_explain(name)[1])

    def test_where_no_conditions_are_taken_parameters_alone_are_named(self) -> None:
        problem = unknown_parameter(SHAPE, ("select", "embed"), "price", "5", takes_conditions=False)
        assert problem.detail.startswith("There is no parameter 'price'.")
        assert problem.hint == "It takes: _select, _embed."


class TestResults:
    @pytest.mark.parametrize("name", ["count__gt", "_having"])
    def test_they_cannot_be_filtered(self, name: str) -> None:
        problem = unknown_parameter(SHAPE, RESULT_MEMBERS, name, "5", takes_conditions=True)
        assert problem.hint == "Results cannot be filtered; they can be sorted: _sort=-count."
