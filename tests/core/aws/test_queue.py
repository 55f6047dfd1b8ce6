import json

import pytest

from app.core.aws.clients import client
from app.core.aws.queue import check_queue, send_message
from app.core.settings import get_settings
from app.imports.messages import FileFound

pytestmark = pytest.mark.usefixtures("database_url")


async def _receive(seconds: int) -> list[object]:
    sqs = await client("sqs")
    answer = await sqs.receive_message(QueueUrl=get_settings().queue_url, WaitTimeSeconds=seconds)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


class TestSendMessage:
    async def test_it_arrives_as_json(self) -> None:
        await send_message(FileFound(key="inbox/é/x.csv"))
        assert await _receive(2) == [{"type": "file.found", "object": "inbox/é/x.csv"}]

    async def test_one_that_is_delayed_is_not_there_yet(self) -> None:
        await send_message(FileFound(key="inbox/d/x.csv"), delay_seconds=900)
        assert await _receive(0) == []


class TestCheckQueue:
    async def test_a_queue_that_answers_is_there(self) -> None:
        await check_queue()

    async def test_one_that_does_not_exist_is_an_error(self, setting: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLVA_QUEUE_URL", get_settings().queue_url + "-absent")
        get_settings.cache_clear()
        with pytest.raises(Exception, match="NonExistentQueue"):
            await check_queue()
