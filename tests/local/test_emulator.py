"""The embedded AWS emulator: started, killed, found again."""

import os
import signal
import subprocess
from pathlib import Path

import httpx
import psutil
import pytest

from app.core import storage
from app.core.aws import client
from app.core.settings import get_settings
from app.local import emulator
from app.local.emulator import BUCKET, TABLE, Emulator, find_python
from app.local.process import LocalError, is_running
from app.local.resources import EXPIRY_ATTRIBUTE, create_resources
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
