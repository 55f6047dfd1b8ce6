"""Requests that come at random, at a rate that may change."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import cos, pi
from random import Random

DAY = 86_400.0


@dataclass(frozen=True)
class Profile:
    """The rate of requests, in seconds after the start, and the most that it comes to."""

    rate: Callable[[float], float]
    most: float


def steady(rate: float) -> Profile:
    """One rate throughout."""
    return Profile(lambda _: rate, rate)


def step(rate: float, factor: float, at: float) -> Profile:
    """A rate that is multiplied at a moment."""
    return Profile(lambda now: rate * factor if now >= at else rate, rate * max(1.0, factor))


def daily(rate: float, factor: float, day: float = DAY) -> Profile:
    """A rate that swings between its least at night and `factor` times the average at noon, in a day of some length."""
    swing = factor - 1
    return Profile(lambda now: rate * max(0.0, 1 - swing * cos(2 * pi * now / day)), rate * factor)


def arrivals(profile: Profile, seconds: float, random: Random) -> Iterator[float]:
    """The moments of requests: a Poisson process, thinned to the profile's rate."""
    now = random.expovariate(profile.most)
    while now < seconds:
        if random.random() * profile.most < profile.rate(now):
            yield now
        now += random.expovariate(profile.most)
