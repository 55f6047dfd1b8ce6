"""The bill of the same application on servers that always run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

from app.cost.assumptions import assumed
from app.cost.bill import Bill, BillMaker
from app.cost.calibration import Calibration, load_calibration
from app.cost.demand import Demand
from app.cost.prices import load_prices
from app.cost.serverless import add_shared
from app.cost.workload import MONTH_HOURS, Configuration, Workload

DISK_GB = 8
BALANCER_ADDRESSES = 2
# An LCU is one of these an hour, or a second.
BALANCER_GB_HOUR = 1.0
BALANCER_CONNECTIONS = 25.0


@dataclass(frozen=True)
class Fleet:
    """A kind of fleet: servers of some size, `prices` being what an hour of one is made of."""

    name: str
    cpus: float
    prices: Mapping[str, float]
    least: int = 2
    has_balancer: bool = True
    disk_gb: float = 0.0


FARGATE = Fleet("Fargate, 0.5 vCPU each", 0.5, {"fargate-cpu-hour": 0.5, "fargate-gb-hour": 1.0, "address-hour": 1.0})
EC2 = Fleet("EC2, c7g.medium", 1.0, {"c7g-medium-hour": 1.0, "address-hour": 1.0}, disk_gb=DISK_GB)
ALONE = Fleet(
    "one t4g.small, no failover",
    0.4,  # its baseline of two times 20 %
    {"t4g-small-hour": 1.0, "address-hour": 1.0},
    least=1,
    has_balancer=False,
    disk_gb=DISK_GB,
)
FLEETS = (FARGATE, EC2, ALONE)


def fleet_bill(
    workload: Workload, configuration: Configuration, fleet: Fleet, calibration: Calibration | None = None
) -> Bill:
    """The bill of a month with a fleet in place of front and functions; it has no cache."""
    # Bytes leave through the balancer.
    demand = Demand(replace(workload, hits=0), replace(configuration, front="http"), calibration or load_calibration())
    maker = BillMaker(load_prices(configuration.region))
    servers = count_servers(demand, fleet)
    for price, quantity in fleet.prices.items():
        maker.add(f"{servers} of {fleet.name}: {price}", servers * quantity * MONTH_HOURS, price)
    maker.add("Disks", servers * fleet.disk_gb, "disk-gb-month")
    if fleet.has_balancer:
        maker.add("ALB", MONTH_HOURS, "balancer-hour")
        maker.add("ALB, addresses", BALANCER_ADDRESSES * MONTH_HOURS, "address-hour")
        maker.add("ALB, LCU", _balancer_units(demand) * MONTH_HOURS, "balancer-unit-hour")
    add_shared(maker, demand)
    return maker.bill()


def count_servers(demand: Demand, fleet: Fleet) -> int:
    """The servers that the peak needs, and one to spare; one alone has none to spare."""
    busy = sum(rate * one.server_ms / 1000 for _, rate, one in demand.rates()) * demand.workload.peak
    needed = ceil(busy * assumed("graviton-factor") / assumed("server-utilization") / fleet.cpus)
    spare = 1 if fleet.has_balancer else 0
    return max(fleet.least, needed + spare)


def _balancer_units(demand: Demand) -> float:
    by_bytes = demand.response_gb / MONTH_HOURS / BALANCER_GB_HOUR
    by_connections = demand.call_rate * assumed("connections-share") / BALANCER_CONNECTIONS
    return max(by_bytes, by_connections)
