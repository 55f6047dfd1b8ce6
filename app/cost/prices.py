"""Prices by region, each with its unit and source."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

REGIONS = ("us-east-1", "eu-west-1")


@dataclass(frozen=True)
class Source:
    """The place where a price was seen, and when; `is_seen` is false if nobody looked it up."""

    text: str
    date: date
    is_seen: bool


@dataclass(frozen=True)
class Price:
    """The price of a unit, with tiers if more of it costs less: `bounds` has one number fewer than `usd`."""

    name: str
    unit: str
    usd: tuple[float, ...]
    bounds: tuple[float, ...]
    source: Source

    def cost(self, quantity: float) -> float:
        """The dollars for a quantity of a month."""
        edges = [0.0, *self.bounds, float("inf")]
        tiers = zip(pairwise(edges), self.usd, strict=True)
        return sum(max(0.0, min(quantity, end) - begin) * usd for (begin, end), usd in tiers)


@cache
def load_prices(region: str) -> Mapping[str, Price]:
    """The prices of a region, by name."""
    document = tomllib.loads(files("app.cost").joinpath("prices.toml").read_text("utf-8"))
    sources = {name: Source(one["text"], one["date"], one["seen"]) for name, one in document["sources"].items()}
    return {name: _read(name, one["unit"], one[region], sources) for name, one in document["prices"].items()}


def _read(name: str, unit: str, found: dict[str, Any], sources: Mapping[str, Source]) -> Price:
    usd = found["usd"] if isinstance(found["usd"], list) else [found["usd"]]
    return Price(name, unit, tuple(usd), tuple(found.get("up_to", ())), sources[found["source"]])
