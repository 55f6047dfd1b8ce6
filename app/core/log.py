"""Logs: one JSON object a line, each with the request or import it belongs to."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

_logger = logging.getLogger("tolva")


class JsonFormatter(logging.Formatter):
    """Renders a record as JSON: time, level, event, request_id and whatever fields the event carries."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "event": record.getMessage(),
            "request_id": request_id.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return json.dumps({key: value for key, value in document.items() if value is not None}, default=str)


def configure(level: str) -> None:
    """Send every logger of the process through the JSON formatter to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _logger.setLevel(level)


def event(name: str, **fields: Any) -> None:
    """Log that something happened, as `import.finished`, with its fields."""
    _logger.info(name, extra={"fields": fields})


def warning(name: str, **fields: Any) -> None:
    """Log something that someone should look at, though the work went on."""
    _logger.warning(name, extra={"fields": fields})


def failure(name: str, error: BaseException, **fields: Any) -> None:
    """Log an error nobody expected, with its traceback."""
    _logger.error(name, exc_info=error, extra={"fields": fields})
