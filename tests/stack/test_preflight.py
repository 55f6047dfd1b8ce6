"""The whole preflight against the emulator as an account, at whose edge some answers are set."""

from typing import Any

import pytest

from app.deploy.preflight.__main__ import make_plan, run
from app.deploy.preflight.account import Account, AwsAccount, Refused
from app.deploy.preflight.checks import CHECKS
from app.deploy.preflight.template import ParameterUnknown
from tests.deploy.preflight.edge import Edge
from tests.deploy.preflight.test_image import MANIFEST, URI, registry
from tests.stack.conftest import Stack

REGION = "eu-west-1"


@pytest.fixture
def emulated(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The emulator as an account that has the stack of dev, an image, and an account's usual limits."""
    for name, value in (("ENDPOINT_URL", stack.url), ("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test")):
        monkeypatch.setenv(f"AWS_{name}", value)
    usual: Any = {
        ("lambda", "get_account_settings"): {
            "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
        },
        ("rds", "describe_db_engine_versions"): {
            "DBEngineVersions": [{"EngineVersion": f"{major}.{minor}"} for major in (15, 16, 17) for minor in range(20)]
        },
        ("ec2", "describe_vpc_endpoint_services"): {
            "ServiceDetails": [{"AvailabilityZones": [f"{REGION}{letter}" for letter in "abc"]}]
        },
        **registry(MANIFEST).answers,
    }
    return Edge(usual, AwsAccount(REGION), REGION)


class TestPreflight:
    @pytest.mark.parametrize("environment", ["dev", "prod"])
    def test_what_is_there_is_updated_and_what_is_not_created_next_to_it(
        self, emulated: Account, capsys: pytest.CaptureFixture[str], environment: str
    ) -> None:
        code = run(make_plan(emulated, environment, URI, ["SetsGatewayLogRole=true"]))
        printed = capsys.readouterr().out
        assert code == 0, printed
        assert [line[:5] for line in printed.splitlines()] == ["ok   "] * len(CHECKS), printed

    def test_each_obstacle_is_a_sentence_and_fails(self, emulated: Account, capsys: pytest.CaptureFixture[str]) -> None:
        small = {
            ("lambda", "get_account_settings"): {
                "AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}
            },
            ("apigateway", "get_account"): Refused("AccessDeniedException", "no"),
        }
        code = run(make_plan(Edge(small, emulated), "prod", URI, ["SetsGatewayLogRole=false"]))
        printed = capsys.readouterr().out
        assert code == 1
        assert "stop  concurrency: The functions reserve" in printed
        assert "?     the gateway's log role could not be checked: AccessDeniedException: no" in printed

    def test_a_strange_environment_or_parameter_is_named(self, emulated: Account) -> None:
        with pytest.raises(ParameterUnknown, match="it has dev, prod"):
            make_plan(emulated, "test", URI, [])
        with pytest.raises(ParameterUnknown, match="no parameter MaxCapasity"):
            make_plan(emulated, "dev", URI, ["MaxCapasity=4"])


class TestAwsAccount:
    def test_all_pages_are_one_answer(self, emulated: Account) -> None:
        assert len(emulated.ask("s3", "list_buckets")["Buckets"]) > 0

    def test_a_refusal_has_the_reason_of_aws(self, emulated: Account) -> None:
        with pytest.raises(Refused) as refused:
            emulated.ask("s3", "head_bucket", Bucket="no-such-bucket-of-anybody")
        assert refused.value.code == "404"


class TestStackWithoutResources:
    @pytest.mark.parametrize("answer", [Refused("ValidationError", "does not exist"), None])
    def test_one_that_was_only_planned_is_as_good_as_none(self, emulated: Account, answer: Refused | None) -> None:
        planned = {"Stacks": [{"StackStatus": "REVIEW_IN_PROGRESS"}]}
        edge = Edge({("cloudformation", "describe_stacks"): answer or planned}, emulated)
        plan = make_plan(edge, "dev", URI, [])
        assert (plan.status, plan.owned) == (None, frozenset())
