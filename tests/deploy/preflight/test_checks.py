"""Each check with an account that lets the deploy succeed, and with one that would fail it."""

from collections.abc import Iterable
from typing import Any

import pytest

from app.deploy.preflight.account import Refused
from app.deploy.preflight.checks import (
    Plan,
    check_certificates,
    check_concurrency,
    check_engine,
    check_github,
    check_log_role,
    check_names,
    check_stack,
    check_zones,
)
from app.deploy.preflight.template import Evaluation, read_template
from tests.deploy.preflight.edge import Edge
from tests.stack.templates import ROOT, parameters

ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
GIVEN = {"ImageUri": "000000000000.dkr.ecr.eu-west-1.amazonaws.com/tolva:1", "Release": "0" * 16}


def plan(
    answers: Any = None,
    environment: str = "dev",
    *,
    status: str | None = None,
    owned: Iterable[str] = (),
    **given: str,
) -> Plan:
    template = read_template((ROOT / "template.yaml").read_text("utf-8"))
    values = {**parameters(environment), **GIVEN, **given}
    return Plan(Edge(answers or {}), Evaluation(template, values, zones=ZONES), "tolva-dev", status, frozenset(owned))


class TestStack:
    @pytest.mark.parametrize("status", [None, "CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
    def test_one_that_can_be_updated(self, status: str | None) -> None:
        assert list(check_stack(plan(status=status))) == []

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("ROLLBACK_COMPLETE", "delete-stack --stack-name tolva-dev"),
            ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
            ("UPDATE_IN_PROGRESS", "wait until"),
        ],
    )
    def test_one_that_cannot(self, status: str, words: str) -> None:
        (said,) = check_stack(plan(status=status))
        assert words in said


def limits(all_of_it: int, free: int) -> Any:
    settings = {"ConcurrentExecutions": all_of_it, "UnreservedConcurrentExecutions": free}
    return {
        ("lambda", "get_account_settings"): {"AccountLimit": settings},
        ("lambda", "get_function_concurrency"): {"ReservedConcurrentExecutions": 30},
    }


class TestConcurrency:
    def test_a_usual_account_has_enough(self) -> None:
        assert list(check_concurrency(plan(limits(1000, 1000), "prod"))) == []

    def test_a_new_one_has_not(self) -> None:
        (said,) = check_concurrency(plan(limits(10, 10), "prod"))
        assert "of the 10 of this account 10 are not reserved" in said
        assert "Service Quotas" in said

    def test_what_the_stack_reserves_by_now_is_free_for_it(self) -> None:
        one = plan(limits(1000, 1000), "prod")
        wanted = sum(
            int(item.properties.get("ReservedConcurrentExecutions", 0))
            for item in one.deploy.of_types("AWS::Serverless::Function")
        )
        short = limits(1000, wanted + 100 - 30)
        assert len(list(check_concurrency(plan(short, "prod")))) == 1
        assert list(check_concurrency(plan(short, "prod", owned=["tolva-worker"]))) == []


def absent(**parameters: Any) -> Refused:
    return Refused("ResourceNotFoundException", "")


NOTHING: Any = {
    ("s3", "head_bucket"): Refused("404", ""),
    ("dynamodb", "describe_table"): absent,
    ("sqs", "get_queue_url"): Refused("QueueDoesNotExist", ""),
    ("lambda", "get_function"): absent,
    ("cloudwatch", "get_dashboard"): Refused("ResourceNotFound", ""),
    ("rds", "describe_db_clusters"): Refused("DBClusterNotFoundFault", ""),
    ("logs", "describe_log_groups"): {"logGroups": []},
    ("cloudfront", "list_cache_policies"): {"CachePolicyList": {}},
    ("route53", "list_resource_record_sets"): {"ResourceRecordSets": []},
}


class TestNames:
    def test_an_empty_account_has_none_of_them(self) -> None:
        assert list(check_names(plan(NOTHING))) == []

    def test_a_bucket_that_a_failed_deploy_left_is_named(self) -> None:
        (said,) = check_names(plan({**NOTHING, ("s3", "head_bucket"): {}}))
        assert said.startswith("The Bucket tolva-dev-files-000000000000-eu-west-1 exists and is not the stack's")
        assert "another Name" in said

    def test_the_stack_s_own_are_not_in_its_way(self) -> None:
        one = plan({**NOTHING, ("s3", "head_bucket"): {}}, owned=["tolva-dev-files-000000000000-eu-west-1"])
        assert list(check_names(one)) == []


def engines(*versions: str) -> Any:
    return {("rds", "describe_db_engine_versions"): {"DBEngineVersions": [{"EngineVersion": one} for one in versions]}}


class TestEngine:
    def test_a_version_that_can_be_created(self) -> None:
        assert list(check_engine(plan(engines("15.4", "16.9"), EngineVersion="16.9"))) == []

    def test_one_that_was_withdrawn_is_said_with_the_others(self) -> None:
        (said,) = check_engine(plan(engines("15.4", "16.10", "16.8", "17.1"), EngineVersion="16.9"))
        assert said.endswith("Set EngineVersion to one of 16.8, 16.10.")

    def test_a_database_that_exists_keeps_its_version(self) -> None:
        assert list(check_engine(plan(engines(), status="CREATE_COMPLETE", EngineVersion="16.9"))) == []


def services(*zones: str) -> Any:
    return {("ec2", "describe_vpc_endpoint_services"): {"ServiceDetails": [{"AvailabilityZones": list(zones)}]}}


class TestZones:
    def test_zones_with_an_endpoint(self) -> None:
        assert list(check_zones(plan(services(*ZONES)))) == []

    def test_a_zone_without_one_is_named(self) -> None:
        (said,) = check_zones(plan(services("eu-west-1b", "eu-west-1c")))
        assert "has no endpoint in eu-west-1a" in said


class TestLogRole:
    def test_a_stack_that_sets_it_needs_none(self) -> None:
        assert list(check_log_role(plan(SetsGatewayLogRole="true"))) == []

    @pytest.mark.parametrize(("arn", "count"), [("arn:aws:iam::0:role/logs", 0), (None, 1)])
    def test_another_needs_that_of_the_account(self, arn: str | None, count: int) -> None:
        answers = {("apigateway", "get_account"): {"cloudwatchRoleArn": arn}}
        found = list(check_log_role(plan(answers, SetsGatewayLogRole="false")))
        assert len(found) == count
        assert all("SetsGatewayLogRole=true" in said for said in found)


ARN = "arn:aws:acm:{}:000000000000:certificate/1"


class TestCertificates:
    def test_none_needs_nothing(self) -> None:
        assert list(check_certificates(plan())) == []

    @pytest.mark.parametrize(("status", "count"), [("ISSUED", 0), ("PENDING_VALIDATION", 1)])
    def test_it_is_issued(self, status: str, count: int) -> None:
        answers = {("acm", "describe_certificate"): {"Certificate": {"Status": status}}}
        one = plan(answers, CertificateArn=ARN.format("eu-west-1"), EndpointType="REGIONAL")
        assert len(list(check_certificates(one))) == count

    def test_cloudfront_takes_those_of_one_region(self) -> None:
        (said,) = check_certificates(plan(CloudFrontCertificateArn=ARN.format("eu-west-1")))
        assert "must be a certificate of us-east-1" in said


def roles(*subjects: str, provider: str = "token.actions.githubusercontent.com") -> Any:
    condition = {"StringLike": {"token.actions.githubusercontent.com:sub": list(subjects)}}
    resources = [
        {"ResourceType": "AWS::IAM::Role", "PhysicalResourceId": "tolva-build"},
        {"ResourceType": "AWS::ECR::Repository", "PhysicalResourceId": "tolva"},
    ]
    document = {"Statement": [{"Condition": condition}]}
    return {
        ("cloudformation", "describe_stack_resources"): {"StackResources": resources},
        ("iam", "list_open_id_connect_providers"): {"OpenIDConnectProviderList": [{"Arn": f"x/{provider}"}]},
        ("iam", "get_role"): {"Role": {"AssumeRolePolicyDocument": document}},
    }


class TestGithub:
    def test_without_the_roles_nobody_logs_in(self) -> None:
        answers = {("cloudformation", "describe_stack_resources"): Refused("ValidationError", "does not exist")}
        assert list(check_github(plan(answers))) == []

    def test_both_forms_of_a_subject(self) -> None:
        assert list(check_github(plan(roles("repo:o/n:*", "repo:o@*/n@*:*")))) == []

    def test_only_the_old_form(self) -> None:
        (said,) = check_github(plan(roles("repo:o/n:*")))
        assert "The role tolva-build knows repositories as owner/name only" in said

    def test_no_provider(self) -> None:
        (said,) = check_github(plan(roles("repo:o@*/n@*:*", provider="other")))
        assert "MakesProvider=true" in said
