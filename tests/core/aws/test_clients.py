from urllib.parse import parse_qs, urlsplit

import pytest

from app.core.aws.clients import Clients, client, close_clients, database_token, has_client

pytestmark = pytest.mark.usefixtures("database_url")


class TestClients:
    async def test_each_is_made_at_its_first_use_and_kept(self) -> None:
        clients = Clients()
        assert not clients.has("sqs")
        first = await clients.get("sqs")
        assert clients.has("sqs")
        assert await clients.get("sqs") is first
        await clients.close()
        assert not clients.has("sqs")

    async def test_the_process_has_one_of_each(self) -> None:
        assert await client("s3") is await client("s3")
        assert has_client("s3")
        await close_clients()
        assert not has_client("s3")


class TestDatabaseToken:
    async def test_it_is_signed_for_one_login(self) -> None:
        token = urlsplit(f"https://{await database_token('cluster.example', 5433, 'tolva')}")
        signed = {name: value for name, (value,) in parse_qs(token.query).items()}
        assert token.netloc == "cluster.example:5433"
        assert (signed["Action"], signed["DBUser"], signed["X-Amz-Expires"]) == ("connect", "tolva", "900")
