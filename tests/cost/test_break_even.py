from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.cost.break_even import LEAST_RATE, MOST_RATE, break_even, find_crossing
from app.cost.fleet import FLEETS, Fleet, fleet_bill
from app.cost.serverless import serverless_bill
from app.cost.workload import Configuration, Workload
from tests.cost.cases import FEW_EXAMPLES, cases
from tests.cost.made import CALIBRATION


class TestBreakEven:
    @FEW_EXAMPLES
    @given(cases, st.sampled_from(FLEETS))
    def test_the_bills_cross_there(self, case: tuple[Workload, Configuration], fleet: Fleet) -> None:
        workload, configuration = case

        def surplus(rate: float) -> float:
            asked = replace(workload, rate=rate)
            servers = fleet_bill(asked, configuration, fleet, CALIBRATION).total
            return serverless_bill(asked, configuration, CALIBRATION).total - servers

        found = break_even(workload, configuration, fleet, CALIBRATION)
        if found is None:
            assert surplus(MOST_RATE) <= 0
        else:
            assert surplus(found) > 0
            assert found == LEAST_RATE or surplus(found * (1 - 1e-9)) <= 0

    def test_a_crossing_is_found_from_below(self) -> None:
        assert find_crossing(lambda rate: rate - 7) is not None
        assert abs((find_crossing(lambda rate: rate - 7) or 0) - 7) < 1e-6
        assert find_crossing(lambda _: 1) == LEAST_RATE
        assert find_crossing(lambda _: -1) is None
