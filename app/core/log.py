"""Logs: one JSON object a line, each with the request or import it belongs to."""

import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
# The id that the caller gave a request that has another one here, and the X-Ray trace that it is a part of.
client_request_id: ContextVar[str | None] = ContextVar("client_request_id", default=None)
trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)
# The caller's address, if nothing before the application logs it.
caller: ContextVar[str | None] = ContextVar("caller", default=None)

# Attributes of the driver's and SQLAlchemy's errors as well as the message; the statement has parameters in place of
# values.
DATABASE_PLACES = ("schema_name", "table_name", "column_name", "constraint_name", "statement")

Listener = Callable[[str, dict[str, Any]], None]

TRACE = re.compile(r"(?:^|;)Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)")

_logger = logging.getLogger("tolva")
_listeners: list[Listener] = []


class JsonFormatter(logging.Formatter):
    """Renders a record as JSON: time, level, event, the ids of its request and the fields of the event."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "event": record.getMessage(),
            "request_id": request_id.get(),
            "client_request_id": client_request_id.get(),
            "trace_id": trace_id.get(),
            "caller": caller.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            document["exception"] = "".join(_traceback(record.exc_info[1]))
        return json.dumps({key: value for key, value in document.items() if value is not None}, default=str)


def _traceback(error: BaseException) -> Iterator[str]:
    """The lines of an error and of those that it came from, as Python shows them, without any record's values."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _traceback(cause)
        yield "\nThen, because of it or while it was handled:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}: {_describe(error)}\n"


def _describe(error: BaseException) -> str:
    """The message of an error. Errors of databases and validators quote values, so only their position is logged."""
    if (state := getattr(getattr(error, "orig", error), "sqlstate", None)) is not None:
        places = {name: getattr(error, name, None) for name in DATABASE_PLACES}
        return f"SQLSTATE {state} { ({name: place for name, place in places.items() if place}) }"
    if isinstance(error, ValidationError):
        return "; ".join(f"{mistake['loc']} {mistake['type']}" for mistake in error.errors(include_input=False))
    return str(error)


def configure(level: str) -> None:
    """Send every logger of the process through the JSON formatter to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _logger.setLevel(level)


def listen(listener: Listener) -> None:
    """Call a function with the name and the fields of each event, at any log level."""
    _listeners.append(listener)


def find_trace(header: str | None = None) -> str | None:
    """The root of the trace that an X-Amzn-Trace-Id names, or else that of Lambda's invocation; None without one."""
    found = TRACE.search(header or os.environ.get("_X_AMZN_TRACE_ID", ""))
    return found[1] if found else None


def event(name: str, **fields: Any) -> None:
    """Log that something happened, as `import.finished`, with its fields."""
    _logger.info(name, extra={"fields": fields})
    for listener in _listeners:
        listener(name, fields)


def warning(name: str, **fields: Any) -> None:
    """Log something that someone should look at, though the work went on."""
    _logger.warning(name, extra={"fields": fields})


def failure(name: str, error: BaseException, **fields: Any) -> None:
    """Log an error nobody expected, with its traceback."""
    _logger.error(name, exc_info=error, extra={"fields": fields})
