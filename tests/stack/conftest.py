"""The stack in the emulator: created by `sam deploy`, as in an account."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from app.local.process import Child, Patience
from app.local.services.emulator import HOST, NEWEST, REQUIREMENT, find_free_port
from tests.stack.templates import ROOT, Document, load, parameters

SAM = "aws-sam-cli==1.170.0"
TRANSLATOR = "aws-sam-translator==1.115.0"
REGION = "eu-west-1"
REPOSITORY = f"000000000000.dkr.ecr.{REGION}.amazonaws.com/tolva"
NAME = "tolva-dev"
RELEASE = "0123456789abcdef"
GIVEN = {"HighlyAvailable": "true", "Firewall": "true", "ImageUri": f"{REPOSITORY}:0.1.0", "Release": RELEASE}
FETCH_SECONDS = 300
DEPLOY_SECONDS = 180
# What the emulator does not know, and the migration, whose function it cannot run. cfn-lint checks them.
UNKNOWN_TYPES = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::EC2::FlowLog",
    "AWS::RDS::GlobalCluster",
    "AWS::WAFv2::WebACLAssociation",
    "Custom::Migration",
}


@dataclass(frozen=True)
class Stack:
    """The created stack, by the URL of its emulator."""

    url: str

    def client(self, service: str) -> Any:
        """A client of a service of the emulator."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def outputs(self) -> dict[str, str]:
        """The outputs of the stack by their names."""
        (stack,) = self.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
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
    folder = tmp_path_factory.mktemp("stack")
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
        stack = Stack(f"http://{HOST}:{port}")
        assert Patience().wait_until(lambda: _answers(stack), 60), emulator.log_tail()
        (folder / "template.yaml").write_text(json.dumps(_known_to_emulator(load())))
        shutil.copy(ROOT / "samconfig.toml", folder)
        _deploy(folder, stack.url)
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


def _known_to_emulator(template: Document) -> Document:
    """The template without what the emulator does not know."""
    resources = {name: item for name, item in template["Resources"].items() if item["Type"] not in UNKNOWN_TYPES}
    for resource in resources.values():
        if resource.get("DependsOn") == "Migration":
            del resource["DependsOn"]
        properties = resource.get("Properties", {})
        # CodeDeploy is unknown to it too.
        properties.pop("DeploymentPreference", None)
        if "AutoPublishCodeSha256" in properties:
            # It transforms without the parameters' values, which CloudFormation does with them.
            properties["AutoPublishCodeSha256"] = RELEASE
    # It has no secret of the database's master.
    del resources["Migrate"]["Properties"]["Environment"]["Variables"]["TOLVA_MASTER_PASSWORD"]
    return {**template, "Resources": resources}


def _deploy(folder: Path, url: str) -> None:
    options = ["--config-env", "dev", "--image-repository", REPOSITORY]
    given = [f"{name}={value}" for name, value in {**parameters("dev"), **GIVEN}.items()]
    environment = _plain_environment() | {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": HOST,
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "1",
    }
    done = subprocess.run(
        _uv_tool(SAM, "sam", "deploy", *options, "--parameter-overrides", *given),
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=DEPLOY_SECONDS,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
