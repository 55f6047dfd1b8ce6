"""A bill: lines that add up to a total."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.cost.prices import Price


@dataclass(frozen=True)
class Line:
    """A line of a bill: a quantity of something at its price, for a month."""

    name: str
    quantity: float
    price: Price

    @property
    def usd(self) -> float:
        """Dollars a month."""
        return self.price.cost(self.quantity)

    @property
    def is_seen(self) -> bool:
        """True if somebody looked the price up."""
        return self.price.source.is_seen


@dataclass(frozen=True)
class Bill:
    """The lines of a month; those of nothing are left out."""

    lines: tuple[Line, ...]

    @property
    def total(self) -> float:
        """Dollars a month."""
        return sum(line.usd for line in self.lines)

    def share(self, line: Line) -> float:
        """The part of the total that a line is."""
        return line.usd / self.total if self.total else 0.0


class BillMaker:
    """Makes lines at the prices of a region."""

    def __init__(self, prices: Mapping[str, Price]) -> None:
        self._prices = prices
        self._lines: list[Line] = []

    def add(self, name: str, quantity: float, price: str) -> None:
        """Add a line, unless it is of nothing."""
        if quantity:
            self._lines.append(Line(name, quantity, self._prices[price]))

    def bill(self) -> Bill:
        """The bill of the lines so far."""
        return Bill(tuple(self._lines))
