"""The limits that a load meets, and what to raise."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.cost.calibration import Calibration, load_calibration
from app.cost.demand import DAY_SECONDS, Demand
from app.cost.workload import MONTH_DAYS, Configuration, Workload

PATH_RATE = 500.0
ACCOUNT_RATE = 10_000.0
ACCOUNT_CONCURRENCY = 1000.0
# A function takes at most ten calls a second for each environment that it may have, however short they are.
CALLS_PER_ENVIRONMENT = 10.0
TABLE_UNITS = 40_000.0
# By MaxCapacity: how many functions the template lets run. tests/cost/test_limits.py compares it with the template.
FUNCTIONS = {1: (66, 4), 2: (154, 8), 4: (340, 16), 8: (690, 32), 16: (840, 48), 32: (840, 48), 64: (840, 48)}


@dataclass(frozen=True)
class Limit:
    """A limit: how much of it the peak uses, and what to do before it is met."""

    name: str
    used: float
    most: float
    unit: str
    remedy: str

    @property
    def share(self) -> float:
        """The part that is used at the peak."""
        return self.used / self.most


def find_limits(
    workload: Workload, configuration: Configuration, calibration: Calibration | None = None
) -> list[Limit]:
    """The limits, the one that is met first before the others."""
    demand = Demand(workload, configuration, calibration or load_calibration())
    limits = [*_front_limits(demand), *_function_limits(demand), *_store_limits(demand)]
    return sorted(limits, key=lambda limit: limit.share, reverse=True)


def _front_limits(demand: Demand) -> Iterator[Limit]:
    workload = demand.workload
    if demand.configuration.front == "url":
        return
    busiest = max(workload.mix.values()) * workload.rate * workload.peak
    if demand.configuration.front == "rest":
        yield Limit("RateLimit of a path", busiest, PATH_RATE, "requests/s", "raise RateLimit and BurstLimit")
    whole = workload.rate * workload.peak
    remedy = "ask Service Quotas for more API Gateway requests a second"
    yield Limit("the account's gateway", whole, ACCOUNT_RATE, "requests/s", remedy)


def _function_limits(demand: Demand) -> Iterator[Limit]:
    functions, workers = FUNCTIONS[int(demand.configuration.max_acu)]
    peak = demand.workload.peak
    more = "raise MaxCapacity, which lets more functions run"
    if functions >= max(FUNCTIONS.values())[0]:
        more = "ask Service Quotas for more concurrent executions, and raise Capacity in template.yaml"
    calls = demand.call_rate * peak
    yield Limit("calls of the functions", calls, functions * CALLS_PER_ENVIRONMENT, "calls/s", more)
    yield Limit("functions at a time", demand.concurrency * peak, functions, "functions", more)
    hours = demand.worker_seconds / MONTH_DAYS
    remedy = "raise MaxCapacity, which lets more workers run"
    yield Limit("workers", hours, workers * DAY_SECONDS, "seconds a day", remedy)


def _store_limits(demand: Demand) -> Iterator[Limit]:
    yield Limit("MaxCapacity", demand.peak_acu, demand.configuration.max_acu, "ACU", "raise MaxCapacity")
    if demand.configuration.store == "keyvalue":
        seconds = MONTH_DAYS * DAY_SECONDS
        remedy = "ask Service Quotas for more units of a table"
        for name, units in (("read", demand.read_units), ("write", demand.write_units)):
            used = units / seconds * demand.workload.peak
            yield Limit(f"the table's {name} units", used, TABLE_UNITS, "units/s", remedy)
