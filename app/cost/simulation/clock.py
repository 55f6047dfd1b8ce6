"""Simulated time: events in the order of their moments."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

Action = Callable[[], None]


class Clock:
    """Runs actions at their moments, in seconds; those of one moment in the order in which they were set."""

    def __init__(self) -> None:
        self.now = 0.0
        self._number = count()
        self._events: list[tuple[float, int, Action]] = []

    def at(self, moment: float, action: Action) -> None:
        """Set an action for a moment."""
        heappush(self._events, (moment, next(self._number), action))

    def after(self, seconds: float, action: Action) -> None:
        """Set an action for some seconds from now."""
        self.at(self.now + seconds, action)

    def run(self, until: float) -> None:
        """Run the actions up to a moment."""
        while self._events and self._events[0][0] <= until:
            self.now, _, action = heappop(self._events)
            action()
        self.now = until
