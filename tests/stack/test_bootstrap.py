"""The roles of GitHub's workflows and of CloudFormation: who may take them, and what they may do."""

from fnmatch import fnmatchcase

import pytest

from tests.stack.evaluation import Evaluation
from tests.stack.templates import Document, configuration

BOOTSTRAP = ".ci/bootstrap.yaml"
REPOSITORY = "you/tolva"
SUBJECT = "repo:you@123/tolva@456"
# GitHub's documentation of OpenID Connect: the second form is that of repositories since 2026-07-15.
SUBJECTS = ["repo:you/tolva", SUBJECT]
OTHERS = ["repo:me/tolva", "repo:you/other", "repo:me@1/tolva@456", "repo:you@123/other@4", "repo:you2@1/tolva@4"]


def _bootstrap(subject: str = "") -> Evaluation:
    return Evaluation(BOOTSTRAP, GitHubRepository=REPOSITORY, GitHubSubject=subject)


def _trusts(role: Document, subject: str) -> bool:
    """Whether IAM lets a token of this subject take a role."""
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


class TestStacks:
    @pytest.mark.parametrize(("role", "stack"), [("DeployDevRole", "tolva-dev"), ("DeployProdRole", "tolva")])
    def test_each_environment_has_a_role_for_its_stack_in_every_region(self, role: str, stack: str) -> None:
        (policy,) = _bootstrap().properties(role)["Policies"]
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert statement["Resource"] == f"arn:aws:cloudformation:*:000000000000:stack/{stack}/*"
        assert fnmatchcase(f"arn:aws:cloudformation:us-east-1:000000000000:stack/{stack}/1", statement["Resource"])
        assert not fnmatchcase("arn:aws:cloudformation:eu-west-1:000000000000:stack/stack/1", statement["Resource"])

    @pytest.mark.parametrize(("environment", "stack"), [("dev", "tolva-dev"), ("prod", "tolva")])
    def test_these_are_the_stacks_that_are_deployed(self, environment: str, stack: str) -> None:
        assert configuration(environment)["stack_name"] == stack
