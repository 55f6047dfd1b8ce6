"""The costs of front and functions compared with those of servers, without what both pay."""

from collections.abc import Iterator, Mapping

from app.cost.bill import BillMaker
from app.cost.break_even import find_crossing
from app.cost.calibration import load_calibration
from app.cost.demand import Demand
from app.cost.fleet import FLEETS, fleet_bill
from app.cost.prices import load_prices
from app.cost.serverless import add_shared, serverless_bill
from app.cost.workload import FRONTS, Configuration, Workload

FRONT_NAMES = {"rest": "REST API", "http": "HTTP API", "url": "CloudFront and function URL"}
MIX: Mapping[str, float] = {"get": 0.8, "list": 0.15, "post": 0.05}


def reference_load(rate: float, *, peak: float = 3.0) -> Workload:
    """The load that the page compares: 80 % by key, 15 % lists, 5 % new records."""
    return Workload(rate, MIX, peak=peak)


def own_costs(rate: float, *, peak: float = 3.0) -> dict[str, float]:
    """Dollars a month of each front with its functions, and of each fleet, without what both pay."""
    return dict(_own_costs(rate, peak))


def _own_costs(rate: float, peak: float) -> Iterator[tuple[str, float]]:
    workload = reference_load(rate, peak=peak)
    for front in FRONTS:
        configuration = Configuration(front=front)
        yield FRONT_NAMES[front], serverless_bill(workload, configuration).total - _shared(workload)
    for fleet in FLEETS:
        yield fleet.name, fleet_bill(workload, Configuration(), fleet).total - _shared(workload)


def _shared(workload: Workload) -> float:
    configuration = Configuration(front="http")
    maker = BillMaker(load_prices(configuration.region))
    add_shared(maker, Demand(workload, configuration, load_calibration()))
    return maker.bill().total


def own_crossing(front: str, fleet: str, *, peak: float = 3.0) -> float | None:
    """The rate from which a fleet costs less than a front with its functions."""

    def surplus(rate: float) -> float:
        costs = own_costs(rate, peak=peak)
        return costs[front] - costs[fleet]

    return find_crossing(surplus)
