"""All that `tolva cost` answers about a load."""

from dataclasses import asdict, dataclass
from typing import Any

from app.cost.bill import Bill
from app.cost.break_even import break_even
from app.cost.calibration import Calibration
from app.cost.cheapest import LACKS, find_cheapest
from app.cost.fleet import FLEETS, Fleet, fleet_bill
from app.cost.limits import Limit, find_limits
from app.cost.serverless import serverless_bill
from app.cost.workload import MONTH_SECONDS, Configuration, Workload


@dataclass(frozen=True)
class Comparison:
    """A fleet: what it costs for the load, and from which rate on it costs less than the stack."""

    fleet: Fleet
    bill: Bill
    crossing: float | None


@dataclass(frozen=True)
class Answer:
    """The bill of a load, its limits, and the alternatives."""

    workload: Workload
    configuration: Configuration
    bill: Bill
    limits: list[Limit]
    comparisons: list[Comparison]
    cheapest: Configuration
    cheapest_bill: Bill

    @property
    def first_limit(self) -> Limit:
        """The limit that is met before the others."""
        return self.limits[0]

    @property
    def rate_at_limit(self) -> float:
        """The average rate at which the first limit is met, the rest of the load growing with it."""
        return self.workload.rate / self.first_limit.share


def answer(workload: Workload, configuration: Configuration, calibration: Calibration | None = None) -> Answer:
    """The answer about a load."""
    comparisons = [
        Comparison(
            fleet,
            fleet_bill(workload, configuration, fleet, calibration),
            break_even(workload, configuration, fleet, calibration),
        )
        for fleet in FLEETS
    ]
    cheapest, cheapest_bill = find_cheapest(workload, configuration, calibration)
    bill = serverless_bill(workload, configuration, calibration)
    limits = find_limits(workload, configuration, calibration)
    return Answer(workload, configuration, bill, limits, comparisons, cheapest, cheapest_bill)


def as_document(found: Answer) -> dict[str, Any]:
    """The answer as JSON's values; amounts are dollars a month."""
    return {
        "workload": asdict(found.workload),
        "configuration": asdict(found.configuration),
        "total": round(found.bill.total, 2),
        "lines": _lines(found.bill),
        "limits": [asdict(limit) | {"share": round(limit.share, 4)} for limit in found.limits],
        "rate_at_first_limit": found.rate_at_limit,
        "fleets": [_fleet(one) for one in found.comparisons],
        "cheapest": {
            "configuration": asdict(found.cheapest),
            "total": round(found.cheapest_bill.total, 2),
            "lacks": LACKS[found.cheapest.front],
        },
    }


def _lines(bill: Bill) -> list[dict[str, Any]]:
    return [
        {
            "name": line.name,
            "quantity": line.quantity,
            "unit": line.price.unit,
            "usd": round(line.usd, 4),
            "share": round(bill.share(line), 4),
            "source": line.price.source.text,
            "date": line.price.source.date.isoformat(),
            "seen": line.is_seen,
        }
        for line in bill.lines
    ]


def _fleet(one: Comparison) -> dict[str, Any]:
    monthly = None if one.crossing is None else one.crossing * MONTH_SECONDS
    return {
        "name": one.fleet.name,
        "total": round(one.bill.total, 2),
        "break_even_rate": one.crossing,
        "break_even_requests_a_month": monthly,
    }
