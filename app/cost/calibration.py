"""The measurements of `benchmarks/calibrate.py`: processor time, bytes and write-ahead log of requests and imports."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Request:
    """A request of one kind: milliseconds of processor time, and bytes.

    `function_ms` is the function's under Lambda's emulator, `server_ms` that of a server, `first_ms` the function's
    from its start to its first response. `item_bytes` is the size of a record in DynamoDB, and 0 elsewhere.
    """

    function_ms: float
    database_ms: float
    server_ms: float
    first_ms: float
    response_bytes: float
    log_bytes: float
    wal_bytes: float
    item_bytes: float


@dataclass(frozen=True)
class Import:
    """An import: seconds of processor time, rows and items for each GB of CSV, bytes for each byte of it."""

    worker_seconds: float
    start_seconds: float
    database_seconds: float
    wal_bytes: float
    table_bytes: float
    rows: float
    item_bytes: float


@dataclass(frozen=True)
class Calibration:
    """The measurements, and the machine they were made on. Requests and imports are by store, requests by kind too."""

    date: str
    machine: Mapping[str, Any]
    requests: Mapping[str, Mapping[str, Request]]
    imports: Mapping[str, Import]


@cache
def load_calibration() -> Calibration:
    """The measurements that the package has."""
    document = json.loads(files("app.cost").joinpath("calibration.json").read_text("utf-8"))
    return Calibration(
        document["date"],
        document["machine"],
        {store: {kind: Request(**one) for kind, one in kinds.items()} for store, kinds in document["requests"].items()},
        {store: Import(**one) for store, one in document["imports"].items()},
    )
