"""The stack as `sam deploy` makes it in the emulator: what is wired to what, and who may do what."""

import json
import time
from typing import Any

import pytest

from app.deploy.gateway import PICTURE_PATHS
from app.handlers.worker import RECOVER
from tests.local.running import eventually
from tests.stack.conftest import NAME, REGION, REPOSITORY, Stack
from tests.stack.templates import properties

ACCOUNT = "000000000000"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}-imports"
IMAGES_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}-images"
BUCKET = f"{NAME}-files-{ACCOUNT}-{REGION}"


def _messages(stack: Stack) -> int:
    """The number of messages in the queue, received or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = stack.outputs()["Queue"]
    attributes = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


class TestImports:
    def test_the_bucket_announces_files_to_the_queue(self, stack: Stack) -> None:
        asked = stack.client("s3").get_bucket_notification_configuration(Bucket=BUCKET)["QueueConfigurations"]
        queues = {item["Filter"]["Key"]["FilterRules"][0]["Value"]: item["QueueArn"] for item in asked}
        assert queues == {"uploads/": QUEUE_ARN, "inbox/": QUEUE_ARN, "images/incoming/": IMAGES_ARN}

    @pytest.mark.parametrize("key", ["inbox/prices/march.csv", "uploads/1/march.csv"])
    def test_a_file_that_arrives_is_a_message(self, stack: Stack, key: str) -> None:
        before = _messages(stack)
        stack.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"a,b\n")
        assert eventually(lambda: _messages(stack) == before + 1)

    def test_a_report_is_none(self, stack: Stack) -> None:
        before = _messages(stack)
        stack.client("s3").put_object(Bucket=BUCKET, Key="rejections/1.csv", Body=b"a,b\n")
        time.sleep(0.5)
        assert _messages(stack) == before

    def test_the_queue_brings_messages_to_the_worker(self, stack: Stack) -> None:
        found = stack.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        mappings = {mapping["EventSourceArn"]: mapping for mapping in found}
        assert mappings.keys() == {QUEUE_ARN, IMAGES_ARN}
        for mapping in mappings.values():
            assert mapping["FunctionArn"].endswith(f":function:{NAME}-worker:live")
            assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        imports, pictures = mappings[QUEUE_ARN], mappings[IMAGES_ARN]
        assert (imports["BatchSize"], imports["ScalingConfig"]) == (1, {"MaximumConcurrency": 8})
        assert (pictures["BatchSize"], pictures["ScalingConfig"]) == (10, {"MaximumConcurrency": 4})

    def test_a_schedule_has_the_worker_find_what_was_lost(self, stack: Stack) -> None:
        events = stack.client("events")
        (rule,) = [item for item in events.list_rules()["Rules"] if "ScheduleExpression" in item]
        (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        # The database of dev may pause.
        assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 day)", "ENABLED")
        assert target["Arn"].endswith(f":function:{NAME}-worker:live")
        assert json.loads(target["Input"]) == {RECOVER: True}

    def test_what_fails_ten_times_is_a_dead_letter(self, stack: Stack) -> None:
        url = stack.outputs()["Queue"]
        asked = ["RedrivePolicy", "VisibilityTimeout"]
        attributes = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=asked)["Attributes"]
        policy = json.loads(attributes["RedrivePolicy"])
        assert (policy["deadLetterTargetArn"], int(policy["maxReceiveCount"])) == (
            QUEUE_ARN.replace("-imports", "-dead-letters"),
            10,
        )
        assert attributes["VisibilityTimeout"] == "5400"

    def test_only_the_bucket_may_send_from_outside(self, stack: Stack) -> None:
        url = stack.outputs()["Queue"]
        found = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
        allowed = [item for item in json.loads(found["Policy"])["Statement"] if item["Effect"] == "Allow"]
        assert {item["Condition"]["ArnEquals"]["aws:SourceArn"] for item in allowed} == {
            f"arn:aws:s3:::{BUCKET}",
            f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{NAME}-large-ended",
        }


LARGE = f"{NAME}-large-imports"


class TestLargeImports:
    def test_a_message_of_their_queue_starts_their_task(self, stack: Stack) -> None:
        pipe = stack.client("pipes").describe_pipe(Name=LARGE)
        assert pipe["Source"] == f"arn:aws:sqs:{REGION}:{ACCOUNT}:{LARGE}"
        assert pipe["Target"] == f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{LARGE}"
        # The emulator's pipes forget what they give their target; tests/stack/test_template.py looks at that.
        tasks = stack.client("ecs").list_task_definitions(familyPrefix=LARGE)["taskDefinitionArns"]
        assert [arn.rpartition(":")[0].endswith(f":task-definition/{LARGE}") for arn in tasks] == [True]

    def test_the_task_runs_the_image_and_knows_where_everything_is(self, stack: Stack) -> None:
        task = stack.client("ecs").describe_task_definition(taskDefinition=LARGE)["taskDefinition"]
        (container,) = task["containerDefinitions"]
        settings = {item["name"]: item["value"] for item in container["environment"]}
        assert container["image"] == f"{REPOSITORY}:0.1.0"
        assert (task["cpu"], task["memory"], task["networkMode"]) == ("2048", "4096", "awsvpc")
        assert settings["TOLVA_QUEUE_URL"] == stack.outputs()["Queue"]
        assert settings["TOLVA_LARGE_IMPORTS"].endswith(f"/{LARGE}")
        assert settings["TOLVA_BUCKET"] == BUCKET
        for name in ("taskRoleArn", "executionRoleArn"):
            assert ":role/" in task[name]

    def test_the_worker_knows_their_queue(self, stack: Stack) -> None:
        configuration = stack.client("lambda").get_function_configuration(FunctionName=f"{NAME}-worker")
        assert configuration["Environment"]["Variables"]["TOLVA_LARGE_IMPORTS"].endswith(f"/{LARGE}")

    def test_the_worker_hears_of_a_task_that_ends(self, stack: Stack) -> None:
        events = stack.client("events")
        rule = events.describe_rule(Name=f"{NAME}-large-ended")
        pattern = json.loads(rule["EventPattern"])
        assert pattern["detail"]["lastStatus"] == ["STOPPED"]
        assert pattern["detail"]["clusterArn"] == [f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{LARGE}"]
        (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        assert target["Arn"] == QUEUE_ARN


class TestFunctions:
    @pytest.mark.parametrize("name", ["api", "worker", "migrate"])
    def test_each_runs_its_handler_with_its_role(self, stack: Stack, name: str) -> None:
        functions = stack.client("lambda")
        found = functions.get_function(
            FunctionName=f"{NAME}-{name}", Qualifier="$LATEST" if name == "migrate" else "live"
        )
        configuration = found["Configuration"]
        assert found["Code"]["ImageUri"] == f"{REPOSITORY}:0.1.0"
        assert configuration["ImageConfigResponse"]["ImageConfig"]["Command"] == [f"app.handlers.{name}.handler"]
        assert f"-{name.title()}Role-" in configuration["Role"]

    @pytest.mark.parametrize("name", ["api", "worker", "migrate"])
    def test_each_knows_where_everything_is(self, stack: Stack, name: str) -> None:
        configuration = stack.client("lambda").get_function_configuration(FunctionName=f"{NAME}-{name}")
        variables = configuration["Environment"]["Variables"]
        assert variables["TOLVA_BUCKET"] == stack.outputs()["Bucket"] == BUCKET
        assert variables["TOLVA_QUEUE_URL"] == stack.outputs()["Queue"]
        assert variables["TOLVA_TABLE"] == NAME
        assert variables["TOLVA_DATABASE_URL"].startswith("postgresql://tolva@")

    def test_the_api_knows_its_stage_and_its_admin_key(self, stack: Stack) -> None:
        configuration = stack.client("lambda").get_function_configuration(FunctionName=f"{NAME}-api")
        variables = configuration["Environment"]["Variables"]
        secret_id = stack.physical_id("AdminSecret")
        secret = stack.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"]
        assert variables["TOLVA_ROOT_PATH"] == "/v1"
        assert (variables["TOLVA_ADMIN_KEY"], len(secret)) == (secret, 48)


class TestRoles:
    @pytest.mark.parametrize("name", ["api", "worker", "migrate"])
    def test_every_permission_is_for_something_of_this_stack(self, stack: Stack, name: str) -> None:
        iam = stack.client("iam")
        role = stack.client("lambda").get_function_configuration(FunctionName=f"{NAME}-{name}")["Role"].split("/")[-1]
        document: dict[str, Any] = iam.get_role_policy(RoleName=role, PolicyName="tolva")["PolicyDocument"]
        (cluster,) = stack.client("rds").describe_db_clusters()["DBClusters"]
        resource_id = cluster["DbClusterResourceId"]
        for statement in document["Statement"]:
            resources = statement["Resource"]
            for resource in resources if isinstance(resources, list) else [resources]:
                assert NAME in resource or resource_id in resource or statement["Sid"] in {"Traces", "Network"}


class TestGateway:
    def test_it_has_every_path(self, stack: Stack) -> None:
        api = stack.physical_id("RestApi")
        found = stack.client("apigateway").get_resources(restApiId=api, limit=500)["items"]
        methods = {item["path"] for item in found if item.get("resourceMethods")}
        assert methods == properties("RestApi")["DefinitionBody"]["paths"].keys()

    def test_every_path_leads_to_the_version_that_takes_the_traffic(self, stack: Stack) -> None:
        api, gateway = stack.physical_id("RestApi"), stack.client("apigateway")
        for item in gateway.get_resources(restApiId=api, limit=500)["items"]:
            for method in item.get("resourceMethods", {}):
                found = gateway.get_integration(restApiId=api, resourceId=item["id"], httpMethod=method)
                function = "pictures" if item["path"] in PICTURE_PATHS else "api"
                assert found["uri"].endswith(f":function:{NAME}-{function}:live/invocations")

    def test_it_answers_below_the_stage(self, stack: Stack) -> None:
        api = stack.physical_id("RestApi")
        stages = stack.client("apigateway").get_stages(restApiId=api)["item"]
        assert "v1" in {stage["stageName"] for stage in stages}
        assert stack.outputs()["Url"] == f"https://{api}.execute-api.{REGION}.amazonaws.com/v1"


class TestStorage:
    def test_the_bucket_is_private_and_keeps_versions(self, stack: Stack) -> None:
        s3 = stack.client("s3")
        assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
        assert all(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values())

    def test_the_bucket_takes_tls_only(self, stack: Stack) -> None:
        (statement,) = json.loads(stack.client("s3").get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
        assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})

    def test_the_table_is_paid_by_request(self, stack: Stack) -> None:
        # The emulator's global tables forget when items expire; tests/stack/test_template.py looks at that.
        table = stack.client("dynamodb").describe_table(TableName=NAME)["Table"]
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert {item["AttributeName"]: item["KeyType"] for item in table["KeySchema"]} == {"pk": "HASH", "sk": "RANGE"}


class TestOutputs:
    def test_they_say_how_to_make_the_first_key(self, stack: Stack) -> None:
        outputs = stack.outputs()
        assert f"--secret-id {stack.physical_id('AdminSecret')} " in outputs["FirstKey"]
        assert outputs["FirstKey"].endswith("uv run tolva keys create first --scope admin")
