"""Ask an account, before a deploy, whether it can succeed: `.ci/preflight ENVIRONMENT IMAGE [Parameter=value…]`.

It exits with 1 if something would fail, and prints a sentence for each. What the account does not let it ask is said.
"""

import argparse
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from app.deploy.preflight.account import Account, AwsAccount, Refused
from app.deploy.preflight.checks import CHECKS, Plan
from app.deploy.preflight.template import Evaluation, ParameterUnknown, read_template

ROOT = Path(__file__).parents[3]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog=".ci/preflight", description="Ask an account, before a deploy, whether it can succeed."
    )
    parser.add_argument("environment", help="an environment of samconfig.toml: dev or prod")
    parser.add_argument("image", help="the image's address in ECR")
    parser.add_argument("parameters", nargs="*", metavar="Parameter=value", help="what the deploy sets besides")
    given = parser.parse_args(arguments)
    try:
        plan = make_plan(AwsAccount(), given.environment, given.image, given.parameters)
    except (Refused, ParameterUnknown) as error:
        print(f"stop  {error}", file=sys.stderr)
        return 1
    return run(plan)


def make_plan(account: Account, environment: str, image: str, parameters: Iterable[str]) -> Plan:
    """The plan of a deploy as `.ci/deploy` would do it.

    Raises:
        ParameterUnknown: samconfig.toml has no such environment, or the template no such parameter.
        Refused: the account does not answer at all.
    """
    configured = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    if environment not in configured:
        known = ", ".join(name for name in configured if name != "version")
        raise ParameterUnknown(f"samconfig.toml has no environment {environment}; it has {known}.")
    deploy = configured[environment]["deploy"]["parameters"]
    pairs = [pair.partition("=") for pair in (*deploy["parameter_overrides"], *parameters)]
    values = {name: value for name, _, value in pairs} | {"ImageUri": image, "Release": "0" * 16}
    identity = account.ask("sts", "get_caller_identity")["Account"]
    found = account.ask("ec2", "describe_availability_zones")["AvailabilityZones"]
    zones = sorted(
        zone["ZoneName"] for zone in found if zone.get("ZoneType", "availability-zone") == "availability-zone"
    )
    template = read_template((ROOT / "template.yaml").read_text("utf-8"))
    evaluation = Evaluation(template, values, account=identity, region=account.region, zones=zones)
    evaluation.check_parameters(values)
    return Plan(account, evaluation, deploy["stack_name"], *_read_stack(account, deploy["stack_name"]))


def _read_stack(account: Account, name: str) -> tuple[str | None, frozenset[str]]:
    """The status of a stack, and the names of what it has."""
    try:
        (stack,) = account.ask("cloudformation", "describe_stacks", StackName=name)["Stacks"]
    except Refused as refused:
        if refused.code == "ValidationError":
            return None, frozenset()
        raise
    # An empty stack, which a change set was made for.
    if stack["StackStatus"] == "REVIEW_IN_PROGRESS":
        return None, frozenset()
    found = account.ask("cloudformation", "list_stack_resources", StackName=name)["StackResourceSummaries"]
    existing = [item for item in found if not item["ResourceStatus"].startswith("DELETE_COMPLETE")]
    return stack["StackStatus"], frozenset(
        name
        for item in existing
        for name in (item.get("PhysicalResourceId", ""), item["LogicalResourceId"])
        if name and item.get("PhysicalResourceId")
    )


def run(plan: Plan) -> int:
    """Print what each check finds; 1 if the deploy would fail, else 0."""
    failed = False
    for name, check in CHECKS.items():
        try:
            obstacles = list(check(plan))
        except Refused as refused:
            print(f"?     {name} could not be checked: {refused}")
            continue
        failed = failed or bool(obstacles)
        print(*(f"stop  {name}: {text}" for text in obstacles) if obstacles else [f"ok    {name}"], sep="\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
