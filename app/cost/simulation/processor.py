"""A processor that its jobs share: a database, or the machine of a test."""

from heapq import heappop, heappush
from itertools import count

from app.cost.simulation.clock import Action, Clock


class SharedProcessor:
    """Gives each job an equal part of `cores`, and at most one whole core.

    `_served` is the work that a job which was there from the beginning would have been given, so a job is done when
    that has grown by the job's own work.
    """

    def __init__(self, clock: Clock, cores: float) -> None:
        self._clock, self._cores = clock, cores
        self._served, self._since = 0.0, 0.0
        self._jobs: list[tuple[float, int, Action]] = []
        self._number = count()
        self._plan = 0
        self.busy = 0.0

    @property
    def cores(self) -> float:
        """The cores that jobs share now."""
        return self._cores

    @cores.setter
    def cores(self, cores: float) -> None:
        self._advance()
        self._cores = cores
        self._plan_next()

    def work(self, seconds: float, then: Action) -> None:
        """Begin a job that takes some seconds of a core of its own."""
        self._advance()
        heappush(self._jobs, (self._served + seconds, next(self._number), then))
        self._plan_next()

    def used(self) -> float:
        """Core-seconds used so far."""
        self._advance()
        return self.busy

    def _rate(self) -> float:
        return min(1.0, self._cores / len(self._jobs)) if self._jobs else 0.0

    def _advance(self) -> None:
        elapsed = self._clock.now - self._since
        self._served += elapsed * self._rate()
        self.busy += elapsed * self._rate() * len(self._jobs)
        self._since = self._clock.now

    def _plan_next(self) -> None:
        self._plan += 1
        if self._jobs:
            plan, left = self._plan, max(0.0, self._jobs[0][0] - self._served)
            self._clock.after(left / self._rate(), lambda: self._finish(plan))

    def _finish(self, plan: int) -> None:
        if plan != self._plan:
            return  # jobs or cores have changed since
        self._advance()
        _, _, then = heappop(self._jobs)
        self._plan_next()
        then()
