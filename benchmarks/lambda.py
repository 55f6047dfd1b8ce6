"""The api function's cold start and warm answers compared with a bare FastAPI and Mangum hello, both under Lambda's
emulator.

    uv run python -m benchmarks.lambda
    uv run python -m benchmarks.lambda --rounds 5 --invocations 200

Both run from the folder that the image has, byte code included, under the image's Python if this machine has it. A cold
start is the time from the first event, at which the emulator starts the process, to its answer. The output has medians
of rounds in turn.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.emulated import API, KEY, Emulated, succeed
from benchmarks.imports import running
from tests.handlers.emulator import LambdaFunction
from tests.handlers.events import rest_event

RECORDS = 1000
HELLO = """
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


handler = Mangum(app, lifespan="off")
"""

Start = Callable[[str], LambdaFunction]


def _answer(function: LambdaFunction, event: Any) -> float:
    """The milliseconds of the answer to an event."""
    started = time.perf_counter()
    succeed(function, event)
    return (time.perf_counter() - started) * 1000


def _fill(function: LambdaFunction) -> tuple[Any, Any]:
    """Make a dataset of records; the events that ask for /health, and for a record with a key that reads only it."""
    columns = [{"name": "id", "type": "integer", "required": True}, {"name": "name", "type": "text"}]
    for path, body in (
        ("/datasets", {"name": "things", "columns": columns, "key": ["id"]}),
        ("/datasets/things/records", [{"id": number, "name": f"Thing {number}"} for number in range(RECORDS)]),
    ):
        _answer(function, rest_event("POST", path, KEY, body))
    wanted = {"name": "website", "scopes": ["read"], "datasets": ["things"]}
    made = function.invoke(rest_event("POST", "/keys", KEY, wanted))
    key = json.loads(made["body"])["key"]
    return rest_event("GET", "/health"), rest_event("GET", "/datasets/things/records/500", key)


def _cold(start: Start, rounds: int, cases: dict[str, tuple[str, Any]]) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, (handler, event) in cases.items():
            with start(handler) as function:
                times[name].append(_answer(function, event))
    return {name: statistics.median(found) for name, found in times.items()}


def _warm(start: Start, invocations: int, cases: dict[str, tuple[str, Any]]) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in cases}
    with ExitStack() as stack:
        functions = {name: stack.enter_context(start(handler)) for name, (handler, _) in cases.items()}
        for number in range(invocations + 10):
            for name, (_, event) in cases.items():
                elapsed = _answer(functions[name], event)
                if number >= 10:  # the first ones are not warm yet
                    times[name].append(elapsed)
    return {name: statistics.median(found) for name, found in times.items()}


def _report(cold: dict[str, float], warm: dict[str, float]) -> None:
    hello = cold["hello"]
    for name, milliseconds in cold.items():
        print(f"cold  {name:13} {milliseconds:8.0f} ms  {milliseconds / hello:5.2f}x")
    for name, milliseconds in warm.items():
        print(f"warm  {name:13} {milliseconds:8.2f} ms  {milliseconds - warm['hello']:+5.2f} ms")


def _measure(folder: Path, rounds: int, invocations: int) -> None:
    emulated = Emulated(folder)
    (emulated.root / "hello.py").write_text(HELLO, "utf-8")
    start = emulated.start

    with start(API) as function:
        health, record = _fill(function)
    hello = ("hello.handler", health)
    print(f"{emulated.version()}, {rounds} cold starts and {invocations} warm invocations each, medians")
    # The first request for what is not loaded before it waits for that as well.
    datasets = rest_event("GET", "/datasets", KEY)
    cases = {"GET /health": (API, health), "GET record": (API, record), "GET /datasets": (API, datasets)}
    cold = _cold(start, rounds, {"hello": hello, **cases})
    _report(cold, _warm(start, invocations, {"hello": hello, "GET record": (API, record)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--invocations", type=int, default=500)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)):
        _measure(Path(folder), given.rounds, given.invocations)


if __name__ == "__main__":
    main()
