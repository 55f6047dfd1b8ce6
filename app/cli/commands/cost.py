"""`tolva cost`: the bill of a load in AWS, without an account."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app.cli.arguments.flag_groups import with_flag_groups
from app.cli.command import PANEL, NoColor, Quiet, make_output
from app.cli.display.output import Output

if TYPE_CHECKING:
    from app.cost.answer import Answer
    from app.cost.workload import Configuration, Store, Workload

AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON with each line's source, and nothing else.", rich_help_panel=PANEL)
]
Region = Literal["us-east-1", "eu-west-1"]
Capacity = Literal["1", "2", "4", "8", "16", "32", "64"]


@dataclass(frozen=True)
class LoadFlags:
    """The load."""

    requests: Annotated[str, typer.Option(help="The average: 100/s, 5/min, 2M/month.", metavar="RATE")] = "10/s"
    mix: Annotated[
        str,
        typer.Option(
            help="The percent of each kind of request: get (by key), list (50 records), page (1,000), "
            "query (filter and sort), post.",
            metavar="MIX",
        ),
    ] = "get=80,list=15,post=5"
    csv: Annotated[str, typer.Option(help="What is imported: 10GB/day, 2TB/month.", metavar="SIZE")] = "0"
    days: Annotated[float, typer.Option(min=0, max=36500, help="Days that imported records are kept.")] = 30
    peak: Annotated[float, typer.Option(min=1, max=1000, help="The peak, as a multiple of the average.")] = 3
    hits: Annotated[
        float, typer.Option(min=0, max=100, help="Percent of the reads that the front's cache answers.")
    ] = 0


@dataclass(frozen=True)
class StackFlags:
    """The parameters of the stack that matter for its bill."""

    region: Annotated[Region, typer.Option(help="The region whose prices count.")] = "us-east-1"
    front: Annotated[
        Literal["rest", "http", "url"],
        typer.Option(help="REST API, HTTP API, or CloudFront before a function URL."),
    ] = "rest"
    store: Annotated[Literal["relational", "keyvalue"], typer.Option(help="Where the records are.")] = "relational"
    storage: Annotated[
        Literal["standard", "optimized"], typer.Option(help="Aurora's storage: standard or I/O-Optimized.")
    ] = "standard"
    memory: Annotated[int, typer.Option(min=512, max=10240, help="ApiMemory, in MB.")] = 1024
    worker_memory: Annotated[int, typer.Option(min=1024, max=10240, help="WorkerMemory, in MB.")] = 1769
    min_acu: Annotated[float, typer.Option(min=0, max=256, help="MinCapacity of the database; 0 lets it pause.")] = 0
    max_acu: Annotated[Capacity, typer.Option(help="MaxCapacity of the database.")] = "4"
    highly_available: Annotated[
        bool, typer.Option("--highly-available", help="A second instance of the database, in another zone.")
    ] = False
    warm: Annotated[int, typer.Option(min=0, max=1000, help="ProvisionedConcurrency.")] = 0
    firewall: Annotated[bool, typer.Option("--firewall", help="WAF in front.")] = False


@with_flag_groups
def cost(
    *, load: LoadFlags, stack: StackFlags, as_json: AsJson = False, quiet: Quiet = False, no_color: NoColor = False
) -> None:
    """Show the bill of a load in AWS, its first limit, and when servers cost less. It needs no account."""
    from app.cost.answer import answer, as_document

    found = answer(_read_load(load, stack), _read_stack(stack))
    output = make_output(as_json=as_json, quiet=quiet, no_color=no_color)
    if as_json:
        output.json(json.dumps(as_document(found), indent=2))
        return
    _show_bill(output, found)
    _show_alternatives(output, found)


def _read_load(load: LoadFlags, stack: StackFlags) -> "Workload":
    from app.cost.reading import Unreadable, read_mix, read_rate, read_size
    from app.cost.workload import CACHED, Workload

    store: Store = stack.store
    flag = "--requests"
    try:
        rate = read_rate(load.requests)
        flag = "--mix"
        mix = read_mix(load.mix, store)
        flag = "--csv"
        csv = read_size(load.csv)
    except Unreadable as error:
        raise typer.BadParameter(f"{error}.", param_hint=flag) from None
    if load.hits and not CACHED[stack.front]:
        message = "The HTTP API has no cache. Take --hits out, or use --front rest or --front url."
        raise typer.BadParameter(message, param_hint="--hits")
    return Workload(rate, mix, csv, load.days, load.peak, load.hits / 100)


def _read_stack(stack: StackFlags) -> "Configuration":
    from app.cost.workload import Configuration

    if stack.firewall and stack.front == "http":
        message = "WAF cannot stand before an HTTP API. Use --front rest or --front url."
        raise typer.BadParameter(message, param_hint="--firewall")
    if stack.min_acu > int(stack.max_acu):
        message = f"It is more than --max-acu {stack.max_acu}. Raise that, or lower this."
        raise typer.BadParameter(message, param_hint="--min-acu")
    given = dict(vars(stack)) | {"max_acu": float(stack.max_acu)}
    return Configuration(**given)


def _show_bill(output: Output, found: "Answer") -> None:
    from app.cost.amounts import count, dollars, percent

    lines = sorted(found.bill.lines, key=lambda line: line.usd, reverse=True)
    rows = [
        (
            line.name,
            count(line.quantity),
            line.price.unit,
            dollars(line.usd),
            percent(found.bill.share(line)),
            "" if line.is_seen else "assumed price",
        )
        for line in lines
    ]
    total = ("total", "", "a month", dollars(found.bill.total), "100%", "")
    output.table(("line", "quantity", "unit", "USD", "share", "note"), [*rows, total])
    unseen = sum(line.usd for line in lines if not line.is_seen)
    output.note(f"{dollars(unseen)} of it rests on prices that nobody has looked up. No free tiers, no taxes.")


def _show_alternatives(output: Output, found: "Answer") -> None:
    from app.cost.amounts import count, crossing, dollars, percent, rate

    limit = found.first_limit
    output.title("First limit")
    used = f"{percent(limit.share)} of {count(limit.most)} {limit.unit} at the peak"
    facts = [(limit.name, f"{used}, met at {rate(found.rate_at_limit)} on average: {limit.remedy}")]
    output.facts(facts)
    output.title("Servers instead")
    rows = [(one.fleet.name, dollars(one.bill.total), crossing(one.crossing)) for one in found.comparisons]
    output.table(("fleet", "USD", "cheaper from"), rows)
    _show_cheapest(output, found)


def _show_cheapest(output: Output, found: "Answer") -> None:
    from app.cost.amounts import dollars
    from app.cost.cheapest import LACKS

    output.title("Cheapest stack")
    chosen = found.cheapest
    settings = f"--front {chosen.front} --memory {chosen.memory} --storage {chosen.storage}"
    output.facts([(dollars(found.cheapest_bill.total), settings), ("lacks", LACKS[chosen.front])])
