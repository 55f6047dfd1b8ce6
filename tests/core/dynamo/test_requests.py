import time

import pytest

from app.core.aws.clients import close_clients
from app.core.dynamo.requests import ATTEMPTS, Cancelled, ConditionNotMet, attempts, patience, pause, send
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings

KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}


@pytest.mark.usefixtures("database_url")
class TestSend:
    async def test_the_answer_is_the_interfaces(self) -> None:
        await send("put_item", TableName=get_settings().table, Item=KEY)
        assert (await send("get_item", TableName=get_settings().table, Key=KEY))["Item"] == KEY

    async def test_a_condition_that_does_not_hold_is_told(self) -> None:
        arguments = {"TableName": get_settings().table, "Item": KEY, "ConditionExpression": "attribute_exists(pk)"}
        with pytest.raises(ConditionNotMet):
            await send("put_item", **arguments)
        with pytest.raises(Cancelled) as cancelled:
            await send("transact_write_items", TransactItems=[{"Put": arguments}])
        assert [reason["Code"] for reason in cancelled.value.reasons] == ["ConditionalCheckFailed"]

    async def test_a_table_that_cannot_be_reached_is_unavailable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        await close_clients()
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        try:
            with pytest.raises(ServiceUnavailable, match="cannot be reached"):
                await send("get_item", TableName="x", Key=KEY)
        finally:
            await close_clients()


class TestAttempts:
    async def test_there_are_a_few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.core.dynamo.requests.FIRST_PAUSE_SECONDS", 0.0)
        assert len([attempt async for attempt in attempts()]) == ATTEMPTS

    async def test_patience_goes_on_as_long_as_it_lasts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.core.dynamo.requests.LONGEST_PAUSE_SECONDS", 0.001)
        begin = time.monotonic()
        with patience(0.1):
            assert len([attempt async for attempt in attempts()]) >= ATTEMPTS
        assert time.monotonic() - begin >= 0.1


class TestPause:
    async def test_none_is_longer_than_the_longest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.core.dynamo.requests.LONGEST_PAUSE_SECONDS", 0.02)
        begin = time.monotonic()
        await pause(1000)
        assert 0.01 <= time.monotonic() - begin < 30
