"""Checks of an account before a deploy: each yields a sentence for what would fail, with the way out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.deploy.preflight.account import Account, Refused
from app.deploy.preflight.image import explain_image
from app.deploy.preflight.names import FINDERS, is_taken, name_of
from app.deploy.preflight.template import Evaluation

# Of the concurrency of an account so much stays free of reservations.
UNRESERVED = 100
FUNCTION = "AWS::Serverless::Function"
GITHUB = "token.actions.githubusercontent.com"
# CloudFront takes certificates of this region only.
CLOUDFRONT_REGION = "us-east-1"


@dataclass(frozen=True)
class Plan:
    """A deploy of a stack into an account: what the template creates, and what the stack has by now."""

    account: Account
    deploy: Evaluation
    stack: str
    # None if there is no stack yet.
    status: str | None
    # The names of the resources that the stack has.
    owned: frozenset[str]


Check = Callable[[Plan], Iterator[str]]


def check_stack(plan: Plan) -> Iterator[str]:
    """The stack can be created or updated as it is."""
    status = plan.status
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"):
        yield (
            f"The stack {plan.stack} is in {status} and cannot be updated: delete it first "
            f"(aws cloudformation delete-stack --stack-name {plan.stack})."
        )
    elif status == "UPDATE_ROLLBACK_FAILED":
        yield (
            f"The stack {plan.stack} is in {status}: aws cloudformation continue-update-rollback "
            f"--stack-name {plan.stack} first."
        )
    elif status is not None and status.endswith("_IN_PROGRESS"):
        yield f"The stack {plan.stack} is in {status}: wait until that has ended."


def check_parameters(plan: Plan) -> Iterator[str]:
    """The template's own rules admit the parameters."""
    yield from plan.deploy.failing_rules()


def check_concurrency(plan: Plan) -> Iterator[str]:
    """The account has as much concurrency as the functions reserve, and 100 besides."""
    reserved = {
        resource.properties["FunctionName"]: int(resource.properties["ReservedConcurrentExecutions"])
        for resource in plan.deploy.of_types(FUNCTION)
        if "ReservedConcurrentExecutions" in resource.properties
    }
    limit = plan.account.ask("lambda", "get_account_settings")["AccountLimit"]
    free = limit["UnreservedConcurrentExecutions"] + sum(_reserved_now(plan, name) for name in reserved)
    wanted = sum(reserved.values())
    if free - wanted < UNRESERVED:
        yield (
            f"The functions reserve {wanted:,} concurrent executions; of the {limit['ConcurrentExecutions']:,} of this "
            f"account {free:,} are not reserved, and {UNRESERVED} must stay so. Ask Service Quotas for more "
            "(Lambda, Concurrent executions), or reserve less: a smaller MaxCapacity, or ApiConcurrency=0."
        )


def _reserved_now(plan: Plan, function: str) -> int:
    """The concurrency that a function of the stack reserves by now."""
    if function not in plan.owned:
        return 0
    found = plan.account.ask("lambda", "get_function_concurrency", FunctionName=function)
    return int(found.get("ReservedConcurrentExecutions", 0))


def check_names(plan: Plan) -> Iterator[str]:
    """No resource that the stack creates has the name of one that exists."""
    for resource in plan.deploy.of_types(*FINDERS):
        name = name_of(resource)
        if name is None or name in plan.owned or resource.logical_id in plan.owned:
            continue
        if is_taken(plan.account, resource):
            kind = resource.type.rsplit("::", 1)[1]
            yield (
                f"The {kind} {name} exists and is not the stack's: a stack that was deleted, or a first deploy that "
                "failed, can have left it. Delete it, or deploy under another Name."
            )


def check_engine(plan: Plan) -> Iterator[str]:
    """The database's version can be created."""
    for cluster in plan.deploy.of_types("AWS::RDS::DBCluster"):
        version = cluster.properties["EngineVersion"]
        engine = cluster.properties["Engine"]
        if plan.status is not None:
            return
        found = plan.account.ask("rds", "describe_db_engine_versions", Engine=engine)["DBEngineVersions"]
        versions = sorted({item["EngineVersion"] for item in found}, key=_numbers)
        if version not in versions:
            major = str(version).split(".")[0]
            near = [one for one in versions if one.split(".")[0] == major] or versions
            yield (
                f"RDS creates no {engine} {version} in {plan.account.region} any more. "
                f"Set EngineVersion to one of {', '.join(near[-5:]) or 'those it lists'}."
            )


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdecimal()]


def check_zones(plan: Plan) -> Iterator[str]:
    """The zones of the subnets have what the network's endpoints need."""
    zones = {
        zone
        for subnet in plan.deploy.of_types("AWS::EC2::Subnet")
        if isinstance(zone := subnet.properties.get("AvailabilityZone"), str)
    }
    for endpoint in plan.deploy.of_types("AWS::EC2::VPCEndpoint"):
        if endpoint.properties.get("VpcEndpointType") != "Interface":
            continue
        service = endpoint.properties["ServiceName"]
        found = plan.account.ask("ec2", "describe_vpc_endpoint_services", ServiceNames=[service])["ServiceDetails"]
        offered = {zone for item in found for zone in item.get("AvailabilityZones", [])}
        if missing := sorted(zones - offered):
            yield f"{service} has no endpoint in {missing[0]}: choose other zones than {', '.join(sorted(zones))}."


def check_log_role(plan: Plan) -> Iterator[str]:
    """The gateway may write logs: the account and region have one role for it."""
    if any(plan.deploy.of_types("AWS::ApiGateway::Account")):
        return
    if not any(plan.deploy.of_types("AWS::ApiGateway::RestApi", "AWS::Serverless::Api")):
        return
    if not plan.account.ask("apigateway", "get_account").get("cloudwatchRoleArn"):
        yield (
            "API Gateway may not write logs in this account and region, and this stack does not set the role: "
            "deploy it with SetsGatewayLogRole=true."
        )


def check_certificates(plan: Plan) -> Iterator[str]:
    """The certificates are issued, in the region where they are used."""
    uses = {"CertificateArn": plan.account.region, "CloudFrontCertificateArn": CLOUDFRONT_REGION}
    if plan.deploy.parameters.get("EndpointType") == "EDGE":
        uses["CertificateArn"] = CLOUDFRONT_REGION
    for parameter, region in uses.items():
        arn = plan.deploy.parameters.get(parameter, "")
        if not arn:
            continue
        if arn.split(":")[3:4] != [region]:
            yield f"{parameter} must be a certificate of {region}; {arn} is not."
        elif region == plan.account.region:
            status = plan.account.ask("acm", "describe_certificate", CertificateArn=arn)["Certificate"]["Status"]
            if status != "ISSUED":
                yield f"The certificate of {parameter} is {status}, not ISSUED: validate it first."


def check_image(plan: Plan) -> Iterator[str]:
    """The image is in the registry, for the architecture of the functions."""
    problem = explain_image(plan.account, plan.deploy.parameters["ImageUri"], plan.deploy.parameters["Architecture"])
    if problem:
        yield problem


def check_github(plan: Plan) -> Iterator[str]:
    """GitHub can log in, if the roles for it exist: under both forms in which it names a repository."""
    bootstrap = "tolva-bootstrap"
    try:
        found = plan.account.ask("cloudformation", "describe_stack_resources", StackName=bootstrap)
    except Refused as refused:
        if refused.code == "ValidationError":
            return
        raise
    providers = plan.account.ask("iam", "list_open_id_connect_providers")["OpenIDConnectProviderList"]
    if not any(item["Arn"].endswith(GITHUB) for item in providers):
        yield f"The account does not know {GITHUB}: deploy {bootstrap} with MakesProvider=true."
    for item in found["StackResources"]:
        if item["ResourceType"] == "AWS::IAM::Role":
            role = plan.account.ask("iam", "get_role", RoleName=item["PhysicalResourceId"])["Role"]
            subjects = list(_subjects(role["AssumeRolePolicyDocument"]))
            if subjects and not any("@" in subject for subject in subjects):
                yield (
                    f"The role {item['PhysicalResourceId']} knows repositories as owner/name only. GitHub names those "
                    f"that were created, renamed or moved since 2026-07-15 owner@id/name@id: deploy {bootstrap} again."
                )


def _subjects(policy: dict[str, object]) -> Iterator[str]:
    """The subjects of GitHub's tokens that a role's policy admits."""
    statements = policy.get("Statement", [])
    for statement in statements if isinstance(statements, list) else []:
        for conditions in statement.get("Condition", {}).values():
            subjects = conditions.get(f"{GITHUB}:sub", [])
            yield from [subjects] if isinstance(subjects, str) else subjects


CHECKS: dict[str, Check] = {
    "the stack": check_stack,
    "parameters": check_parameters,
    "the image": check_image,
    "concurrency": check_concurrency,
    "names": check_names,
    "the database's version": check_engine,
    "zones": check_zones,
    "the gateway's log role": check_log_role,
    "certificates": check_certificates,
    "GitHub's login": check_github,
}
