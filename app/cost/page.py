"""docs/cost.md: the text around the tables that the model gives."""

from collections.abc import Iterable, Sequence

from app.cost.amounts import count, crossing, dollars, percent, rate
from app.cost.answer import Answer, answer
from app.cost.assumptions import load_assumptions
from app.cost.caching import weigh_caches
from app.cost.calibration import load_calibration
from app.cost.cheapest import LACKS
from app.cost.comparison import FRONT_NAMES, own_costs, own_crossing, reference_load
from app.cost.fleet import FLEETS
from app.cost.limits import find_limits
from app.cost.prices import REGIONS, load_prices
from app.cost.serverless import serverless_bill
from app.cost.workload import FRONTS, KINDS, MONTH_SECONDS, STORES, Configuration, Workload

RATES = (0.1, 1, 10, 100, 1000, 10_000)
INTRODUCTION = """# What it costs

<!-- Written by `python -m app.cost`. -->

`tolva cost` shows the bill of your load, the first limit that it meets, and when servers cost less. You need no account
and no network.

```
$ tolva cost --requests 100/s --mix get=80,list=15,post=5 --csv 10GB/day --region eu-west-1 --front rest
```

**What this is.** A model: list prices, processor time measured on one machine, and assumptions. Nobody has compared it
with a bill of an account. It leaves out free tiers, taxes, discounts, support, other regions, the database's backups
beyond its own size, and reads of Aurora's storage: it takes the records in use to be in memory. Every price,
measurement and assumption is listed below. Amounts are in US dollars a month of 730 hours. [scale.md](scale.md) shows
what a sudden peak does."""
COMPARISON = """## When does serverless cost more than a server?

80 % reads by key, 15 % lists of 50, 5 % new records, in us-east-1. The peak is three times the average, and a fleet is
as large as the peak needs. Front and functions stand against servers, without what both pay: database, storage, logs of
the application, bytes out.

![Dollars a month by requests a second](cost.svg)"""
CACHING = """## Caching in memory

Half of the reads are hits. *Saved* is at 100 requests a second, after the cache's own price; *pays from* is the average
rate from which it saves more than it costs."""
CACHING_END = """- **In the process** Tolva keeps columns of datasets and keys for a second. It costs nothing, and each
  statement checks them.
- **The gateway's cache** spares functions and database, but the gateway bills hits too. `CacheSize` turns it on.
- **CloudFront** bills hits too, but a hit needs no function, no log and no database. With the front `url` it costs
  nothing at rest. You see changes later: `CacheSeconds`.
- **DAX** serves eventually consistent reads only; Tolva reads consistently, and DAX's client has no asyncio. It is not
  built in.
- **ElastiCache** would save capacity of the database only, and each write would have to update it. It is not built
  in."""
LIMITS = """## What breaks first

The average rate at which each limit is met, with the template's parameters and a peak of three times the average. A
function takes at most ten calls a second for each environment that it may have, however short they are. So short calls
meet that limit before they meet the number of environments."""
IMPORTS = """## Imports

Each GB of CSV, appended every day and kept for 30 days, in us-east-1; what a stack costs without it is left out."""
PRICES = """## Prices

A price without a date was not looked up: the bill says *assumed price* in its lines."""
ASSUMPTIONS = """## Assumptions

Numbers that are neither prices nor measured here. *Open* ones rest on no document; measure them in your account."""


def write() -> str:
    """The page."""
    parts = [
        INTRODUCTION,
        COMPARISON,
        _costs(),
        _crossings(),
        _bills(),
        IMPORTS,
        _imports(),
        CACHING,
        _caches(),
        CACHING_END,
        LIMITS,
        _limits(),
        _measurements(),
        PRICES,
        _prices(),
        ASSUMPTIONS,
        _assumptions(),
    ]
    return "\n\n".join(parts) + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _costs() -> str:
    names = [*FRONT_NAMES.values(), *(fleet.name for fleet in FLEETS)]
    rows = []
    for one in RATES:
        costs = own_costs(one)
        rows.append([rate(one), *(dollars(costs[name]) for name in names)])
    return _table(["sustained", *names], rows)


def _crossings() -> str:
    names = [fleet.name for fleet in FLEETS]
    rows = [[front, *(crossing(own_crossing(front, name)) for name in names)] for front in FRONT_NAMES.values()]
    few = own_crossing("REST API", names[0])
    assert few is not None
    table = _table(["costs more from", *names], rows)
    high, usual = (own_costs(1000, peak=peak)[names[0]] for peak in (10, 3))
    return f"""{table}

Below {rate(few)} on average the REST API with functions costs less than the smallest safe fleet. Above it, the price of
the gateway decides, not that of Lambda: change `--front` first. A fleet is paid for its peak, functions are not: with a
peak of ten times the average, Fargate at 1,000/s costs {dollars(high)} instead of {dollars(usual)}, and the fronts cost
the same."""


def _bills() -> str:
    found = [answer(reference_load(one), Configuration()) for one in (1, 10, 100, 1000)]
    names = list(dict.fromkeys(line.name for one in found for line in one.bill.lines))
    rows = [[name, *(_cell(one, name) for one in found)] for name in names]
    total = ["**total**", *(f"**{dollars(one.bill.total)}**" for one in found)]
    cheapest = ["cheapest stack", *(_cheapest(one) for one in found)]
    table = _table(["a month", *(rate(one.workload.rate) for one in found)], [*rows, total, cheapest])
    lacks = "; ".join(f"`{front}` lacks {LACKS[front]}" for front in FRONTS if front != "rest")
    return f"## The whole bill\n\nThe same mix, with the template's parameters.\n\n{table}\n\n{lacks}."


def _cell(found: Answer, name: str) -> str:
    line = next((line for line in found.bill.lines if line.name == name), None)
    return "" if line is None else f"{dollars(line.usd)} ({percent(found.bill.share(line))})"


def _cheapest(found: Answer) -> str:
    return f"{dollars(found.cheapest_bill.total)}: {found.cheapest.front}, {found.cheapest.memory} MB"


def _imports() -> str:
    rows = []
    for store in STORES:
        configuration = Configuration(store=store, min_acu=0.5)
        quiet, busy = (serverless_bill(Workload(1, {"get": 1.0}, csv), configuration) for csv in (0.0, 1e12))
        names = ("Imports, worker", "Aurora, capacity", "Aurora, I/O", "DynamoDB, writes", "S3, uploaded files")
        kept = ("Aurora, storage", "DynamoDB, storage", "DynamoDB, recovery")
        before, after = ({line.name: line.usd for line in bill.lines} for bill in (quiet, busy))
        gigabytes = 1000 * MONTH_SECONDS / 86_400
        each = [(after.get(name, 0) - before.get(name, 0)) / gigabytes for name in names]
        rest = sum(after.get(name, 0) - before.get(name, 0) for name in kept) / gigabytes
        rows.append([store, *(f"{usd:.4f}" for usd in (*each, rest))])
    header = ["a GB", "worker", "database", "its I/O", "DynamoDB writes", "S3", "records kept"]
    return _table(header, rows)


def _caches() -> str:
    rows = [[one.name, dollars(one.at_rest), f"{one.saved:,.2f}", crossing(one.pays_from)] for one in weigh_caches()]
    return _table(["cache", "at rest", "saved", "pays from"], rows)


def _limits() -> str:
    rows = []
    for front in ("rest", "url"):
        for acu in (4, 16):
            limits = find_limits(reference_load(1), Configuration(front=front, max_acu=acu))[:3]
            rows += [[front, f"{acu}", one.name, rate(1 / one.share), one.remedy] for one in limits]
    return _table(["front", "MaxCapacity", "limit", "met at", "what to do"], rows)


def _measurements() -> str:
    calibration = load_calibration()
    rows = [
        [
            store,
            f"`{kind}`: {KINDS[kind]}",
            f"{one.function_ms:.2f}",
            f"{one.database_ms:.2f}",
            f"{one.server_ms:.2f}",
            f"{one.first_ms:.0f}",
            f"{one.response_bytes:,.0f}",
            f"{one.log_bytes:,.0f}",
            f"{one.wal_bytes:,.0f}",
        ]
        for store, kinds in calibration.requests.items()
        for kind, one in kinds.items()
    ]
    header = ["store", "request", "function", "database", "server", "first call", "response", "log", "WAL"]
    imports = [
        [
            store,
            f"{one.worker_seconds:.1f}",
            f"{one.database_seconds:.1f}",
            f"{one.start_seconds:.1f}",
            f"{one.wal_bytes:.2f}",
            f"{one.table_bytes:.2f}",
            count(one.rows),
        ]
        for store, one in calibration.imports.items()
    ]
    kinds = ["store", "worker, s a GB", "database, s a GB", "start, s", "WAL a byte", "table a byte", "rows a GB"]
    machine = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in calibration.machine.items())
    return f"""## Measurements

By `uv run python -m benchmarks.calibrate` on {calibration.date}: {machine}. Times are milliseconds of processor time,
sizes are bytes. The machine was busy with other work, so caches were colder than on a quiet one. A page of the
key-value store had 750 records.

{_table(header, rows)}

{_table(kinds, imports)}"""


def _prices() -> str:
    by_region = [load_prices(region) for region in REGIONS]
    rows = []
    for name, price in by_region[0].items():
        cells = []
        for prices in by_region:
            one = prices[name]
            amounts = ", ".join(_plain(usd) for usd in one.usd)
            cells += [amounts, f"{one.source.date}: {one.source.text}" if one.source.is_seen else one.source.text]
        rows.append([price.unit, *cells])
    return _table(["unit", *(cell for region in REGIONS for cell in (region, "source"))], rows)


def _plain(usd: float) -> str:
    """A price, as a million of what costs very little."""
    return f"{usd * 1e6:.6g} a million" if usd < 1e-4 else f"{usd:g}"


def _assumptions() -> str:
    rows = [
        [f"{one.value:g}", one.unit, one.source, "" if one.is_seen else "open"] for one in load_assumptions().values()
    ]
    return _table(["value", "what", "from", ""], rows)
