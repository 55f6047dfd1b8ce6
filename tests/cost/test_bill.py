from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cost.fleet import FLEETS, Fleet, fleet_bill
from app.cost.serverless import serverless_bill
from app.cost.workload import Configuration, Workload
from tests.cost.cases import EXAMPLES, cases, growing
from tests.cost.made import CALIBRATION


class TestBill:
    @EXAMPLES
    @given(cases)
    def test_its_lines_add_up_to_the_total(self, case: tuple[Workload, Configuration]) -> None:
        bill = serverless_bill(*case, CALIBRATION)
        assert bill.total == pytest.approx(sum(line.usd for line in bill.lines))
        assert sum(bill.share(line) for line in bill.lines) == pytest.approx(1)
        assert all(line.usd >= 0 for line in bill.lines)

    @EXAMPLES
    @given(cases, growing, st.floats(1, 1000))
    def test_more_load_never_costs_less(self, case: tuple[Workload, Configuration], what: str, factor: float) -> None:
        workload, configuration = case
        more = replace(workload, **{what: getattr(workload, what) * factor})
        little, much = (serverless_bill(one, configuration, CALIBRATION).total for one in (workload, more))
        assert much >= little * (1 - 1e-12)

    @EXAMPLES
    @given(cases, st.sampled_from(FLEETS), st.floats(1, 1000))
    def test_more_load_never_costs_less_on_servers(
        self, case: tuple[Workload, Configuration], fleet: Fleet, factor: float
    ) -> None:
        workload, configuration = case
        more = replace(workload, rate=workload.rate * factor)
        little, much = (fleet_bill(one, configuration, fleet, CALIBRATION).total for one in (workload, more))
        assert much >= little * (1 - 1e-12)
