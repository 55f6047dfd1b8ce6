from dataclasses import replace

import pytest

from app.cost.demand import Demand
from app.cost.workload import MONTH_SECONDS, Configuration, Workload
from tests.cost.made import CALIBRATION

READS = Workload(10, {"get": 1.0})


def demand(workload: Workload = READS, **configuration: object) -> Demand:
    return Demand(workload, replace(Configuration(), **configuration), CALIBRATION)  # type: ignore[arg-type]  # any field


class TestDemand:
    def test_hits_do_not_reach_the_function(self) -> None:
        half = replace(READS, hits=0.5)
        assert demand(half).call_rate == pytest.approx(5)
        # An HTTP API has no cache.
        assert demand(half, front="http").call_rate == pytest.approx(10)

    def test_half_of_a_processor_takes_longer(self) -> None:
        assert demand(memory=884).milliseconds("get") > demand(memory=1769).milliseconds("get")

    def test_nothing_runs_without_requests(self) -> None:
        idle = demand(replace(READS, rate=0.0))
        assert (idle.environments, idle.gb_seconds, idle.log_gb) == (0, 0, 0)

    def test_a_warm_database_is_always_awake(self) -> None:
        assert demand(min_acu=1.0).awake == 1
        assert demand(replace(READS, rate=0.0)).awake < 0.1

    def test_a_table_is_asked_instead_of_the_database(self) -> None:
        table = demand(store="keyvalue")
        assert table.read_units >= 10 * MONTH_SECONDS
        assert demand().read_units == demand().write_units == 0
        assert demand(replace(READS, mix={"post": 1.0})).ios >= 10 * MONTH_SECONDS
