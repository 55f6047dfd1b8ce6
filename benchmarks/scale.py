"""A peak before anything has grown: the stack simulated by discrete events, and compared with a real run.

    uv run python -m benchmarks.scale                           a step of ten times, a day, with and without warm ones
    uv run python -m benchmarks.scale --real                    against functions under Lambda's emulator, here
    uv run python -m benchmarks.scale --real --seconds 60 --functions 4

A simulated function's times are those of app/cost/calibration.json. The real run sends requests at random moments to
functions that take one each; one that finds none idle is refused, as Lambda does beyond its reserved concurrency. The
simulation of it knows nothing of that run but how long requests take one at a time, and how many cores there are.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiohttp

from app.cost.assumptions import assumed
from app.cost.calibration import load_calibration
from app.cost.demand import Demand
from app.cost.prices import load_prices
from app.cost.simulation.arrivals import Profile, arrivals, daily, steady, step
from app.cost.simulation.bucket import TokenBucket
from app.cost.simulation.capacity import Database, Ramp
from app.cost.simulation.clock import Clock
from app.cost.simulation.environments import Environments, Scaling
from app.cost.simulation.processor import SharedProcessor
from app.cost.simulation.stack import Call, Seen, Stack, Traffic, send
from app.cost.workload import Configuration, Workload
from benchmarks.calibrate import requests_of
from benchmarks.emulated import API, KEY, Emulated, load_average, succeed
from benchmarks.imports import make_dataset, running, write_file
from tests.handlers.emulator import INVOCATIONS, LambdaFunction

SEED = 17
MIX = {"get": 0.8, "list": 0.15, "post": 0.05}
ROWS = 50_000
# The shares of what the machine can do at which the real run is compared.
LOADS = (0.3, 0.6, 0.9)
ALONE_CALLS = 1500
PAUSE = 0.008
OPEN = 1e9


# ---- The stack in AWS


@dataclass(frozen=True)
class Scenario:
    """A load and the parameters of a stack."""

    name: str
    profile: Profile
    seconds: float
    scaling: Scaling
    ramp: Ramp
    rate_limit: float = 500.0
    burst_limit: float = 1000.0
    mix: Mapping[str, float] = field(default_factory=lambda: MIX)


def _scenarios() -> Iterator[Scenario]:
    lasting, jump = 900.0, step(50, 10, 300)
    small, large = Ramp(0.5, 4), Ramp(2, 8)
    yield Scenario("50/s throughout, 0.5 to 4 ACU", steady(50), lasting, Scaling(350), small)
    yield Scenario("50 to 500/s at once, 0.5 to 4 ACU", jump, lasting, Scaling(350), small)
    yield Scenario("50 to 500/s at once, 2 to 8 ACU", jump, lasting, Scaling(700), large)
    warm = Scaling(700, warm=5, warm_most=50)
    yield Scenario("the same, 5 kept warm, 50 at most", jump, lasting, warm, large)
    high = step(200, 10, 300)
    yield Scenario("200 to 2,000/s, RateLimit 500", high, lasting, Scaling(700), large)
    yield Scenario("200 to 2,000/s, RateLimit 5,000", high, lasting, Scaling(700), large, 5000, 5000)
    pages, few = {"page": 1.0}, step(10, 10, 300)
    yield Scenario("10 to 100 pages of 1,000/s, 0.5 to 4 ACU", few, lasting, Scaling(350), small, mix=pages)
    yield Scenario("10 to 100 pages of 1,000/s, 2 to 8 ACU", few, lasting, Scaling(700), large, mix=pages)
    yield Scenario("a day in an hour, 200/s, noon twice that", daily(200, 2, 3600), 3600, Scaling(350), small)


def _simulate(scenario: Scenario) -> tuple[Seen, Database, Environments]:
    clock, random = Clock(), Random(SEED)
    factor = assumed("graviton-factor")
    database = Database(clock, scenario.ramp, assumed("cpu-per-acu") / factor)
    environments = Environments(clock, scenario.scaling)
    bucket = TokenBucket(scenario.rate_limit, scenario.burst_limit)
    requests = load_calibration().requests["relational"]
    demand = Demand(Workload(1, MIX), Configuration(), load_calibration())
    first = max(one.first_ms for one in requests.values()) * factor / 1000
    stack = Stack(clock, bucket, environments, database.processor, cold_seconds=first)

    def make(random: Random) -> Call:
        (kind,) = random.choices(list(scenario.mix), list(scenario.mix.values()))
        shared = requests[kind].database_ms / 1000
        return Call(demand.milliseconds(kind) / 1000 - shared * factor, shared * random.expovariate(1))

    send(clock, stack, Traffic(scenario.profile, scenario.seconds, make), random)
    return stack.seen, database, environments


def _cost(scenario: Scenario, seen: Seen, database: Database, environments: Environments) -> float:
    """Dollars for the gateway, the functions and the database, for a million requests."""
    prices = load_prices("us-east-1")
    calls = len(seen.times)
    paid = prices["rest-request"].cost(seen.requests - seen.throttled) + prices["lambda-request"].cost(calls)
    paid += prices["lambda-gb-second"].cost(seen.billed_seconds)
    paid += prices["lambda-warm-gb-second"].cost(environments.warm_seconds)
    paid += prices["acu-hour"].cost(database.acu_seconds / 3600)
    return paid / seen.requests * 1e6


def predict() -> None:
    """Print the times and refusals of each scenario."""
    print("| load | p50 ms | p99 ms | refused | cold | most ACU | $ a million |\n|---|---|---|---|---|---|---|")
    for scenario in _scenarios():
        seen, database, environments = _simulate(scenario)
        print(
            f"| {scenario.name} | {seen.quantile(0.5) * 1000:.1f} | {seen.quantile(0.99) * 1000:.1f} "
            f"| {seen.refusals:.1%} | {seen.cold / max(1, len(seen.times)):.2%} | {database.most_acu:.1f} "
            f"| {_cost(scenario, seen, database, environments):.2f} |",
            flush=True,
        )


# ---- Functions on this machine


@dataclass(frozen=True)
class Real:
    """Functions that run, and events for them."""

    functions: list[LambdaFunction]
    events: list[bytes]

    async def alone(self) -> list[float]:
        """The seconds that calls take one at a time, with pauses: a process that was idle takes longer."""
        random = Random(SEED)
        async with aiohttp.ClientSession() as session:
            for function in self.functions:
                for event in (event for event in self.events[:200] if b'"POST"' not in event):
                    await _call(session, function, event)
            times = []
            for number, event in enumerate(self.events[:ALONE_CALLS]):
                await asyncio.sleep(random.expovariate(1 / PAUSE))
                times.append(await _call(session, self.functions[number % len(self.functions)], event))
            return times

    async def send(self, rate: float, seconds: float) -> Seen:
        """Send calls at random moments, each to an idle function; refuse one that finds none."""
        seen, idle = Seen(), list(self.functions)
        tasks: list[asyncio.Task[None]] = []
        async with aiohttp.ClientSession() as session:
            begun = time.perf_counter()
            for number, moment in enumerate(arrivals(steady(rate), seconds, Random(SEED))):
                await _sleep_until(begun + moment)
                if not idle:
                    seen.refused += 1
                    continue
                function = idle.pop()
                event = self.events[number % len(self.events)]
                tasks.append(asyncio.create_task(_serve(session, function, event, seen, idle)))
            await asyncio.gather(*tasks)
        return seen


async def _serve(
    session: aiohttp.ClientSession, function: LambdaFunction, event: bytes, seen: Seen, idle: list[LambdaFunction]
) -> None:
    seen.times.append(await _call(session, function, event))
    idle.append(function)


async def _call(session: aiohttp.ClientSession, function: LambdaFunction, event: bytes) -> float:
    begun = time.perf_counter()
    async with session.post(f"http://{function.address}{INVOCATIONS}", data=event) as response:
        answer = await response.read()
    taken = time.perf_counter() - begun
    if b'"statusCode": 20' not in answer:
        raise SystemExit(f"a function answered {answer[-400:]!r}")
    return taken


async def _sleep_until(moment: float) -> None:
    left = moment - time.perf_counter()
    await asyncio.sleep(max(0.0, left))


def _predict_real(alone: list[float], rate: float, seconds: float, functions: int) -> Seen:
    """The simulation of functions that share this machine's cores."""
    clock = Clock()
    scaling = Scaling(
        functions, warm=functions, starts_per_second=OPEN, starts_at_once=OPEN, calls_per_environment=OPEN
    )
    cores = SharedProcessor(clock, float(os.cpu_count() or 1))
    stack = Stack(clock, TokenBucket(OPEN, OPEN), Environments(clock, scaling), cores)
    traffic = Traffic(steady(rate), seconds, lambda random: Call(0.0, random.choice(alone)))
    send(clock, stack, traffic, Random(SEED + 1))
    return stack.seen


def _events(rows: int, count: int) -> list[bytes]:
    random, kinds = Random(SEED), requests_of("relational", rows)
    chosen = random.choices(list(MIX), list(MIX.values()), k=count)
    return [json.dumps(kinds[kind](number)).encode() for number, kind in enumerate(chosen)]


@contextmanager
def _started(folder: Path, count: int) -> Iterator[Real]:
    os.environ["TOLVA_ADMIN_KEY"] = KEY
    with running(folder) as bench, ExitStack() as stack:
        os.environ["TOLVA_ADMIN_KEY"] = KEY
        make_dataset("pinned")
        bench.copy(write_file(folder / "rows.csv", ROWS), "pinned")
        bench.run("VACUUM ANALYZE data.pinned")
        emulated = Emulated(folder)
        functions = [stack.enter_context(emulated.start(API, f"log-{number}")) for number in range(count)]
        for function in functions:
            succeed(function, requests_of("relational", ROWS)["get"](1))
        # A record can be created once only, so each call has an event of its own.
        yield Real(functions, _events(ROWS, 200_000))


def compare(folder: Path, functions: int, seconds: float) -> None:
    """Run loads for real and in the simulation, and print both."""
    with _started(folder, functions) as real:
        alone = asyncio.run(real.alone())
        del real.events[:ALONE_CALLS]
        mean = sum(alone) / len(alone)
        cores = min(functions, os.cpu_count() or 1)
        print(f"one at a time {mean * 1000:.2f} ms on average, {functions} functions, load {load_average():.1f}")
        print("| requests/s | p50 real | simulated | p99 real | simulated | refused real | simulated |")
        print("|---|---|---|---|---|---|---|")
        for share in LOADS:
            _compare_one(real, alone, share * cores / mean, seconds)


def _compare_one(real: Real, alone: list[float], rate: float, seconds: float) -> None:
    seen = asyncio.run(real.send(rate, seconds))
    del real.events[: seen.requests]
    simulated = _predict_real(alone, rate, seconds, len(real.functions))
    cells: list[Any] = [f"{rate:.0f}"]
    for share in (0.5, 0.99):
        cells += [f"{one.quantile(share) * 1000:.2f} ms" for one in (seen, simulated)]
    cells += [f"{one.refusals:.2%}" for one in (seen, simulated)]
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--functions", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=30)
    given = parser.parse_args()
    if not given.real:
        predict()
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), given.functions, given.seconds)


if __name__ == "__main__":
    main()
