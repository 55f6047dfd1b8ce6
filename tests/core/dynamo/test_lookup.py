import pytest

from app.core.aws.clients import close_clients, has_client
from app.core.dynamo import table
from app.core.dynamo.lookup import LookupFailed, look_up
from app.core.settings import get_settings


@pytest.mark.usefixtures("database_url")
class TestLookUp:
    async def test_an_item_is_found_without_a_client(self) -> None:
        await table.put_item({"pk": "a", "sk": "b", "n": 1})
        await close_clients()
        assert await table.look_up_item("a", "b") == {"pk": "a", "sk": "b", "n": 1}
        assert await table.look_up_item("a", "absent") is None
        assert not has_client("dynamodb")

    async def test_what_it_cannot_do_the_client_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        await table.put_item({"pk": "a", "sk": "b"})
        await close_clients()
        monkeypatch.delenv("AWS_REGION")
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        with pytest.raises(LookupFailed):
            await look_up({})
        monkeypatch.undo()
        with pytest.raises(LookupFailed):
            await look_up({"TableName": "absent", "Key": {}})
        assert await table.look_up_item("a", "b") == {"pk": "a", "sk": "b"}

    async def test_a_table_that_is_away_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        await close_clients()
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        with pytest.raises(LookupFailed):
            await look_up({"TableName": get_settings().table})
