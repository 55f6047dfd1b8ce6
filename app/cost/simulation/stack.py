"""The stack as a whole: gateway, environments, database; and what its callers see."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from app.cost.simulation.arrivals import Profile, arrivals
from app.cost.simulation.bucket import TokenBucket
from app.cost.simulation.clock import Clock
from app.cost.simulation.environments import Environments
from app.cost.simulation.processor import SharedProcessor


@dataclass(frozen=True)
class Call:
    """The seconds of a call on its own (its environment's processor, waits), and on the shared processor."""

    alone: float
    shared: float


@dataclass
class Seen:
    """The times and refusals that callers saw."""

    times: list[float] = field(default_factory=list)
    throttled: int = 0
    refused: int = 0
    cold: int = 0
    billed_seconds: float = 0.0

    @property
    def requests(self) -> int:
        """All that came and were answered or refused."""
        return len(self.times) + self.throttled + self.refused

    @property
    def refusals(self) -> float:
        """The share that the gateway throttled, or that found no environment."""
        return (self.throttled + self.refused) / self.requests if self.requests else 0.0

    def quantile(self, share: float) -> float:
        """The time that this share of the answers took at most, in seconds."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Stack:
    """Takes requests through the gateway's bucket, an environment, and the shared processor."""

    def __init__(
        self,
        clock: Clock,
        bucket: TokenBucket,
        environments: Environments,
        processor: SharedProcessor,
        *,
        cold_seconds: float = 0.0,
    ) -> None:
        self._clock, self._bucket, self._environments, self._processor = clock, bucket, environments, processor
        self._cold_seconds = cold_seconds
        self.seen = Seen()

    def request(self, call: Call) -> None:
        """Take a request that comes now."""
        if not self._bucket.take(self._clock.now):
            self.seen.throttled += 1
            return
        is_cold = self._environments.take()
        if is_cold is None:
            self.seen.refused += 1
            return
        self.seen.cold += is_cold
        begun, start = self._clock.now, self._cold_seconds if is_cold else 0.0
        self._clock.after(start + call.alone, lambda: self._processor.work(call.shared, lambda: self._end(begun)))

    def _end(self, begun: float) -> None:
        self._environments.give_back()
        taken = self._clock.now - begun
        self.seen.times.append(taken)
        self.seen.billed_seconds += taken


@dataclass(frozen=True)
class Traffic:
    """Requests of a profile for some seconds; `make` draws the next call."""

    profile: Profile
    seconds: float
    make: Callable[[Random], Call]


def send(clock: Clock, stack: Stack, traffic: Traffic, random: Random) -> None:
    """Send the requests, and run until the last one's time is over."""
    moments = arrivals(traffic.profile, traffic.seconds, random)

    def come() -> None:
        stack.request(traffic.make(random))
        plan()

    def plan() -> None:
        moment = next(moments, None)
        if moment is not None:
            clock.at(moment, come)

    plan()
    clock.run(traffic.seconds)
