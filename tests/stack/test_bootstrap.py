"""The roles of GitHub's workflows and of CloudFormation: who may take them, and what they may do."""

import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from app.deploy.preflight.template import Document
from tests.stack.evaluation import Evaluation
from tests.stack.templates import configuration, load

BOOTSTRAP = ".ci/bootstrap.yaml"
REPOSITORY = "you/tolva"
SUBJECT = "repo:you@123/tolva@456"
# GitHub's documentation of OpenID Connect: the second form is that of repositories since 2026-07-15.
SUBJECTS = ["repo:you/tolva", SUBJECT]
OTHERS = ["repo:me/tolva", "repo:you/other", "repo:me@1/tolva@456", "repo:you@123/other@4", "repo:you2@1/tolva@4"]


def _bootstrap(subject: str = "") -> Evaluation:
    return Evaluation(BOOTSTRAP, GitHubRepository=REPOSITORY, GitHubSubject=subject)


def _trusts(role: Document, subject: str) -> bool:
    """Return whether IAM lets a token of this subject take a role."""
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    patterns = statement["Condition"]["StringLike"]["token.actions.githubusercontent.com:sub"]
    assert statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
    return any(fnmatchcase(subject, pattern) for pattern in patterns)


ROLES = [
    ("BuildRole", "ref:refs/heads/main"),
    ("DeployDevRole", "environment:dev"),
    ("DeployProdRole", "environment:prod"),
]


@pytest.mark.parametrize(("role", "work"), ROLES)
class TestTrust:
    @pytest.mark.parametrize("subject", SUBJECTS)
    def test_the_repository_has_it_under_both_forms_of_its_name(self, role: str, work: str, subject: str) -> None:
        assert _trusts(_bootstrap().properties(role), f"{subject}:{work}")

    @pytest.mark.parametrize("subject", OTHERS)
    def test_no_other_repository_has_it(self, role: str, work: str, subject: str) -> None:
        assert not _trusts(_bootstrap().properties(role), f"{subject}:{work}")

    @pytest.mark.parametrize("other", ["ref:refs/heads/other", "pull_request", "environment:other", "ref:refs/tags/v1"])
    def test_the_repositorys_other_work_does_not(self, role: str, work: str, other: str) -> None:
        works = {other, *(item for _, item in ROLES)} - {work}
        for subject in SUBJECTS:
            assert not [item for item in works if _trusts(_bootstrap().properties(role), f"{subject}:{item}")]

    def test_who_gives_the_numbers_trusts_these_alone(self, role: str, work: str) -> None:
        properties = _bootstrap(SUBJECT).properties(role)
        assert _trusts(properties, f"{SUBJECT}:{work}")
        assert not _trusts(properties, f"repo:you/tolva:{work}")
        assert not _trusts(properties, f"repo:you@9/tolva@456:{work}")


# What samcli.lib.deploy.deployer and .ci/deploy ask of AWS: read in aws-sam-cli 1.170.0.
CALLED = {
    *(f"cloudformation:{name}" for name in ("CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet")),
    *(f"cloudformation:{name}" for name in ("DescribeStackEvents", "DescribeStacks", "GetTemplateSummary")),
    *("iam:PassRole", "lambda:GetFunction", "lambda:InvokeFunction", "lambda:UpdateFunctionCode"),
    *("s3:GetObject", "s3:PutObject"),
}


class TestStacks:
    @pytest.mark.parametrize(("role", "stack"), [("DeployDevRole", "tolva-dev"), ("DeployProdRole", "tolva")])
    def test_each_environment_has_a_role_for_its_stack_in_every_region(self, role: str, stack: str) -> None:
        (policy,) = _bootstrap().properties(role)["Policies"]
        statement, trial = policy["PolicyDocument"]["Statement"]
        assert trial["Resource"] == f"arn:aws:lambda:*:000000000000:function:{stack}-api"
        assert statement["Resource"] == f"arn:aws:cloudformation:*:000000000000:stack/{stack}/*"
        assert fnmatchcase(f"arn:aws:cloudformation:us-east-1:000000000000:stack/{stack}/1", statement["Resource"])
        assert not fnmatchcase("arn:aws:cloudformation:eu-west-1:000000000000:stack/stack/1", statement["Resource"])

    @pytest.mark.parametrize("role", ["DeployDevRole", "DeployProdRole"])
    def test_it_may_do_what_the_command_calls(self, role: str) -> None:
        policies = [*_bootstrap().properties(role)["Policies"], {**_bootstrap().properties("DeployPolicy")}]
        statements = [item for policy in policies for item in policy["PolicyDocument"]["Statement"]]
        assert {action for item in statements for action in _listed(item["Action"])} >= CALLED

    @pytest.mark.parametrize(("environment", "stack"), [("dev", "tolva-dev"), ("prod", "tolva")])
    def test_these_are_the_stacks_that_are_deployed(self, environment: str, stack: str) -> None:
        assert configuration(environment)["stack_name"] == stack


PERMISSIONS = json.loads(Path(__file__).with_name("handler_permissions.json").read_text("utf-8"))
# What sam makes of its own types.
TRANSFORMED = {
    "AWS::Serverless::Api": ["ApiGateway::RestApi", "ApiGateway::Deployment", "ApiGateway::Stage"],
    "AWS::Serverless::Function": [
        *("CodeDeploy::Application", "CodeDeploy::DeploymentGroup", "Events::Rule", "Lambda::Alias"),
        *("Lambda::EventInvokeConfig", "Lambda::EventSourceMapping", "Lambda::Function", "Lambda::Permission"),
        "Lambda::Version",
    ],
}
# A deploy may not take the boundary off a role.
WITHHELD = {"iam:DeleteRolePermissionsBoundary"}
LARGE = {"LargeImports": "true", "ImageUri": "000000000000.dkr.ecr.eu-west-1.amazonaws.com/tolva:1"}
ROLE_OF_A_STACK = "arn:aws:iam::000000000000:role/tolva-dev-ApiRole-1"
ROLE_OF_THIS_STACK = "arn:aws:iam::000000000000:role/stack-StackRole-1"


def _types() -> set[str]:
    """The types of the stack's resources, after sam's transformation."""
    written = {resource["Type"] for resource in load()["Resources"].values()} - {"Custom::Migration"}
    made = {f"AWS::{name}" for kind in written & TRANSFORMED.keys() for name in TRANSFORMED[kind]}
    return written - TRANSFORMED.keys() | made


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _may(action: str, resource: str) -> bool:
    """Return whether the inline policy of CloudFormation's role allows an action, where its conditions hold."""
    (policy,) = _bootstrap().properties("StackRole")["Policies"]
    effects = set()
    for statement in policy["PolicyDocument"]["Statement"]:
        named = any(fnmatchcase(action, item) for item in _listed(statement.get("Action", statement.get("NotAction"))))
        meant = named if "Action" in statement else not named
        if meant and any(fnmatchcase(resource, item) for item in _listed(statement["Resource"])):
            effects.add(statement["Effect"])
    return effects == {"Allow"}


class TestCloudFormation:
    @pytest.mark.parametrize("kind", sorted(_types()))
    def test_it_may_do_what_each_type_asks_for(self, kind: str) -> None:
        asked = set(PERMISSIONS["types"][kind]) - set(PERMISSIONS["power_user"]) - WITHHELD
        assert [action for action in asked if not _may(action, ROLE_OF_A_STACK)] == []
        assert "arn:aws:iam::aws:policy/PowerUserAccess" in _bootstrap().properties("StackRole")["ManagedPolicyArns"]

    def test_it_creates_and_changes_roles_within_the_boundary_only(self) -> None:
        (policy,) = _bootstrap().properties("StackRole")["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]:
            if set(_listed(statement.get("Action", []))) & {
                "iam:CreateRole",
                "iam:AttachRolePolicy",
                "iam:PutRolePolicy",
            }:
                assert statement["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": {"Ref": "Boundary"}}}

    @pytest.mark.parametrize("action", ["iam:PutRolePolicy", "iam:PassRole", "iam:DeleteRole", "iam:TagRole"])
    def test_it_changes_no_role_of_its_own_stack_and_hands_none_over(self, action: str) -> None:
        assert _may(action, ROLE_OF_A_STACK)
        assert not _may(action, ROLE_OF_THIS_STACK)
        assert not _may(action, "arn:aws:iam::000000000000:role/Administrator")

    def test_it_does_not_change_its_own_stack(self) -> None:
        (policy,) = _bootstrap().properties("StackRole")["Policies"]
        denied = [item for item in policy["PolicyDocument"]["Statement"] if item["Effect"] == "Deny"]
        assert ["cloudformation:*"] in [_listed(item.get("Action", [])) for item in denied]


class TestRepository:
    def test_an_image_that_a_function_may_use_is_never_expired(self) -> None:
        policy = _bootstrap().properties("Repository")["LifecyclePolicy"]["LifecyclePolicyText"]
        assert {rule["selection"]["tagStatus"] for rule in json.loads(policy)["rules"]} == {"untagged"}

    def test_the_one_who_builds_may_push_and_ask_what_there_is(self) -> None:
        (policy,) = _bootstrap().properties("BuildRole")["Policies"]
        actions = {item for part in policy["PolicyDocument"]["Statement"] for item in _listed(part["Action"])}
        # AWS's guide to pushing an image names all but DescribeImages, which asks whether the tag is there already.
        assert actions == {
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:CompleteLayerUpload",
            "ecr:DescribeImages",
            "ecr:GetAuthorizationToken",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
        }


class TestBoundary:
    def test_every_role_of_the_stack_has_the_one_that_is_given(self) -> None:
        arn = "arn:aws:iam::000000000000:policy/boundary"
        given = {"PermissionsBoundary": arn, "HighlyAvailable": "true", **LARGE}
        resources = Evaluation(**given).resources().values()
        roles = [item for item in resources if item["Type"] == "AWS::IAM::Role"]
        assert len(roles) >= 9
        assert {item["Properties"]["PermissionsBoundary"] for item in roles} == {arn}

    def test_sam_makes_no_role_by_itself(self) -> None:
        for name, resource in Evaluation().resources().items():
            if resource["Type"] == "AWS::Serverless::Function":
                assert "Role" in resource["Properties"], name
                assert "Role" in resource["Properties"].get("DeploymentPreference", {"Role": ""}), name

    def test_it_allows_what_the_roles_policies_do(self) -> None:
        boundary = _bootstrap().properties("Boundary")["PolicyDocument"]["Statement"]
        given = {"HighlyAvailable": "true", "ReplicaBucket": "other", **LARGE}
        resources = Evaluation(**given).resources().values()
        policies = [policy for item in resources for policy in item.get("Properties", {}).get("Policies", [])]
        used = {
            action
            for policy in policies
            for statement in policy["PolicyDocument"]["Statement"]
            for action in _listed(statement["Action"])
        }
        assert used - {action for statement in boundary for action in _listed(statement["Action"])} == set()

    def test_a_role_within_it_is_handed_to_tasks_only_and_is_a_stacks_own(self) -> None:
        anywhere, handed = _bootstrap().properties("Boundary")["PolicyDocument"]["Statement"]
        assert "iam:PassRole" not in anywhere["Action"]
        assert (handed["Action"], handed["Resource"]) == ("iam:PassRole", "arn:aws:iam::000000000000:role/tolva*")
        assert handed["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
