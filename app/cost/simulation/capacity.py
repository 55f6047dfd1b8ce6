"""A database whose capacity follows its load, as Aurora Serverless does."""

from dataclasses import dataclass

from app.cost.simulation.clock import Clock
from app.cost.simulation.processor import SharedProcessor

TICK = 1.0


@dataclass(frozen=True)
class Ramp:
    """How capacity grows: by a part of itself each second while the processor is busier than `target`, else back."""

    least: float
    most: float
    target: float = 0.6
    growth: float = 0.10
    decline: float = 0.01


class Database:
    """A shared processor of `cores_per_acu` for each ACU, which follows a ramp."""

    def __init__(self, clock: Clock, ramp: Ramp, cores_per_acu: float) -> None:
        self._clock, self._ramp, self._cores_per_acu = clock, ramp, cores_per_acu
        self.acu = self.most_acu = ramp.least
        self.acu_seconds = 0.0
        self._used = 0.0
        self.processor = SharedProcessor(clock, self.acu * cores_per_acu)
        clock.after(TICK, self._tick)

    def _tick(self) -> None:
        used = self.processor.used()
        share = (used - self._used) / TICK / self.processor.cores
        self._used = used
        self.acu_seconds += self.acu * TICK
        change = 1 + self._ramp.growth if share > self._ramp.target else 1 - self._ramp.decline
        self.acu = min(self._ramp.most, max(self._ramp.least, self.acu * change))
        self.most_acu = max(self.most_acu, self.acu)
        self.processor.cores = self.acu * self._cores_per_acu
        self._clock.after(TICK, self._tick)
