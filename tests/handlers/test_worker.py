"""The function of the queue, called with events as SQS brings them and with S3's messages in them."""

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus
from uuid import uuid4

import asyncpg
import pytest
from httpx import AsyncClient

from app.core.aws.clients import client as aws_client
from app.core.aws.queue import send_body
from app.core.settings import SettingsInvalid, get_settings
from app.handlers.worker import prepare, process, retry_seconds
from app.imports.worker.recovery import recover_imports
from app.local.services.emulator import BUCKET
from app.local.worker import event_record
from tests.conftest import Drain
from tests.imports.conftest import Importer

Document = dict[str, Any]

TEST_EVENT: Document = {
    "Service": "Amazon S3",
    "Event": "s3:TestEvent",
    "Time": "2026-11-23T10:00:00.000Z",
    "Bucket": BUCKET,
    "RequestId": "5582815E1AEA5ADF",
    "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
}
PRICES = b"code,price\na,1.00\nb,2.50\n"


@dataclass
class Context:
    """Lambda's context of a call to the worker."""

    seconds: float
    aws_request_id: str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

    def get_remaining_time_in_millis(self) -> int:
        return round(self.seconds * 1000)


@pytest.fixture
def importer(client: AsyncClient, worker: Drain) -> Importer:
    """Announces files and looks at what became of them; the tests bring the messages to the handler themselves."""
    return Importer(client, worker)


def s3_event(key: str, version: str, size: int) -> Document:
    """The event that S3 sends when an object was created: its key is written as in a form, a space as a plus."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "eu-south-2",
                "eventTime": "2026-11-23T10:00:00.000Z",
                "eventName": "ObjectCreated:Put",
                "userIdentity": {"principalId": "AWS:AIDAJDPLRKLG7UEXAMPLE"},
                "requestParameters": {"sourceIPAddress": "203.0.113.7"},
                "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8/IgAtTv8xR"},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "uploads",
                    "bucket": {
                        "name": BUCKET,
                        "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                        "arn": f"arn:aws:s3:::{BUCKET}",
                    },
                    "object": {
                        "key": quote_plus(key, safe="/"),
                        "size": size,
                        "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                        "versionId": version,
                        "sequencer": "0055AED6DCD90281E5",
                    },
                },
            }
        ]
    }


def sqs_event(*bodies: Any) -> Document:
    """An SQS event with these messages, whose ids are message-1, message-2 and so on."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1795428000000",
                    "SenderId": "AIDAJXNJGGKNS7OSV23OI",
                    "ApproximateFirstReceiveTimestamp": "1795428000001",
                },
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-south-2:123456789012:tolva",
                "awsRegion": "eu-south-2",
            }
            for number, body in enumerate(bodies, 1)
        ]
    }


async def drop(key: str, content: bytes, **metadata: str) -> Document:
    """Put a file in the bucket; S3's event of it."""
    s3 = await aws_client("s3")
    stored = await s3.put_object(Bucket=BUCKET, Key=key, Body=content, Metadata=metadata)
    return s3_event(key, stored.get("VersionId", "null"), len(content))


async def announce(importer: Importer, dataset: str, content: bytes = PRICES, **body: Any) -> tuple[str, Document]:
    """Announce and upload a file; the import's id and S3's event of its arrival."""
    announced = await importer.announce(dataset, content, **body)
    key = f"uploads/imports/{announced['id']}/{announced['file']['name']}"
    s3 = await aws_client("s3")
    head = await s3.head_object(Bucket=BUCKET, Key=key)
    return announced["id"], s3_event(key, head.get("VersionId", "null"), len(content))


async def imports_of(client: AsyncClient, dataset: str) -> list[Document]:
    found: list[Document] = (await client.get(f"/datasets/{dataset}/imports")).json()["data"]
    return found


async def queued_messages() -> list[Document]:
    """The messages of the queue, without waiting."""
    sqs = await aws_client("sqs")
    answer = await sqs.receive_message(QueueUrl=get_settings().queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


class TestUploads:
    async def test_a_file_that_has_arrived_is_imported(self, importer: Importer) -> None:
        import_id, event = await announce(importer, "prices", filename="precios, año nuevo + 50%-café.csv")
        assert await process(sqs_event(event)) == {"batchItemFailures": []}
        shown = await importer.show(import_id)
        assert (shown["status"], shown["result"]["added"]) == ("succeeded", 2)
        assert shown["file"]["name"] == "precios, año nuevo + 50%-café.csv"

    async def test_a_second_event_of_it_changes_nothing(self, importer: Importer) -> None:
        import_id, event = await announce(importer, "prices")
        await process(sqs_event(event))
        first = await importer.show(import_id)
        assert await process(sqs_event(event, event)) == {"batchItemFailures": []}
        assert await importer.show(import_id) == first
        assert len(await importer.records("prices")) == 2

    async def test_an_object_that_is_gone_or_that_nobody_announced_is_passed_over(self, importer: Importer) -> None:
        gone = s3_event(f"uploads/imports/{uuid4()}/gone.csv", "null", 9)
        unannounced = await drop(f"uploads/imports/{uuid4()}/nobody.csv", PRICES)
        assert await process(sqs_event(gone, unannounced)) == {"batchItemFailures": []}

    async def test_a_removed_object_is_no_file(self, importer: Importer) -> None:
        import_id, event = await announce(importer, "prices")
        event["Records"][0]["eventName"] = "ObjectRemoved:Delete"
        assert await process(sqs_event(event)) == {"batchItemFailures": []}
        assert (await importer.show(import_id))["status"] == "awaiting_upload"


class TestMessages:
    async def test_the_test_message_of_s3_is_passed_over(self, database_url: str) -> None:
        assert await process(sqs_event(TEST_EVENT)) == {"batchItemFailures": []}

    async def test_of_several_only_those_that_fail_come_back(self, importer: Importer) -> None:
        one, first = await announce(importer, "prices")
        two, second = await announce(importer, "others")
        answer = await process(sqs_event(first, "this is not JSON", TEST_EVENT, second, "[]"))
        assert answer == {"batchItemFailures": [{"itemIdentifier": "message-2"}, {"itemIdentifier": "message-5"}]}
        assert {(await importer.show(found))["status"] for found in (one, two)} == {"succeeded"}

    async def test_an_import_may_be_named(self, importer: Importer) -> None:
        import_id, _ = await announce(importer, "prices")
        message = {"type": "import.queued", "import": import_id}
        assert await process(sqs_event(message)) == {"batchItemFailures": []}
        assert (await importer.show(import_id))["status"] == "succeeded"

    async def test_one_that_code_of_before_the_release_put_on_the_queue_is_done_too(self, importer: Importer) -> None:
        import_id, _ = await announce(importer, "prices")
        await drop("inbox/others/x.csv", PRICES)
        untagged = {"import": import_id, "takes_long": False}, {"object": "inbox/others/x.csv"}, {"retired": True}
        assert await process(sqs_event(*untagged)) == {"batchItemFailures": []}
        assert (await importer.show(import_id))["status"] == "succeeded"
        assert len(await importer.records("others")) == 2

    async def test_one_that_only_code_of_the_next_release_knows_comes_back(self, database_url: str) -> None:
        answer = await process(sqs_event({"type": "image.uploaded", "object": "inbox/prices/x.csv"}))
        assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}

    async def test_an_import_that_does_not_exist_is_passed_over(self, database_url: str) -> None:
        assert await process(sqs_event({"import": str(uuid4())})) == {"batchItemFailures": []}

    async def test_an_object_may_be_named(self, importer: Importer, client: AsyncClient) -> None:
        await drop("inbox/prices/a b.csv", PRICES)
        found = [{"type": "file.found", "object": f"inbox/prices/{name}.csv"} for name in ("a b", "absent")]
        await process(sqs_event(*found))
        assert len(await importer.records("prices")) == 2


class TestRetries:
    @pytest.fixture(autouse=True)
    def short(self, database_url: str, setting: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLVA_RETRY_SECONDS", "1")
        get_settings.cache_clear()

    async def _receive(self, wait_seconds: int) -> Document | None:
        """The next message as an event has it, hidden for as long as the queue hides it in AWS."""
        sqs = await aws_client("sqs")
        answer = await sqs.receive_message(
            QueueUrl=get_settings().queue_url,
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=5400,
            MessageSystemAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        return event_record(messages[0]) if messages else None

    async def test_what_fails_comes_back_soon_and_later_each_time(self) -> None:
        await send_body({"type": "image.uploaded"})
        started = time.monotonic()
        for attempt in range(3):
            record = await self._receive(10)
            assert record is not None
            assert record["attributes"]["ApproximateReceiveCount"] == str(attempt + 1)
            # After one second the second time, after two more the third time.
            assert time.monotonic() - started >= (0, 0.9, 2.8)[attempt]
            answer = await process({"Records": [record]})
            assert answer == {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}
        assert time.monotonic() - started < 20

    async def test_what_another_worker_has_comes_back_soon(
        self, importer: Importer, connections: asyncpg.Connection
    ) -> None:
        import_id, event = await announce(importer, "prices")
        await queued_messages()
        await connections.execute(
            "UPDATE tolva.import SET status = 'running', lease_until = now() + interval '1 minute', "
            "object_version = $2 WHERE id = $1",
            import_id,
            event["Records"][0]["s3"]["object"]["versionId"],
        )
        await send_body({"type": "import.queued", "import": import_id})
        for _ in range(2):
            record = await self._receive(10)
            assert record is not None
            assert await process({"Records": [record]}) == {
                "batchItemFailures": [{"itemIdentifier": record["messageId"]}]
            }

    async def test_what_is_done_is_not_put_back(self) -> None:
        await send_body(TEST_EVENT)
        record = await self._receive(10)
        assert record is not None
        assert await process({"Records": [record]}) == {"batchItemFailures": []}
        assert await self._receive(2) is None

    @pytest.mark.parametrize(
        ("received", "seconds"), [(0, 1), (1, 1), (2, 2), (5, 16), (10, 512), (11, 900), (100_000, 900)]
    )
    def test_the_wait_has_a_bound(self, received: int, seconds: int) -> None:
        assert retry_seconds(received) == seconds


class TestInbox:
    async def test_a_dropped_file_makes_its_dataset(self, importer: Importer, client: AsyncClient) -> None:
        event = await drop("inbox/prices/spring prices.csv", PRICES)
        assert await process(sqs_event(event, event)) == {"batchItemFailures": []}
        (shown,) = await imports_of(client, "prices")
        assert (shown["status"], shown["mode"], shown["file"]["name"]) == ("succeeded", "append", "spring prices.csv")
        assert len(await importer.records("prices")) == 2

    async def test_its_metadata_says_the_mode(self, importer: Importer, client: AsyncClient) -> None:
        await process(sqs_event(await drop("inbox/prices/1.csv", PRICES)))
        event = await drop("inbox/prices/2.csv", b"code,price\nc,3.00\nd,x\n", mode="replace", **{"on-reject": "skip"})
        await process(sqs_event(event))
        assert [record["code"] for record in await importer.records("prices")] == ["c"]
        assert (await imports_of(client, "prices"))[0]["progress"]["rows_rejected"] == 1

    async def test_metadata_that_says_nonsense_is_a_failed_import(self, client: AsyncClient) -> None:
        event = await drop("inbox/prices/1.csv", PRICES, mode="overwrite")
        assert await process(sqs_event(event)) == {"batchItemFailures": []}
        (shown,) = await imports_of(client, "prices")
        assert (shown["status"], shown["problem"]["type"]) == ("failed", "/problems/options-mismatch")
        assert "mode=overwrite" in shown["problem"]["detail"]

    @pytest.mark.parametrize("key", ["inbox/Bad Name/x.csv", "inbox/x.csv", "inbox/prices/2026/x.csv", "inbox/prices/"])
    async def test_a_folder_that_names_no_dataset_is_left_alone(self, client: AsyncClient, key: str) -> None:
        event = await drop(key, PRICES)
        await asyncio.sleep(0.2)
        await queued_messages()
        assert await process(sqs_event(event)) == {"batchItemFailures": []}
        assert (await client.get("/datasets")).json()["data"] == []
        await recover_imports()
        assert {"type": "file.found", "object": key} not in await queued_messages()

    async def test_a_file_whose_event_was_lost_is_found(self, client: AsyncClient) -> None:
        await drop("inbox/prices/x.csv", PRICES)
        await asyncio.sleep(0.2)
        await queued_messages()
        await recover_imports()
        assert {"type": "file.found", "object": "inbox/prices/x.csv"} in await queued_messages()


class TestHandler:
    async def test_it_imports(self, importer: Importer) -> None:
        import_id, event = await announce(importer, "prices")
        assert await _call(sqs_event(event), Context(900)) == {"batchItemFailures": []}
        assert (await importer.show(import_id))["status"] == "succeeded"

    @pytest.mark.parametrize("seconds", [15.01, 3])
    async def test_an_import_that_would_not_end_in_time_fails(self, importer: Importer, seconds: float) -> None:
        import_id, event = await announce(importer, "prices")
        assert await _call(sqs_event(event), Context(seconds)) == {"batchItemFailures": []}
        shown = await importer.show(import_id)
        assert (shown["status"], shown["problem"]["type"]) == ("failed", "/problems/import-timed-out")
        assert await importer.records("prices") == []

    async def test_the_schedule_has_it_find_what_was_lost(self, database_url: str) -> None:
        await drop("inbox/prices/x.csv", PRICES)
        await asyncio.sleep(0.2)
        await queued_messages()
        assert await _call({"recover": True}, Context(900)) == {}
        assert {"type": "file.found", "object": "inbox/prices/x.csv"} in await queued_messages()


async def _call(event: Document, context: Context) -> Document:
    """The function's answer, in a process of its own as in Lambda."""
    script = (
        "import json, sys\n"
        "from tests.handlers.test_worker import Context\n"
        "from app.handlers.worker import handler\n"
        "event, seconds = json.load(sys.stdin)\n"
        "print(json.dumps(handler(event, Context(seconds))))\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    output, errors = await process.communicate(json.dumps([event, context.seconds]).encode())
    assert process.returncode == 0, errors.decode()
    answer: Document = json.loads(output)
    return answer


class TestStart:
    def test_in_lambda_the_module_prepares_before_the_first_message(self, database_url: str) -> None:
        program = "import sys, app.handlers.worker as worker; print(sys.getswitchinterval() == worker.SWITCH_SECONDS)"
        for variables, prepared in (({}, "False"), ({"AWS_LAMBDA_FUNCTION_NAME": "worker"}, "True")):
            done = subprocess.run(
                [sys.executable, "-c", program], env=os.environ | variables, capture_output=True, text=True, check=True
            )
            assert done.stdout.strip() == prepared

    async def test_without_a_connection_beside_those_that_load_it_does_not_begin(
        self, database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOLVA_DATABASE_POOL_SIZE", "2")
        get_settings.cache_clear()
        try:
            await prepare()
            with pytest.raises(SettingsInvalid, match="a worker needs 3"):
                await prepare(2)
        finally:
            monkeypatch.undo()
            get_settings.cache_clear()
