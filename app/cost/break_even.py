"""The load from which servers cost less than the stack."""

from collections.abc import Callable
from dataclasses import replace

from app.cost.calibration import Calibration
from app.cost.fleet import Fleet, fleet_bill
from app.cost.serverless import serverless_bill
from app.cost.workload import Configuration, Workload

LEAST_RATE, MOST_RATE = 1e-3, 1e5
STEPS_PER_DECADE = 50
HALVINGS = 60


def break_even(
    workload: Workload, configuration: Configuration, fleet: Fleet, calibration: Calibration | None = None
) -> float | None:
    """The lowest rate, in requests a second, from which the fleet costs less; None if it never does.

    Everything but the rate is that of the workload.
    """

    def surplus(rate: float) -> float:
        asked = replace(workload, rate=rate)
        servers = fleet_bill(asked, configuration, fleet, calibration)
        return serverless_bill(asked, configuration, calibration).total - servers.total

    return find_crossing(surplus)


def find_crossing(surplus: Callable[[float], float]) -> float | None:
    """The lowest rate at which a function comes to be positive; None if it nowhere is.

    A fleet grows by whole servers, so the function has steps: it is looked at from below, then halved.
    """
    low = LEAST_RATE
    if surplus(low) > 0:
        return low
    while low < MOST_RATE:
        high = low * 10 ** (1 / STEPS_PER_DECADE)
        if surplus(high) > 0:
            return _halve(surplus, low, high)
        low = high
    return None


def _halve(surplus: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if surplus(middle) > 0 else (middle, high)
    return high
