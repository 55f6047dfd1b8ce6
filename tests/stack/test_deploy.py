"""The command that deploys: what it passes to sam, in which order, and what stops it. AWS and sam are stand-ins."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mangum.handlers import APIGateway
from mangum.types import LambdaConfig

from tests.stack.templates import ROOT, load, parameters

NO_STACK = "An error occurred (ValidationError): Stack with id tolva does not exist"
IMAGE = "1.dkr.ecr.eu-west-1.amazonaws.com/tolva:abc"
UV = f"""#!/bin/bash
case "$*" in *app.deploy.preflight*) printf '%s\\n' "$*" >>"$CALLS"; exit "${{OBSTACLES:-0}}" ;; esac
if [ "$1" = run ]; then while [ "$1" != python ]; do shift; done; shift; exec {sys.executable} "$@"; fi
shift; while [ "$1" != sam ]; do shift; done
printf '%s\\n' "$*" >>"$CALLS"
"""
AWS = """#!/bin/bash
printf 'aws %s\\n' "$*" >>"$CALLS"
case "$*" in
    *"OutputKey=='Url'"*) echo https://api.example.com ;;
    *"OutputKey=='DomainTarget'"*) echo "${TARGET:-}" ;;
    "cloudformation describe-stacks"*) echo "$STATUS"; [ "${STATUS#An error}" = "$STATUS" ] ;;
    "lambda invoke"*) echo "{\\"statusCode\\": $HEALTH}" >"${@: -1}"; echo None ;;
esac
"""
CURL = """#!/bin/bash
printf 'curl %s\\n' "$*" >>"$CALLS"
"""


@dataclass(frozen=True)
class Deploy:
    """A deploy with stand-ins for sam, AWS and curl, which write down how they are called."""

    folder: Path

    def __call__(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        (self.folder / "calls").unlink(missing_ok=True)
        environment = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "CALLS": str(self.folder / "calls"),
            "STATUS": "UPDATE_COMPLETE",
            "HEALTH": "200",
            "TMPDIR": str(self.folder),
            **variables,
        }
        command = [str(ROOT / ".ci/deploy"), *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)

    def calls(self) -> list[str]:
        """The calls of the stand-ins, in their order."""
        return (self.folder / "calls").read_text().splitlines()

    def passed(self) -> list[dict[str, str]]:
        """The parameters of each call of sam."""
        found = [re.findall(r'(\w+)="([^"]*)"', call) for call in self.calls() if call.startswith("sam deploy")]
        return [dict(pairs) for pairs in found]


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    """The command, with stand-ins."""
    for name, text in (("uv", UV), ("aws", AWS), ("curl", CURL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return Deploy(tmp_path)


class TestParameters:
    @pytest.mark.parametrize("environment", ["dev", "prod"])
    def test_every_parameter_is_passed_each_time(self, deploy: Deploy, environment: str) -> None:
        done = deploy(environment, IMAGE)
        assert done.returncode == 0, done.stderr
        (passed,) = deploy.passed()
        known = load()["Parameters"]
        defaults = {name: str(item["Default"]) for name, item in known.items() if "Default" in item}
        assert passed.keys() == known.keys()
        assert {**defaults, **parameters(environment)}.items() <= passed.items()
        assert passed["ImageUri"] == IMAGE

    def test_what_is_given_goes_before_what_is_configured(self, deploy: Deploy) -> None:
        deploy("dev", IMAGE, "MinCapacity=1", "BusyFrom=cron(0 7 ? * MON-FRI *)", "--role-arn", "arn")
        (passed,) = deploy.passed()
        assert (passed["MinCapacity"], passed["BusyFrom"]) == ("1", "cron(0 7 ? * MON-FRI *)")
        assert [call for call in deploy.calls() if call.startswith("sam deploy") and call.endswith(" --role-arn arn")]

    def test_one_that_is_unknown_stops_it(self, deploy: Deploy) -> None:
        done = deploy("dev", IMAGE, "MinCapcity=1")
        assert done.returncode != 0
        assert "template.yaml has no parameter MinCapcity." in done.stderr

    def test_each_value_makes_another_release(self, deploy: Deploy) -> None:
        releases = []
        for given in ([], ["LogLevel=INFO"], ["Protected=true"]):
            deploy("dev", IMAGE, *given)
            releases.append(deploy.passed()[0]["Release"])
        first, other, protected = releases
        assert first == protected != other
        assert re.fullmatch(load()["Parameters"]["Release"]["AllowedPattern"], first)


class TestFirst:
    def test_it_is_made_without_protection_so_that_it_can_be_taken_back(self, deploy: Deploy) -> None:
        done = deploy("prod", IMAGE, STATUS=NO_STACK)
        assert done.returncode == 0, done.stderr
        first, second = deploy.passed()
        assert (first["Protected"], second["Protected"]) == ("false", "true")
        assert first["Release"] == second["Release"]

    def test_one_that_was_left_unfinished_is_still_the_first(self, deploy: Deploy) -> None:
        deploy("prod", IMAGE, STATUS="REVIEW_IN_PROGRESS")
        assert [passed["Protected"] for passed in deploy.passed()] == ["false", "true"]

    def test_the_account_is_asked_before(self, deploy: Deploy) -> None:
        deploy("prod", IMAGE, "MaxCapacity=4", STATUS=NO_STACK)
        (asked,) = [call for call in deploy.calls() if "preflight" in call]
        assert asked == f"run python -m app.deploy.preflight prod {IMAGE} MaxCapacity=4"
        assert deploy("prod", IMAGE, STATUS=NO_STACK, OBSTACLES="1").returncode != 0
        assert deploy.passed() == []

    def test_one_that_failed_is_to_be_deleted(self, deploy: Deploy) -> None:
        done = deploy("prod", IMAGE, STATUS="ROLLBACK_COMPLETE")
        assert done.returncode != 0
        assert "Delete it, and deploy again" in done.stderr
        assert deploy.passed() == []

    def test_what_is_not_known_to_be_new_is_never_without_protection(self, deploy: Deploy) -> None:
        done = deploy("prod", IMAGE, STATUS="An error occurred (ExpiredToken)")
        assert done.returncode != 0
        assert "ExpiredToken" in done.stderr
        assert deploy.passed() == []

    def test_no_function_is_there_to_try_the_image_with(self, deploy: Deploy) -> None:
        deploy("prod", IMAGE, STATUS=NO_STACK)
        assert not [call for call in deploy.calls() if call.startswith("aws lambda")]


class TestTrial:
    def test_the_image_is_tried_where_no_traffic_goes(self, deploy: Deploy) -> None:
        deploy("dev", IMAGE)
        calls = [call for call in deploy.calls() if call.startswith(("aws lambda", "sam"))]
        assert [call.split()[2] for call in calls[:-1]] == ["update-function-code", "wait", "invoke"]
        assert calls[-1].startswith("sam deploy")
        assert all("--function-name tolva-dev-api" in call for call in calls[:-1])

    def test_one_that_does_not_answer_is_not_deployed(self, deploy: Deploy) -> None:
        done = deploy("dev", IMAGE, HEALTH="502")
        assert done.returncode != 0
        assert "does not answer" in done.stderr
        assert deploy.passed() == []

    def test_it_is_asked_as_the_gateway_asks(self) -> None:
        event = json.loads((ROOT / ".ci/health.json").read_text("utf-8"))
        context: Any = None
        config = LambdaConfig(api_gateway_base_path="/", text_mime_types=[], exclude_headers=[])
        assert APIGateway.infer(event, context, config)
        scope = APIGateway(event, context, config).scope
        assert (scope["method"], scope["path"]) == ("GET", "/health")


class TestReady:
    def test_the_stack_is_asked_whether_all_of_it_answers(self, deploy: Deploy) -> None:
        deploy("dev", IMAGE)
        assert deploy.calls()[-1].endswith("https://api.example.com/ready")

    def test_a_domain_without_a_record_is_asked_at_its_target(self, deploy: Deploy) -> None:
        deploy("dev", IMAGE, TARGET="d-1.execute-api.eu-west-1.amazonaws.com")
        assert "--connect-to ::d-1.execute-api.eu-west-1.amazonaws.com:443" in deploy.calls()[-1]
