"""The numbers of the model that are neither prices nor measured."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Assumption:
    """A number of the model, its unit and its reason."""

    value: float
    unit: str
    source: str
    is_seen: bool


@cache
def load_assumptions() -> Mapping[str, Assumption]:
    """Every assumption, by name."""
    document = tomllib.loads(files("app.cost").joinpath("assumptions.toml").read_text("utf-8"))
    return {
        name: Assumption(float(one["value"]), one["unit"], one["source"], one["seen"]) for name, one in document.items()
    }


def assumed(name: str) -> float:
    """The value of an assumption."""
    return load_assumptions()[name].value
