"""Amounts as people read them."""

from app.cost.break_even import LEAST_RATE
from app.cost.workload import MONTH_SECONDS


def dollars(usd: float) -> str:
    """Dollars, with cents up to a thousand."""
    return f"{usd:,.2f}" if usd < 1000 else f"{usd:,.0f}"


def count(quantity: float) -> str:
    """A number with three significant digits, and a letter for its thousands."""
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if quantity >= limit:
            return f"{_digits(quantity / limit)} {letter}"
    return _digits(quantity)


def rate(per_second: float) -> str:
    """Requests a second, or an hour if they are few."""
    return f"{count(per_second)}/s" if per_second >= 0.1 else f"{count(per_second * 3600)}/h"


def crossing(per_second: float | None) -> str:
    """The rate from which something costs less."""
    if per_second is None:
        return "never"
    if per_second == LEAST_RATE:
        return "any load"
    return f"{rate(per_second)} ({count(per_second * MONTH_SECONDS)} a month)"


def percent(share: float) -> str:
    """A share, with a decimal below ten percent."""
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
