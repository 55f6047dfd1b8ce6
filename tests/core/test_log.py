import json
import logging
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient
from pydantic import BaseModel
from sqlalchemy import text

from app.core import log
from app.core.database.sessions import transaction

TRACE = "1-671a2f5c-0f1e2d3c4b5a69788796a5b4"


class TestFindTrace:
    @pytest.mark.parametrize(
        "header", [f"Root={TRACE}", f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1", f"Self=1-x;Root={TRACE}"]
    )
    def test_it_is_the_root(self, header: str) -> None:
        assert log.find_trace(header) == TRACE

    @pytest.mark.parametrize("header", [None, "", "Root=", 'Root=1-"\n', f"Parent={TRACE}"])
    def test_what_names_none_has_none(self, header: str | None) -> None:
        assert log.find_trace(header) is None

    def test_else_it_is_that_of_the_invocation(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=0")
        assert log.find_trace() == TRACE


class Lines(logging.Handler):
    """Keeps what is logged as it is logged: the ids in a line are those of that moment."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(json.loads(log.JsonFormatter().format(record)))


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The lines of the log from now on."""
    handler, logger = Lines(), logging.getLogger("tolva")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


class TestRequests:
    async def test_each_line_has_the_request_and_its_trace(self, anonymous: AsyncClient, lines: Lines) -> None:
        await anonymous.get("/health", headers={"X-Request-Id": "r-17", "X-Amzn-Trace-Id": f"Root={TRACE}"})
        (line,) = lines.found
        assert (line["event"], line["request_id"], line["trace_id"]) == ("request.finished", "r-17", TRACE)
        assert "client_request_id" not in line

    async def test_the_next_one_has_its_own(self, anonymous: AsyncClient, lines: Lines) -> None:
        await anonymous.get("/health", headers={"X-Amzn-Trace-Id": f"Root={TRACE}"})
        await anonymous.get("/health")
        first, second = lines.found
        assert first["request_id"] != second["request_id"]
        assert "trace_id" not in second


SECRET = "an_address_of_somebody"


class Row(BaseModel):
    code: int


async def _by_session(_connection: asyncpg.Connection) -> None:
    async with transaction() as session:
        await session.execute(text("CREATE TEMP TABLE logged (a text UNIQUE) ON COMMIT DROP"))
        for _ in range(2):
            await session.execute(text("INSERT INTO logged VALUES (:a)"), {"a": SECRET})


async def _by_driver(connection: asyncpg.Connection) -> None:
    async with connection.transaction():
        await connection.execute("CREATE TEMP TABLE logged (a text UNIQUE) ON COMMIT DROP")
        for _ in range(2):
            await connection.execute("INSERT INTO logged VALUES ($1)", SECRET)


async def _by_cast(connection: asyncpg.Connection) -> None:
    await connection.fetch("SELECT $1::text::integer", SECRET)


async def _by_model(_: asyncpg.Connection) -> None:
    Row.model_validate({"code": SECRET})


async def _in_turn(connection: asyncpg.Connection) -> None:
    try:
        await _by_cast(connection)
    except asyncpg.PostgresError as error:
        raise RuntimeError("it could not be read") from error


class TestErrors:
    @pytest.mark.parametrize(
        ("fail", "said"),
        [
            (_by_session, "SQLSTATE 23505"),
            (_by_driver, "logged_a_key"),
            (_by_cast, "SQLSTATE 22P02"),
            (_by_model, "('code',) int_parsing"),
            (_in_turn, "RuntimeError: it could not be read"),
        ],
    )
    async def test_they_are_told_without_the_values_they_are_about(
        self, database_url: str, connections: asyncpg.Connection, lines: Lines, fail: Any, said: str
    ) -> None:
        try:
            await fail(connections)
        except Exception as error:
            log.failure("request.failed", error)
        (line,) = lines.found
        assert SECRET not in str(line)
        assert said in line["exception"]
        assert f"in {fail.__name__}" in line["exception"]
