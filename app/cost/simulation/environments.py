"""A function's environments: warm, cold, kept warm, and at most so many."""

from dataclasses import dataclass
from math import ceil

from app.cost.simulation.bucket import TokenBucket
from app.cost.simulation.clock import Clock

MINUTE = 60.0
# Target tracking looks at whole minutes: it grows after three over its target, and shrinks after fifteen well under it.
MINUTES_OUT, MINUTES_IN = 3, 15
SHRINK_BELOW = 0.9


@dataclass(frozen=True)
class Scaling:
    """The limits of a function. `warm` environments are kept, up to `warm_most` by their use.

    Lambda takes at most ten calls a second for each of the environments that there may be, however short they are.
    """

    most: int
    warm: int = 0
    warm_most: int = 0
    target: float = 0.7
    starts_per_second: float = 100.0
    starts_at_once: float = 1000.0
    idle_seconds: float = 600.0
    calls_per_environment: float = 10.0


class Environments:
    """Hands out environments for calls."""

    def __init__(self, clock: Clock, scaling: Scaling) -> None:
        self._clock, self._scaling = clock, scaling
        self._starts = TokenBucket(scaling.starts_per_second, scaling.starts_at_once)
        calls = scaling.most * scaling.calls_per_environment
        self._calls = TokenBucket(calls, calls)
        self._idle: list[float] = []  # the moments since when they are idle, the latest at the end
        self._busy = self._busiest = 0
        self._minutes: list[float] = []
        self.warm = scaling.warm
        self.warm_seconds = 0.0
        if scaling.warm:
            self._idle = [0.0] * scaling.warm
            clock.after(MINUTE, self._track)

    def take(self) -> bool | None:
        """Take an environment: true if it has to start first, None if the call is refused."""
        self._let_go()
        if not self._calls.take(self._clock.now):
            return None
        if self._idle:
            self._idle.pop()
        elif self._busy >= self._scaling.most or not self._starts.take(self._clock.now):
            return None
        else:
            self._count(1)
            return True
        self._count(1)
        return False

    def give_back(self) -> None:
        """Give an environment back, for the next call."""
        self._count(-1)
        self._idle.append(self._clock.now)

    def _count(self, change: int) -> None:
        self._busy += change
        self._busiest = max(self._busiest, self._busy)

    def _let_go(self) -> None:
        """Forget the environments that were idle for too long, those that are kept warm excepted."""
        oldest = self._clock.now - self._scaling.idle_seconds
        while len(self._idle) + self._busy > self.warm and self._idle and self._idle[0] < oldest:
            self._idle.pop(0)

    def _track(self) -> None:
        self.warm_seconds += self.warm * MINUTE
        self._minutes = [*self._minutes, self._busiest / self.warm][-MINUTES_IN:]
        self._busiest = self._busy
        target, latest = self._scaling.target, self._minutes[-MINUTES_OUT:]
        if len(latest) == MINUTES_OUT and min(latest) > target:
            self._keep(ceil(self.warm * max(latest) / target))
        elif len(self._minutes) == MINUTES_IN and max(self._minutes) < target * SHRINK_BELOW:
            self._keep(ceil(self.warm * max(self._minutes) / target))
        self._clock.after(MINUTE, self._track)

    def _keep(self, wanted: int) -> None:
        most = max(self._scaling.warm, self._scaling.warm_most)
        kept = min(most, self._scaling.most, max(self._scaling.warm, wanted))
        there = len(self._idle) + self._busy
        self._idle = [self._clock.now] * max(0, kept - there) + self._idle
        self.warm = kept
        self._minutes = []
