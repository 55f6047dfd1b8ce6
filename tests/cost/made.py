"""A calibration of round numbers, so that a bill can be written out by hand."""

from app.cost.calibration import Calibration, Import, Request
from app.cost.workload import KINDS


def _request(
    *,
    function: float,
    database: float = 0.0,
    server: float = 0.8,
    response: float = 300.0,
    wal: float = 0.0,
    item: float = 0.0,
) -> Request:
    return Request(
        function_ms=function,
        database_ms=database,
        server_ms=0.8,
        first_ms=450.0,
        response_bytes=response,
        log_bytes=700.0,
        wal_bytes=wal,
        item_bytes=item,
    )


CALIBRATION = Calibration(
    "2026-11-29",
    {},
    {
        "relational": {
            "get": _request(function=1.4, database=0.2),
            "list": _request(function=1.6, database=0.3, response=12_000),
            "page": _request(function=4.0, database=2.0, response=240_000),
            "query": _request(function=1.8, database=0.4, response=12_000),
            "post": _request(function=2.0, database=0.4, wal=600),
        },
        "keyvalue": {
            "get": _request(function=3.0, item=300),
            "list": _request(function=5.0, response=12_000, item=300),
            "page": _request(function=20.0, response=240_000, item=300),
            "post": _request(function=4.0, item=300),
        },
    },
    {
        "relational": Import(12.0, 2.0, 12.0, 1.35, 1.2, 6e6, 0.0),
        "keyvalue": Import(100.0, 2.0, 12.0, 0.5, 0.0, 6e6, 300.0),
    },
)
assert set(CALIBRATION.requests["relational"]) == set(KINDS)
