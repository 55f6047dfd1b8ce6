"""The emulator as an account: dev and prod next to each other, updated, rolled back and deleted.

The emulator knows no quotas, no IAM and no names of other accounts. What it does not know at all a stub records.
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from app.deploy.preflight.template import Document
from tests.stack.conftest import GIVEN, NAME, REPOSITORY, UNKNOWN_TYPES, Stack, deploy, recorded
from tests.stack.evaluation import Evaluation
from tests.stack.templates import load

CERTIFICATE = "arn:aws:acm:{}:000000000000:certificate/12345678-1234-1234-1234-123456789012"
PROD = "tolva"
DOMAIN = "api.example.com"


@pytest.fixture(scope="module")
def prod(stack: Stack) -> dict[str, str]:
    """The parameters with which prod was created next to dev: its own, with cache, domain and CloudFront."""
    zone = stack.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    given = {
        **GIVEN,
        "CacheSize": "0.5",
        "DomainName": DOMAIN,
        "CertificateArn": CERTIFICATE.format("eu-west-1"),
        "HostedZoneId": zone.rpartition("/")[2],
        "CloudFrontCertificateArn": CERTIFICATE.format("us-east-1"),
        "NeedsGatewayKey": "true",
        "AlarmEmail": "you@example.com",
        "MonthlyBudget": "300",
        "GlobalDatabase": "primary",
        "ReplicaBucket": "elsewhere",
    }
    done = deploy(stack, "prod", given)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return given


def resources(stack: Stack, name: str) -> dict[str, str]:
    """The status of each resource of a stack."""
    pages = stack.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    return {
        item["LogicalResourceId"]: item["ResourceStatus"] for page in pages for item in page["StackResourceSummaries"]
    }


def images(stack: Stack, name: str) -> set[str]:
    """The images that the functions of a stack run."""
    functions = [stack.client("lambda").get_function(FunctionName=f"{name}-{one}") for one in ("api", "worker")]
    return {item["Code"]["ImageUri"] for item in functions}


def status(stack: Stack, name: str) -> str:
    """The status of a stack."""
    (found,) = stack.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return str(found["StackStatus"])


def spoil(template: Document) -> None:
    """Let the last thing of an update fail: a record in a zone that does not exist."""
    record: Any = {"HostedZoneId": "ZNOWHERE", "Name": "x.example.com", "Type": "A", "TTL": "60"}
    template["Resources"]["Spoiled"] = {
        "Type": "AWS::Route53::RecordSet",
        "DependsOn": "Worker",
        "Properties": {**record, "ResourceRecords": ["127.0.0.1"]},
    }


class TestSideBySide:
    def test_prod_has_what_dev_has_not(self, stack: Stack, prod: dict[str, str]) -> None:
        assert status(stack, PROD) == status(stack, NAME) == "CREATE_COMPLETE"
        assert {"Distribution", "CloudFrontRecord", "Domain"} <= resources(stack, PROD).keys() - resources(
            stack, NAME
        ).keys()
        assert prod["DomainName"] in stack.outputs(PROD)["Url"]


class TestChanges:
    def test_an_update_of_one_leaves_the_other(self, stack: Stack, prod: dict[str, str]) -> None:
        newer = f"{REPOSITORY}:0.2.0"
        given = {name: prod[name] for name in ("CertificateArn", "HostedZoneId")}
        front = {"Front": "http", "DomainName": "dev.example.com", **given}
        done = deploy(stack, "dev", {**GIVEN, **front, "ImageUri": newer, "Release": "f" * 16, "Firewall": "false"})
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        assert status(stack, NAME) == "UPDATE_COMPLETE"
        assert images(stack, NAME) == {newer}
        assert images(stack, PROD) == {GIVEN["ImageUri"]}

    def test_every_type_was_created_or_recorded(self, stack: Stack, prod: dict[str, str]) -> None:
        stubs = recorded(stack, "prod")
        assert {item["Type"] for item in stubs.values()} <= UNKNOWN_TYPES
        assert stubs["WarmEnvironments"]["Properties"]["MaxCapacity"] == "50"
        created = resources(stack, PROD) | resources(stack, NAME)
        assert set(created.values()) <= {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}
        template = load()["Resources"]
        # CloudFront before a function's URL is created in tests/stack/test_front_stack.py.
        others = {item["Type"] for item in Evaluation(Front="url").resources().values()}
        missing = (
            {item["Type"] for item in template.values()}
            - others
            - {template[name]["Type"] for name in created if name in template}
        )
        assert missing == set()

    def test_an_update_that_fails_is_rolled_back(self, stack: Stack, prod: dict[str, str]) -> None:
        newer = {**prod, "ImageUri": f"{REPOSITORY}:0.3.0", "Release": "e" * 16}
        assert deploy(stack, "prod", newer, spoil).returncode != 0
        assert status(stack, PROD) == "UPDATE_ROLLBACK_COMPLETE"
        assert images(stack, PROD) == {GIVEN["ImageUri"]}
        assert "Spoiled" not in {name for name, state in resources(stack, PROD).items() if state != "DELETE_COMPLETE"}

    def test_a_deletion_of_one_keeps_its_files_and_the_other(self, stack: Stack, prod: dict[str, str]) -> None:
        cloudformation, bucket = stack.client("cloudformation"), stack.outputs()["Bucket"]
        cloudformation.delete_stack(StackName=NAME)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1})
        stack.client("s3").head_bucket(Bucket=bucket)
        with pytest.raises(ClientError):
            stack.client("lambda").get_function(FunctionName=f"{NAME}-api")
        assert images(stack, PROD) == {GIVEN["ImageUri"]}
