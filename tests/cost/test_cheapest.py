from dataclasses import replace

from hypothesis import given

from app.cost.cheapest import find_cheapest
from app.cost.serverless import serverless_bill
from app.cost.workload import Configuration, Workload
from tests.cost.cases import FEW_EXAMPLES, cases
from tests.cost.made import CALIBRATION


class TestCheapest:
    @FEW_EXAMPLES
    @given(cases)
    def test_nothing_that_was_asked_costs_less(self, case: tuple[Workload, Configuration]) -> None:
        workload, configuration = case
        _, bill = find_cheapest(workload, replace(configuration, memory=1024), CALIBRATION)
        asked = serverless_bill(replace(workload, hits=0), replace(configuration, memory=1024), CALIBRATION)
        assert bill.total <= asked.total * (1 + 1e-12) or workload.hits
