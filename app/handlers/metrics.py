"""CloudWatch metrics: events of the log in its embedded format, by Powertools for AWS Lambda.

Their only dimension is the service: each further value would be a metric of its own, and billed as one. Only faults,
which should not occur, have the release too: an alarm rolls a new release back for its own faults.
"""

from collections.abc import Callable, Iterator
from typing import Any

from aws_lambda_powertools.metrics import Metrics, MetricUnit, single_metric

from app.core import log
from app.core.settings import get_settings

NAMESPACE = "Tolva"
# What the code did wrong; a 503 says that the database or the table was away.
FAULT = 500

Fields = dict[str, Any]
Measures = Iterator[tuple[str, MetricUnit, float]]


def publish_metrics(service: str) -> None:
    """Write every counted event to standard output as metrics too, from which CloudWatch reads them."""
    metrics = Metrics(namespace=NAMESPACE, service=service)

    def publish(name: str, fields: Fields) -> None:
        if name not in COUNTED:
            return
        for measure, unit, value in COUNTED[name](fields):
            metrics.add_metric(measure, unit, value)
        metrics.flush_metrics()
        if fields.get("status") == FAULT:
            with single_metric("Faults", MetricUnit.Count, 1, namespace=NAMESPACE) as faults:
                faults.add_dimension("service", service)
                faults.add_dimension("release", get_settings().release)

    log.listen(publish)


def _request(fields: Fields) -> Measures:
    yield "Requests", MetricUnit.Count, 1
    yield "ClientErrors", MetricUnit.Count, 400 <= fields["status"] < 500
    yield "ServerErrors", MetricUnit.Count, fields["status"] >= 500
    yield "Latency", MetricUnit.Milliseconds, fields["ms"]


def _finished_import(fields: Fields) -> Measures:
    yield "ImportsSucceeded", MetricUnit.Count, 1
    yield "RecordsAdded", MetricUnit.Count, fields["added"]
    yield "RecordsChanged", MetricUnit.Count, fields["changed"]


def _failed_import(_: Fields) -> Measures:
    yield "ImportsFailed", MetricUnit.Count, 1


COUNTED: dict[str, Callable[[Fields], Measures]] = {
    "request.finished": _request,
    "import.finished": _finished_import,
    "import.failed": _failed_import,
}
