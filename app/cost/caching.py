"""The costs and savings of caches in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.cost.break_even import LEAST_RATE, find_crossing
from app.cost.comparison import reference_load
from app.cost.prices import load_prices
from app.cost.serverless import serverless_bill
from app.cost.workload import MONTH_HOURS, MONTH_SECONDS, Configuration, Front, Store

HITS = 0.5
DAX_NODES = 3
# ElastiCache bills at least this, even for less.
ELASTICACHE_GB = 1.0


@dataclass(frozen=True)
class Weighed:
    """A cache: its dollars a month at rest, those it saves at 100 requests a second, and its own break-even."""

    name: str
    at_rest: float
    saved: float
    pays_from: float | None


def weigh_caches() -> Iterator[Weighed]:
    """Each cache in memory, half of the reads being hits."""
    prices = load_prices("us-east-1")
    yield Weighed("in the process, a second (is there)", 0.0, 0.0, LEAST_RATE)
    yield _weigh_front("the gateway's cache, 0.5 GB", "rest", prices["gateway-cache-hour"].cost(MONTH_HOURS))
    yield _weigh_front("CloudFront before a function URL", "url", 0.0)
    dax = prices["dax-hour"].cost(DAX_NODES * MONTH_HOURS)
    yield _weigh_store("DAX, three dax.t3.small", "keyvalue", dax)
    elasticache = prices["elasticache-gb-hour"].cost(ELASTICACHE_GB * MONTH_HOURS)
    yield _weigh_store("ElastiCache Serverless, 1 GB", "relational", elasticache)


def _weigh_front(name: str, front: Front, at_rest: float) -> Weighed:
    configuration = Configuration(front=front)

    def saved(rate: float) -> float:
        without, hit = reference_load(rate), replace(reference_load(rate), hits=HITS)
        return serverless_bill(without, configuration).total - serverless_bill(hit, configuration).total

    return Weighed(name, at_rest, saved(100), find_crossing(saved))


def _weigh_store(name: str, store: Store, at_rest: float) -> Weighed:
    """A cache between function and store saves what the store asks for each hit: a read unit, or capacity."""

    def saved(rate: float) -> float:
        reads = rate * HITS * (1 - reference_load(rate).mix["post"])
        return reads * _read_cost(store) - at_rest

    return Weighed(name, at_rest, saved(100), find_crossing(saved))


def _read_cost(store: Store) -> float:
    """Dollars a month for one read a second."""
    prices = load_prices("us-east-1")
    if store == "keyvalue":
        return prices["read-unit"].cost(MONTH_SECONDS)
    # At a load at which the database is over its least.
    low, high = (serverless_bill(reference_load(rate), Configuration()) for rate in (2000, 3000))
    capacity = [next(line.usd for line in bill.lines if line.name == "Aurora, capacity") for bill in (low, high)]
    return (capacity[1] - capacity[0]) / 1000
