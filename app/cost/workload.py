"""The load of a stack, and its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Front = Literal["rest", "http", "url"]
Store = Literal["relational", "keyvalue"]
Storage = Literal["standard", "optimized"]

FRONTS: tuple[Front, ...] = ("rest", "http", "url")
STORES: tuple[Store, ...] = ("relational", "keyvalue")
STORAGES: tuple[Storage, ...] = ("standard", "optimized")
KINDS = {
    "get": "a record by its key",
    "list": "a page of 50 records",
    "page": "a page of 1,000 records",
    "query": "a filter, a sort and 50 records",
    "post": "a new record",
}
WRITES = frozenset({"post"})
# A key-value dataset has no filters.
REFUSED: Mapping[Store, frozenset[str]] = {"relational": frozenset(), "keyvalue": frozenset({"query"})}
# The kinds that a front may answer itself: the gateway's cache holds single records, CloudFront any read.
CACHED: Mapping[Front, frozenset[str]] = {
    "rest": frozenset({"get"}),
    "http": frozenset(),
    "url": frozenset(KINDS) - WRITES,
}

MONTH_HOURS = 730.0
MONTH_SECONDS = MONTH_HOURS * 3600
MONTH_DAYS = MONTH_HOURS / 24
GB = 1e9


@dataclass(frozen=True)
class Workload:
    """The load, as an average over a month.

    `rate` is in requests a second and `mix` the share of each kind, 1 in sum; `csv` is in bytes a day, kept for `days`.
    The peak is `peak` times the average. `hits` is the share of the reads of a front's cacheable kinds that its cache
    answers.
    """

    rate: float
    mix: Mapping[str, float]
    csv: float = 0.0
    days: float = 30.0
    peak: float = 3.0
    hits: float = 0.0

    @property
    def requests(self) -> float:
        """Requests a month."""
        return self.rate * MONTH_SECONDS


@dataclass(frozen=True)
class Configuration:
    """The parameters of the template that the bill depends on; the defaults are the template's."""

    region: str = "us-east-1"
    front: Front = "rest"
    store: Store = "relational"
    storage: Storage = "standard"
    memory: int = 1024
    worker_memory: int = 1769
    min_acu: float = 0.0
    max_acu: float = 4.0
    highly_available: bool = False
    warm: int = 0
    firewall: bool = False
