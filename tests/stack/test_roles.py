"""A role allows exactly the calls of the code that runs under it.

The emulator refuses nothing for want of a permission, so the code is read: the calls of AWS in `app.core`, reached from
the imports of each function's modules. Prefixes and resources are asserted as well.
"""

import ast
import os
import subprocess
import sys
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from tests.stack.evaluation import Evaluation
from tests.stack.templates import ROOT, properties

CORE = [("s3", "aws.storage"), ("s3", "aws.parts"), ("sqs", "aws.queue"), ("dynamodb", "dynamo.table")]
# Actions that are not named like their calls.
ACTIONS = {
    "s3:HeadObject": {"s3:GetObject", "s3:GetObjectVersion"},
    "s3:GetObject": {"s3:GetObject", "s3:GetObjectVersion"},
    "s3:HeadBucket": {"s3:ListBucket"},
    "s3:ListObjectsV2": {"s3:ListBucket"},
    "s3:ListObjectVersions": {"s3:ListBucketVersions"},
    "s3:DeleteObjects": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    "s3:CreateMultipartUpload": {"s3:PutObject"},
    "s3:UploadPart": {"s3:PutObject"},
    "s3:ListParts": {"s3:ListMultipartUploadParts"},
    "s3:CompleteMultipartUpload": {"s3:PutObject"},
    "dynamodb:TransactWriteItems": {
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
    },
}
OF_TASKS = {"rds-db:connect"}
# What Lambda itself does with the role of a function that it brings a queue's messages to.
OF_LAMBDA = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
# Only routes look for the parts of an upload, though the worker loads their module, too.
OF_ROUTES = {"s3:ListMultipartUploadParts"}
# Only the worker takes messages of deleted images and of archives' pictures, though a task loads their modules, too.
OF_PICTURES = {"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"}
# Only reads of records look for many images at a time.
OF_RECORDS = {"dynamodb:BatchGetItem"}
# The status of a missing object depends on it: a 404 with it, a 403 without.
OF_MISSING_OBJECTS = {"s3:ListBucket"}
OF_EVERY_FUNCTION = {
    # Lambda asks for it with the function's role, as it puts the function into the network.
    "ec2:DescribeSubnets",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "rds-db:connect",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


@cache
def _operations(service: str) -> dict[str, str]:
    """The operations of a service by the names that Python calls them by."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}


@cache
def _loaded_modules(handler: str) -> frozenset[str]:
    """The modules of the application that a function loads, those of later requests too."""
    rest = "import app.main; app.main.create_app()" if handler == "api" else ""
    script = f"import sys, app.handlers.{handler}\n{rest}\nprint(*(m for m in sys.modules if m.startswith('app.')))"
    names = ("DATABASE_URL", "BUCKET", "QUEUE_URL", "TABLE")
    environment = os.environ | {f"TOLVA_{name}": "postgresql://none.invalid/none" for name in names}
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment)
    return frozenset(done.stdout.split())


def _tree(module: str) -> ast.Module:
    path = ROOT / (module.replace(".", "/") + ".py")
    return ast.parse((path if path.is_file() else ROOT / module.replace(".", "/") / "__init__.py").read_text("utf-8"))


def _used(module: str, tree: ast.Module) -> set[str]:
    """The names of a module of `app.core` that another one takes out of it."""
    short = module.rpartition(".")[2]
    used = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == module:
            used |= {alias.name for alias in node.names}
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == short:
            used.add(node.attr)
    return used


def _calls(service: str, module: str, names: set[str]) -> set[str]:
    """The operations of a service that the functions and classes of these names come to, in their own module."""
    defined = {
        node.name: node
        for node in _tree(module).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    waiting, seen, calls = set(names), set[str](), set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for node in ast.walk(defined.get(name, ast.Module([], []))):
            if isinstance(node, ast.Name) and node.id in defined.keys() - seen:
                waiting.add(node.id)
            if _word(node) in _operations(service):
                calls.add(_operations(service)[_word(node)])
    return calls


def _word(node: ast.AST) -> str:
    """An attribute's name or a text: a client's method is called by one or the other."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _needed(handler: str) -> set[str]:
    actions: set[str] = set()
    for service, file in CORE:
        module = f"app.core.{file}"
        others = _loaded_modules(handler) - {module}
        names = set[str]().union(*(_used(module, _tree(other)) for other in others))
        for call in _calls(service, module, names):
            actions |= ACTIONS.get(f"{service}:{call}", {f"{service}:{call}"})
    return actions


def _statements(role: str) -> list[dict[str, Any]]:
    (policy,) = properties(role)["Policies"]
    found = policy["PolicyDocument"]["Statement"]
    # With every option: a statement for one is the second part of its condition.
    statements: list[dict[str, Any]] = [item["Fn::If"][1] if "Fn::If" in item else item for item in found]
    return statements


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _allowed(role: str) -> set[str]:
    return {action for statement in _statements(role) for action in _listed(statement["Action"])}


def _resources(role: str, sid: str) -> list[Any]:
    (statement,) = [item for item in _statements(role) if item["Sid"] == sid]
    return [item["Fn::Sub"] for item in _listed(statement["Resource"])]


class TestActions:
    def test_the_apis_are_those_that_it_calls(self) -> None:
        assert _allowed("ApiRole") == _needed("api") | OF_MISSING_OBJECTS | OF_EVERY_FUNCTION

    def test_the_workers_are_those_that_it_calls_and_those_of_its_queue(self) -> None:
        needed = _needed("worker") - OF_ROUTES
        assert _allowed("WorkerRole") == needed | OF_LAMBDA | OF_MISSING_OBJECTS | OF_EVERY_FUNCTION

    def test_the_tasks_of_large_imports_are_those_that_it_calls(self) -> None:
        assert _allowed("LargeRole") == _needed("large") - OF_ROUTES - OF_PICTURES | OF_MISSING_OBJECTS | OF_TASKS

    def test_those_of_the_function_of_pictures_are_those_that_it_calls(self) -> None:
        allowed = _needed("images") - OF_RECORDS | OF_MISSING_OBJECTS | OF_EVERY_FUNCTION - {"rds-db:connect"}
        assert _allowed("PictureRole") == allowed

    def test_fargate_fetches_the_image_and_writes_the_log(self) -> None:
        allowed = {"ecr:GetAuthorizationToken", "logs:CreateLogStream", "logs:PutLogEvents"}
        fetched = {f"ecr:{name}" for name in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")}
        assert _allowed("LargeStartRole") == allowed | fetched

    def test_the_pipe_takes_messages_and_starts_the_task(self) -> None:
        assert _allowed("LargePipeRole") == OF_LAMBDA | {"ecs:RunTask", "iam:PassRole"}

    @pytest.mark.parametrize(
        ("role", "everywhere"), [("LargeRole", []), ("LargeStartRole", ["Login"]), ("LargePipeRole", [])]
    )
    def test_no_role_of_large_imports_is_wider_than_that(self, role: str, everywhere: list[str]) -> None:
        assert not [action for action in _allowed(role) if "*" in action]
        assert [item["Sid"] for item in _statements(role) if item["Resource"] == "*"] == everywhere

    def test_the_migration_needs_the_database_only(self) -> None:
        assert _allowed("MigrateRole") == OF_EVERY_FUNCTION

    @pytest.mark.parametrize("role", ["ApiRole", "WorkerRole", "PictureRole", "MigrateRole"])
    def test_nothing_is_allowed_by_a_wildcard(self, role: str) -> None:
        assert not [action for action in _allowed(role) if "*" in action]
        everywhere = [item["Sid"] for item in _statements(role) if item["Resource"] == "*"]
        assert everywhere == ["Traces", "Network"]


class TestResources:
    def test_the_api_writes_uploads_and_reads_rejections(self) -> None:
        assert _resources("ApiRole", "Uploads") == ["${Bucket.Arn}/uploads/*", "${Bucket.Arn}/images/incoming/*"]
        assert "${Bucket.Arn}/rejections/*" in _resources("ApiRole", "Files")

    def test_the_worker_reads_what_comes_and_writes_rejections_only(self) -> None:
        came = [f"${{Bucket.Arn}}/{prefix}/*" for prefix in ("uploads", "inbox", "images")]
        assert _resources("WorkerRole", "Files") == came
        assert _resources("WorkerRole", "Rejections") == ["${Bucket.Arn}/rejections/*"]

    def test_a_task_reads_and_writes_what_the_worker_does_but_for_pictures(self) -> None:
        came = [f"${{Bucket.Arn}}/{prefix}/*" for prefix in ("uploads", "inbox")]
        assert _resources("LargeRole", "Files") == came
        assert _resources("LargeRole", "Rejections") == _resources("WorkerRole", "Rejections")

    def test_the_function_of_pictures_reads_masters_and_no_original(self) -> None:
        assert _resources("PictureRole", "Masters") == [
            "${Bucket.Arn}/images/kept/*/master",
            "${Bucket.Arn}/variants/*",
        ]
        assert _resources("PictureRole", "Variants") == ["${Bucket.Arn}/variants/*"]

    def test_the_api_deletes_variants_only(self) -> None:
        assert _resources("ApiRole", "Deletion") == ["${Bucket.Arn}/variants/*"]

    def test_the_image_is_the_only_one_that_fargate_fetches(self) -> None:
        for repository in ("tolva", "team/tolva"):
            for tag in (":0.1.0", "@sha256:" + "0" * 64):
                uri = f"000000000000.dkr.ecr.eu-west-1.amazonaws.com/{repository}{tag}"
                role = Evaluation(LargeImports="true", ImageUri=uri).properties("LargeStartRole")
                (image,) = [
                    item for item in role["Policies"][0]["PolicyDocument"]["Statement"] if item["Sid"] == "Image"
                ]
                first, *_ = repository.split("/")
                assert image["Resource"] == f"arn:aws:ecr:eu-west-1:000000000000:repository/{first}*"

    @pytest.mark.parametrize("role", ["ApiRole", "WorkerRole", "MigrateRole", "LargeRole"])
    def test_each_logs_in_as_the_one_user_of_the_one_database(self, role: str) -> None:
        (resource,) = _resources(role, "Database")
        assert resource.endswith(":dbuser:${Cluster.DBClusterResourceId}/tolva")
