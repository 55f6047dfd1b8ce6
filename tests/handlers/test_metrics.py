"""Metrics as CloudWatch finds them: JSON lines on standard output, in its embedded metric format."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from app.handlers.metrics import COUNTED

SCRIPT = """
import sys
from app.core import log
from app.handlers.environment import prepare_log
prepare_log("api")
log.event("request.finished", method="GET", path="/health", status=503, ms=12.5)
log.event("request.started")
log.event("request.finished", method="GET", path="/datasets", status=500, ms=2.5)
log.event("import.finished", import_id="1", dataset="a", added=3, changed=1, unchanged=0)
log.event("import.failed", import_id="1", problem="file-empty")
"""


def _published(**variables: str) -> list[dict[str, Any]]:
    """The standard output of a process that logs the events above."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=os.environ | variables, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.usefixtures("database_url")
class TestPublishMetrics:
    def test_requests_and_imports_are_counted(self) -> None:
        request, _, _, finished, failed = _published(AWS_LAMBDA_FUNCTION_NAME="tolva-api")
        (described,) = request["_aws"]["CloudWatchMetrics"]
        assert (described["Namespace"], described["Dimensions"]) == ("Tolva", [["service"]])
        assert {"Name": "Latency", "Unit": "Milliseconds"} in described["Metrics"]
        assert request["service"] == "api"
        assert (request["Requests"], request["ServerErrors"], request["Latency"]) == ([1.0], [1.0], [12.5])
        assert (finished["ImportsSucceeded"], finished["RecordsAdded"], finished["RecordsChanged"]) == ([1], [3], [1])
        assert failed["ImportsFailed"] == [1.0]

    def test_what_the_code_did_wrong_is_counted_for_its_release(self) -> None:
        fault = _published(AWS_LAMBDA_FUNCTION_NAME="tolva-api", TOLVA_RELEASE="a1b2")[2]
        (described,) = fault["_aws"]["CloudWatchMetrics"]
        assert (described["Namespace"], described["Dimensions"]) == ("Tolva", [["service", "release"]])
        assert (fault["service"], fault["release"], fault["Faults"]) == ("api", "a1b2", [1.0])

    def test_they_are_counted_whichever_level_is_logged(self) -> None:
        assert len(_published(AWS_LAMBDA_FUNCTION_NAME="tolva-api", TOLVA_LOG_LEVEL="ERROR")) == len(COUNTED) + 2

    def test_on_a_laptop_there_are_none(self) -> None:
        assert _published() == []
