"""The configuration that costs least for a load."""

from collections.abc import Iterator
from dataclasses import replace

from app.cost.bill import Bill
from app.cost.calibration import Calibration
from app.cost.serverless import serverless_bill
from app.cost.workload import CACHED, FRONTS, STORAGES, Configuration, Workload

MEMORIES = (512, 1024, 1769)
LACKS = {
    "rest": "nothing: throttling, caching, keys of the gateway and WAF",
    "http": "the gateway's cache, its keys and WAF",
    "url": "throttling and keys; CloudFront gives the domain, WAF and a cache",
}


def find_cheapest(
    workload: Workload, configuration: Configuration, calibration: Calibration | None = None
) -> tuple[Configuration, Bill]:
    """The cheapest front, memory and storage for a load. The store, the capacity and the zones stay as they are."""
    priced = (
        (other, serverless_bill(fit_cache(workload, other), other, calibration)) for other in _others(configuration)
    )
    return min(priced, key=lambda pair: pair[1].total)


def fit_cache(workload: Workload, configuration: Configuration) -> Workload:
    """The workload without hits if the front has no cache."""
    return workload if CACHED[configuration.front] else replace(workload, hits=0.0)


def _others(configuration: Configuration) -> Iterator[Configuration]:
    fronts = [front for front in FRONTS if not (configuration.firewall and front == "http")]
    for front in fronts:
        for memory in MEMORIES:
            for storage in STORAGES:
                yield replace(configuration, front=front, memory=memory, storage=storage)
