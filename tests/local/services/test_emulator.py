"""The embedded AWS emulator: started, killed, found again."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app.core.aws import storage
from app.core.aws.clients import client
from app.core.settings import get_settings
from app.local.process import LocalError, is_running
from app.local.services import emulator
from app.local.services.emulator import BUCKET, TABLE, Emulator, find_python
from app.local.services.resources import EXPIRY_ATTRIBUTE, create_resources
from tests.local.running import eventually


class TestStart:
    def test_answers_and_ends(self, tmp_path: Path) -> None:
        started = Emulator(tmp_path / "aws", tmp_path / "log")
        started.start()
        assert httpx.get(f"{started.url}/_ministack/health", trust_env=False).status_code == 200
        started.stop()
        assert not started.is_alive()
        assert not list((tmp_path / "aws").glob("*.pid"))

    def test_without_uv(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("UV", raising=False)
        monkeypatch.setenv("PATH", "")
        find_python.cache_clear()
        with pytest.raises(LocalError, match="uv was not found"):
            find_python()

    def test_that_cannot_be_fetched(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(emulator, "REQUIREMENT", "ministack==0.0.0.dev999")
        find_python.cache_clear()
        with pytest.raises(LocalError, match="could not be fetched"):
            find_python()


def ask(started: Emulator, action: str, **document: Any) -> dict[str, Any]:
    """The answer of DynamoDB to a request."""
    headers = {"X-Amz-Target": f"DynamoDB_20120810.{action}", "Content-Type": "application/x-amz-json-1.0"}
    answer = httpx.post(started.url, headers=headers, content=json.dumps(document), timeout=60, trust_env=False)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def make_table(started: Emulator) -> None:
    key = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    ask(
        started,
        "CreateTable",
        TableName="kept",
        KeySchema=key,
        AttributeDefinitions=types,
        BillingMode="PAY_PER_REQUEST",
    )


def item(number: int, text: str = "") -> dict[str, Any]:
    return {"pk": {"S": f"p{number % 3}"}, "sk": {"S": str(number)}, "text": {"S": text}}


def put(started: Emulator, number: int, text: str = "") -> None:
    ask(started, "PutItem", TableName="kept", Item=item(number, text))


def items(started: Emulator) -> dict[int, str]:
    """The texts of all items by their number."""
    found: dict[int, str] = {}
    start: dict[str, Any] = {}
    while True:
        page = ask(started, "Scan", TableName="kept", **start)
        assert not found.keys() & {int(each["sk"]["S"]) for each in page["Items"]}
        found |= {int(each["sk"]["S"]): each["text"]["S"] for each in page["Items"]}
        if "LastEvaluatedKey" not in page:
            return found
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def kill(started: Emulator) -> None:
    assert started.pid
    os.kill(started.pid, signal.SIGKILL)
    assert eventually(lambda: not started.is_alive())


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Emulator]:
    """A started emulator with a table."""
    emulator = Emulator(tmp_path / "aws", tmp_path / "log")
    emulator.start()
    make_table(emulator)
    yield emulator
    emulator.stop()


class TestKilled:
    """Everything that was answered is there after `kill -9`."""

    def test_keeps_each_kind_of_write(self, started: Emulator) -> None:
        for number in range(5):
            put(started, number, "put")
        ask(started, "DeleteItem", TableName="kept", Key={"pk": {"S": "p0"}, "sk": {"S": "0"}})
        update = {"UpdateExpression": "SET #t = :t", "ExpressionAttributeNames": {"#t": "text"}}
        values = {":t": {"S": "updated \u2028 é"}}
        key = {"pk": {"S": "p1"}, "sk": {"S": "1"}}
        ask(started, "UpdateItem", TableName="kept", Key=key, ExpressionAttributeValues=values, **update)
        batch: list[dict[str, Any]] = [{"PutRequest": {"Item": item(number, "batch")}} for number in range(10, 20)]
        batch.append({"DeleteRequest": {"Key": {"pk": {"S": "p2"}, "sk": {"S": "2"}}}})
        ask(started, "BatchWriteItem", RequestItems={"kept": batch})
        before = items(started)
        assert before == {1: "updated \u2028 é", 3: "put", 4: "put"} | dict.fromkeys(range(10, 20), "batch")
        for _ in range(2):
            kill(started)
            started.start()
            assert items(started) == before
            assert ask(started, "DescribeTable", TableName="kept")["Table"]["ItemCount"] == len(before)

    def test_a_request_over_several_lines_is_one_entry(self, started: Emulator) -> None:
        document = {"RequestItems": {"kept": [{"PutRequest": {"Item": item(1, "text")}}]}}
        headers = {"X-Amz-Target": "DynamoDB_20120810.BatchWriteItem", "Content-Type": "application/x-amz-json-1.0"}
        content = json.dumps(document, indent=2)
        httpx.post(started.url, headers=headers, content=content, trust_env=False).raise_for_status()
        kill(started)
        started.start()
        assert items(started) == {1: "text"}

    def test_keeps_what_is_set_of_a_table_and_that_one_is_gone(self, started: Emulator) -> None:
        specification = {"Enabled": True, "AttributeName": "expires_at"}
        ask(started, "UpdateTimeToLive", TableName="kept", TimeToLiveSpecification=specification)
        kill(started)
        started.start()
        found = ask(started, "DescribeTimeToLive", TableName="kept")["TimeToLiveDescription"]
        assert found == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
        put(started, 1)
        ask(started, "DeleteTable", TableName="kept")
        make_table(started)
        kill(started)
        started.start()
        assert items(started) == {}

    def test_a_transaction_that_is_sent_again_is_not_done_again(self, started: Emulator) -> None:
        action = {"Put": {"TableName": "kept", "Item": item(1), "ConditionExpression": "attribute_not_exists(pk)"}}
        request: dict[str, Any] = {"TransactItems": [action], "ClientRequestToken": "once"}
        ask(started, "TransactWriteItems", **request)
        kill(started)
        started.start()
        ask(started, "TransactWriteItems", **request)
        assert items(started) == {1: ""}

    def test_keeps_a_bucket_as_it_was_set(self, started: Emulator) -> None:
        url = f"{started.url}/bucket"
        httpx.put(url, trust_env=False).raise_for_status()
        enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        httpx.put(f"{url}?versioning", content=enabled, trust_env=False).raise_for_status()
        versions = [
            httpx.put(f"{url}/file", content=text, trust_env=False).headers["x-amz-version-id"] for text in "ab"
        ]
        kill(started)
        started.start()
        assert "Enabled" in httpx.get(f"{url}?versioning", trust_env=False).text
        found = [httpx.get(f"{url}/file?versionId={version}", trust_env=False).text for version in versions]
        assert found == ["a", "b"]

    def test_keeps_all_beyond_a_snapshot(self, started: Emulator, tmp_path: Path) -> None:
        text = "x" * 390_000
        for start in range(0, 200, 25):
            puts = [{"PutRequest": {"Item": item(number, text)}} for number in range(start, start + 25)]
            ask(started, "BatchWriteItem", RequestItems={"kept": puts})
        folder = tmp_path / "aws" / "table"
        put(started, 1, "while the snapshot is written")
        assert eventually((folder / "snapshot-00000001").exists)
        put(started, 2, "after it")
        kill(started)
        assert not (folder / "journal-00000000").exists()
        started.start()
        after = {1: "while the snapshot is written", 2: "after it"}
        assert items(started) == dict.fromkeys(range(200), text) | after

    def test_a_write_that_was_cut_off_is_as_if_it_had_not_been_sent(self, started: Emulator, tmp_path: Path) -> None:
        put(started, 1)
        kill(started)
        journal = tmp_path / "aws" / "table" / "journal-00000000"
        whole = journal.read_bytes()
        journal.write_bytes(whole + whole.splitlines(keepends=True)[-1][:-5])
        started.start()
        assert items(started) == {1: ""}
        assert journal.read_bytes() == whole


class TestFullDisk:
    """A write that cannot be appended to the journal is refused, and is not there: not now, and not after a restart."""

    @contextmanager
    def full(self, started: Emulator, tmp_path: Path) -> Iterator[None]:
        process = psutil.Process(started.pid)
        before = process.rlimit(psutil.RLIMIT_FSIZE)
        size = (tmp_path / "aws" / "table" / "journal-00000000").stat().st_size
        process.rlimit(psutil.RLIMIT_FSIZE, (size + 10, before[1]))
        yield
        process.rlimit(psutil.RLIMIT_FSIZE, before)

    def refuse(self, started: Emulator, action: str, **document: Any) -> None:
        headers = {"X-Amz-Target": f"DynamoDB_20120810.{action}", "Content-Type": "application/x-amz-json-1.0"}
        answer = httpx.post(started.url, headers=headers, content=json.dumps(document), trust_env=False)
        assert answer.status_code == 500

    def test_of_every_kind(self, started: Emulator, tmp_path: Path) -> None:
        put(started, 1, "before")
        again = {"TransactItems": [{"Put": {"TableName": "kept", "Item": item(2)}}], "ClientRequestToken": "again"}
        with self.full(started, tmp_path):
            self.refuse(started, "PutItem", TableName="kept", Item=item(1, "refused"))
            self.refuse(started, "DeleteItem", TableName="kept", Key={"pk": {"S": "p1"}, "sk": {"S": "1"}})
            puts = [{"PutRequest": {"Item": item(number)}} for number in range(1, 9)]
            self.refuse(started, "BatchWriteItem", RequestItems={"kept": puts})
            self.refuse(started, "TransactWriteItems", **again)
            assert items(started) == {1: "before"}
        ask(started, "TransactWriteItems", **again)
        put(started, 3)
        assert items(started) == {1: "before", 2: "", 3: ""}
        kill(started)
        started.start()
        assert items(started) == {1: "before", 2: "", 3: ""}

    def test_an_object_is_not_said_to_be_stored(self, started: Emulator) -> None:
        url = f"{started.url}/bucket"
        httpx.put(url, trust_env=False).raise_for_status()
        psutil.Process(started.pid).rlimit(psutil.RLIMIT_FSIZE, (1000, psutil.RLIM_INFINITY))
        assert httpx.put(f"{url}/file", content=bytes(2000), trust_env=False).status_code == 500


class TestBroken:
    """Files that do not hold what was written to them are refused, and stay as they are."""

    def refuse(self, started: Emulator, path: Path, broken: bytes) -> None:
        started.stop()
        path.write_bytes(broken)
        with pytest.raises(LocalError, match=f"{path} .*Nothing was changed. Put back"):
            started.start()
        assert path.read_bytes() == broken

    def test_journal(self, started: Emulator, tmp_path: Path) -> None:
        put(started, 1, "original")
        put(started, 2)
        journal = tmp_path / "aws" / "table" / "journal-00000000"
        self.refuse(started, journal, journal.read_bytes().replace(b"original", b"0riginal"))

    def test_state_of_the_bucket(self, started: Emulator, tmp_path: Path) -> None:
        httpx.put(f"{started.url}/bucket", trust_env=False).raise_for_status()
        state = tmp_path / "aws" / "state" / "s3.json"
        self.refuse(started, state, state.read_bytes()[:100])


class TestEarlierVersion:
    """A state that ministack itself wrote, as it did for Tolva until it kept a journal."""

    TABLES = (
        '{"__ministack_format__": 2, "payload": {"tables": {"__account_region_scoped__": true, "data": '
        '{"000000000000\\u0000us-east-1\\u0000\'kept\'": {"TableName": "kept", "pk_name": "pk", "sk_name": "sk", '
        '"TableArn": "arn:aws:dynamodb:us-east-1:000000000000:table/kept", "TableStatus": "ACTIVE", '
        '"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}], '
        '"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, '
        '{"AttributeName": "sk", "AttributeType": "S"}], "CreationDateTime": 1, "ItemCount": 1, '
        '"GlobalSecondaryIndexes": [], "LocalSecondaryIndexes": [], "ProvisionedThroughput": {}, '
        '"items": {"p1": {"1": {"pk": {"S": "p1"}, "sk": {"S": "1"}, "text": {"S": "old"}}}}}}}}}'
    )

    def write(self, tmp_path: Path, text: str) -> Path:
        state = tmp_path / "aws" / "state" / "dynamodb.json"
        state.parent.mkdir(parents=True, exist_ok=True)
        state.write_text(text)
        return state

    def test_is_taken_over(self, tmp_path: Path) -> None:
        state = self.write(tmp_path, self.TABLES)
        started = Emulator(tmp_path / "aws", tmp_path / "log")
        started.start()
        assert items(started) == {1: "old"}
        put(started, 2, "new")
        kill(started)
        assert not state.exists()
        started.start()
        assert items(started) == {1: "old", 2: "new"}
        started.stop()

    def test_that_is_broken_is_refused(self, tmp_path: Path) -> None:
        state = self.write(tmp_path, self.TABLES[:-30])
        started = Emulator(tmp_path / "aws", tmp_path / "log")
        with pytest.raises(LocalError, match=f"{state} is broken"):
            started.start()
        assert state.read_text() == self.TABLES[:-30]

    def test_that_is_newer_than_the_journal_is_refused(self, started: Emulator, tmp_path: Path) -> None:
        started.stop()
        state = self.write(tmp_path, self.TABLES)
        with pytest.raises(LocalError, match="written by an earlier version"):
            started.start()
        assert state.exists()


class TestCrash:
    def test_keeps_objects(self, tmp_path: Path) -> None:
        started = Emulator(tmp_path / "aws", tmp_path / "log")
        started.start()
        url = f"{started.url}/bucket"
        httpx.put(url, trust_env=False).raise_for_status()
        httpx.put(f"{url}/file", content=b"kept", trust_env=False).raise_for_status()
        assert started.pid
        os.kill(started.pid, signal.SIGKILL)
        assert eventually(lambda: not started.is_alive())
        started.start()
        assert httpx.get(f"{url}/file", trust_env=False).content == b"kept"
        started.stop()

    def test_takes_over_from_one_that_nobody_stopped(self, tmp_path: Path) -> None:
        first = Emulator(tmp_path / "aws", tmp_path / "log")
        first.start()
        assert first.pid
        leftover = psutil.Process(first.pid)
        heir = Emulator(tmp_path / "aws", tmp_path / "log")
        heir.start()
        assert not is_running(leftover)
        assert not first.is_alive()
        heir.stop()

    def test_leaves_a_stranger_with_the_old_number_alone(self, tmp_path: Path) -> None:
        stranger = subprocess.Popen(["sleep", "60"])
        try:
            (tmp_path / "aws").mkdir()
            (tmp_path / "aws" / "emulator.pid").write_text(f'{{"pid": {stranger.pid}, "started": 1000}}')
            started = Emulator(tmp_path / "aws", tmp_path / "log")
            started.start()
            started.stop()
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()


@pytest.mark.usefixtures("database_url")
class TestResources:
    async def test_may_be_made_again(self) -> None:
        await create_resources()
        s3 = await client("s3")
        assert (await s3.get_bucket_versioning(Bucket=BUCKET))["Status"] == "Enabled"
        dynamodb = await client("dynamodb")
        expiry = (await dynamodb.describe_time_to_live(TableName=TABLE))["TimeToLiveDescription"]
        assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": EXPIRY_ATTRIBUTE}

    @pytest.mark.parametrize("prefix", ["uploads/", "inbox/"])
    async def test_new_objects_are_announced(self, prefix: str) -> None:
        upload = await storage.presign_upload(f"{prefix}file.csv", size=3, content_type="text/csv")
        async with httpx.AsyncClient(trust_env=False) as http:
            put = await http.request(upload.method, upload.url, headers=upload.headers, content=b"a,b")
        assert put.status_code == 200
        sqs = await client("sqs")
        received = await sqs.receive_message(QueueUrl=get_settings().queue_url, WaitTimeSeconds=5)
        assert f"{prefix}file.csv" in received["Messages"][0]["Body"]

    async def test_a_browser_may_upload(self) -> None:
        upload = await storage.presign_upload("uploads/file.csv", size=3, content_type="text/csv")
        headers = {
            "Origin": "https://example.test",
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "content-type,if-none-match",
        }
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.options(upload.url, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] in ("*", "https://example.test")
