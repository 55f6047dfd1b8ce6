from app.cost.break_even import LEAST_RATE
from app.cost.caching import weigh_caches


class TestWeighCaches:
    def test_what_costs_nothing_pays_at_any_load(self) -> None:
        first, *others = weigh_caches()
        assert (first.at_rest, first.pays_from) == (0.0, LEAST_RATE)
        assert len(others) == 4

    def test_one_that_pays_at_a_hundred_requests_a_second_pays_from_fewer(self) -> None:
        for one in weigh_caches():
            if one.saved > 0:
                assert one.pays_from is not None
                assert one.pays_from <= 100
            elif one.at_rest:
                assert one.pays_from is None or one.pays_from >= 100
