"""The stack in the emulator: created by `sam deploy`, as in an account."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from app.deploy.preflight.template import Document, Evaluation
from app.local.process import Child, Patience
from app.local.services.emulator import HOST, NEWEST, REQUIREMENT, find_free_port
from tests.stack.templates import ROOT, load, parameters

SAM = "aws-sam-cli==1.170.0"
TRANSLATOR = "aws-sam-translator==1.115.0"
REGION = "eu-west-1"
REPOSITORY = f"000000000000.dkr.ecr.{REGION}.amazonaws.com/tolva"
NAME = "tolva-dev"
RELEASE = "0123456789abcdef"
GIVEN = {
    "HighlyAvailable": "true",
    "Firewall": "true",
    "LargeImports": "true",
    "ImageUri": f"{REPOSITORY}:0.1.0",
    "Release": RELEASE,
}
FETCH_SECONDS = 300
DEPLOY_SECONDS = 180
# What the emulator does not know, and the migration, whose function it cannot run. A stub records each of them as a
# parameter of Systems Manager, with the properties that it would have; cfn-lint checks them.
UNKNOWN_TYPES = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::Budgets::Budget",
    "AWS::EC2::FlowLog",
    "AWS::RDS::GlobalCluster",
    "AWS::WAFv2::WebACLAssociation",
    "Custom::Migration",
}


@dataclass(frozen=True)
class Stack:
    """The created stack, by the URL of its emulator."""

    url: str
    # What `sam deploy` reads.
    folder: Path

    def client(self, service: str) -> Any:
        """A client of a service of the emulator."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def outputs(self, name: str = NAME) -> dict[str, str]:
        """The outputs of the stack by their names."""
        (stack,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}

    def physical_id(self, logical_id: str) -> str:
        """The physical name of a resource of the stack."""
        found = self.client("cloudformation").describe_stack_resource(StackName=NAME, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])


def _uv_tool(requirement: str, *command: str) -> list[str]:
    return [
        os.environ.get("UV", "uv"),
        "tool",
        "run",
        "--no-config",
        "--exclude-newer",
        NEWEST,
        "--from",
        requirement,
        *command,
    ]


def _fetch(command: list[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=FETCH_SECONDS)
    if done.returncode:
        pytest.skip(f"{command[-3:]} is neither here nor to be had from the package index: {done.stderr[-500:]}")
    return done.stdout.strip()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack, created again."""
    with created_stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@contextmanager
def created_stack(folder: Path, **given: str) -> Iterator[Stack]:
    """The stack of dev with some other parameters, in an emulator of its own."""
    print_python = ["python", "-c", "import sys; print(sys.executable)"]
    python = _fetch(_uv_tool(REQUIREMENT, "--with", TRANSLATOR, *print_python))
    _fetch(_uv_tool(SAM, "sam", "--version"))
    port = find_free_port()
    emulator = Child(
        "AWS emulator",
        [python, "-m", "ministack"],
        folder / "aws.log",
        environment=_plain_environment() | {"BIND_HOST": HOST, "MINISTACK_HOST": HOST, "GATEWAY_PORT": str(port)},
    )
    emulator.start()
    try:
        stack = Stack(f"http://{HOST}:{port}", folder)
        assert Patience().wait_until(lambda: _answers(stack), 60), emulator.log_tail()
        shutil.copy(ROOT / "samconfig.toml", folder)
        done = deploy(stack, "dev", {**GIVEN, **given})
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        yield stack
    finally:
        emulator.stop()


def _answers(stack: Stack) -> bool:
    try:
        stack.client("sts").get_caller_identity()
    except Exception:  # it has not started yet
        return False
    return True


def _plain_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TOLVA_", "VIRTUAL_ENV"))}
    return kept | {"MINISTACK_REGION": REGION}


def recorded(stack: Stack, environment: str) -> dict[str, Document]:
    """The stubs of a stack by their logical ids, each with the type and the properties of what it stands for."""
    path = f"/recorded/{parameters(environment)['Name']}/"
    found = stack.client("ssm").get_parameters_by_path(Path=path)["Parameters"]
    return {item["Name"].removeprefix(path): json.loads(item["Value"]) for item in found}


def _known_to_emulator(template: Document, values: dict[str, str]) -> Document:
    """The template with a stub for what the emulator does not know."""
    known = Evaluation(template, values).of_types(*UNKNOWN_TYPES)
    properties = {resource.logical_id: resource.properties for resource in known}
    for name, resource in template["Resources"].items():
        if resource["Type"] in UNKNOWN_TYPES:
            said = {"Type": resource["Type"], "Properties": properties.get(name)}
            resource["Properties"] = {
                "Name": f"/recorded/{values['Name']}/{name}",
                "Type": "String",
                "Value": json.dumps(said, default=repr),
            }
            resource["Type"] = "AWS::SSM::Parameter"
        resource.get("Properties", {}).pop("DeploymentPreference", None)
        if "AutoPublishCodeSha256" in resource.get("Properties", {}):
            # It transforms without the parameters' values, which CloudFormation does with them.
            resource["Properties"]["AutoPublishCodeSha256"] = values["Release"]
    # It has no secret of the database's master.
    del template["Resources"]["Migrate"]["Properties"]["Environment"]["Variables"]["TOLVA_MASTER_PASSWORD"]
    return template


def deploy(
    stack: Stack, environment: str, given: Mapping[str, str], change: Callable[[Document], None] = lambda _: None
) -> subprocess.CompletedProcess[str]:
    """Deploy an environment of samconfig.toml to the emulator, its template changed first."""
    values = {**parameters(environment), **given}
    template = _known_to_emulator(load(), values)
    change(template)
    (stack.folder / "template.yaml").write_text(json.dumps(template))
    options = ["--config-env", environment, "--image-repository", REPOSITORY]
    pairs = [f"{name}={value}" for name, value in values.items()]
    variables = _plain_environment() | {
        "AWS_ENDPOINT_URL": stack.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": HOST,
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "1",
    }
    return subprocess.run(
        _uv_tool(SAM, "sam", "deploy", *options, "--parameter-overrides", *pairs),
        check=False,
        capture_output=True,
        text=True,
        cwd=stack.folder,
        env=variables,
        timeout=DEPLOY_SECONDS,
    )
