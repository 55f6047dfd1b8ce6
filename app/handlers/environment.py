"""Preparation of a function before its first event, and the context of the current event."""

from typing import Any

from app.core import log
from app.core.settings import get_settings, in_lambda


def prepare_log(service: str) -> None:
    """Set up the log and, in Lambda, the metrics that are counted of its events.

    Raises:
        SettingsInvalid: a setting is missing or unsafe.
    """
    log.configure(get_settings().log_level)
    if in_lambda():
        from app.handlers.metrics import publish_metrics  # noqa: PLC0415  # nobody reads metrics on a laptop

        publish_metrics(service)


def begin_invocation(context: Any) -> None:
    """Bind the invocation's id to everything that is logged from now on."""
    log.request_id.set(context.aws_request_id)
    log.trace_id.set(log.find_trace())
