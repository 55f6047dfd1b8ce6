"""Limits: which is met first, and that they are the template's."""

from hypothesis import given

from app.cost.limits import FUNCTIONS, PATH_RATE, find_limits
from app.cost.workload import Configuration, Workload
from tests.cost.cases import EXAMPLES, cases
from tests.cost.made import CALIBRATION
from tests.stack.templates import load

BY_KEY = {"get": 1.0}


class TestTemplate:
    def test_functions_are_those_of_the_template(self) -> None:
        capacity = load()["Mappings"]["Capacity"]
        assert {int(acu): (one["Api"], one["Worker"]) for acu, one in capacity.items()} == FUNCTIONS

    def test_the_rate_of_a_path_is_the_templates_default(self) -> None:
        assert load()["Parameters"]["RateLimit"]["Default"] == PATH_RATE


class TestFirst:
    def test_a_rest_path_has_its_rate_first(self) -> None:
        first = find_limits(Workload(100, BY_KEY), Configuration(), CALIBRATION)[0]
        assert (first.name, first.used, first.most) == ("RateLimit of a path", 300, 500)

    def test_short_calls_meet_the_rate_of_the_functions_before_their_number(self) -> None:
        configuration = Configuration(front="url", max_acu=64)
        limits = find_limits(Workload(1000, BY_KEY), configuration, CALIBRATION)
        names = [limit.name for limit in limits]
        assert names.index("calls of the functions") < names.index("functions at a time")

    def test_heavy_pages_have_the_database_first(self) -> None:
        first = find_limits(Workload(100, {"page": 1.0}), Configuration(front="http"), CALIBRATION)[0]
        assert (first.name, first.remedy) == ("MaxCapacity", "raise MaxCapacity")

    def test_large_imports_count_for_the_database_and_the_workers(self) -> None:
        limits = find_limits(Workload(1, BY_KEY, csv=5e12), Configuration(), CALIBRATION)
        shares = {limit.name: limit.share for limit in limits}
        assert limits[0].name == "MaxCapacity"
        assert 0.1 < shares["workers"] < 1


class TestLimits:
    @EXAMPLES
    @given(cases)
    def test_the_first_one_is_used_most(self, case: tuple[Workload, Configuration]) -> None:
        limits = find_limits(*case, CALIBRATION)
        assert limits[0].share == max(limit.share for limit in limits)
