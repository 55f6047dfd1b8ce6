from dataclasses import replace

import pytest

from app.cost.demand import Demand
from app.cost.fleet import ALONE, EC2, FARGATE, FLEETS, Fleet, count_servers, fleet_bill
from app.cost.workload import Configuration, Workload
from tests.cost.made import CALIBRATION

LOAD = Workload(1, {"get": 1.0})


def servers(rate: float, fleet: Fleet) -> int:
    return count_servers(Demand(replace(LOAD, rate=rate), Configuration(), CALIBRATION), fleet)


class TestServers:
    def test_a_safe_fleet_has_two_and_one_to_spare(self) -> None:
        assert [servers(0.1, fleet) for fleet in FLEETS] == [2, 2, 1]
        assert servers(10_000, FARGATE) > servers(1_000, FARGATE) > 2

    def test_larger_servers_are_fewer(self) -> None:
        assert servers(10_000, EC2) < servers(10_000, FARGATE)


class TestBill:
    def test_one_alone_needs_no_balancer(self) -> None:
        lines = [line.name for line in fleet_bill(LOAD, Configuration(), ALONE, CALIBRATION).lines]
        assert not [name for name in lines if name.startswith("ALB")]

    def test_it_is_the_sum_of_its_lines(self) -> None:
        bill = fleet_bill(LOAD, Configuration(), FARGATE, CALIBRATION)
        assert bill.total == pytest.approx(sum(line.usd for line in bill.lines))
