import asyncio

from app.core.aws.clients import client, close_clients
from app.core.settings import get_settings
from app.local.services.preparation import prepare_all, prepare_emulator


class TestPrepareEmulator:
    async def test_a_queue_that_is_gone_is_made_again(self, database_url: str) -> None:
        sqs = await client("sqs")
        await sqs.delete_queue(QueueUrl=get_settings().queue_url)
        # They belong to this loop, and it has one of its own.
        await close_clients()
        await asyncio.to_thread(prepare_emulator)
        sqs = await client("sqs")
        found = await sqs.get_queue_attributes(QueueUrl=get_settings().queue_url, AttributeNames=["QueueArn"])
        assert found["Attributes"]["QueueArn"]


class TestPrepareAll:
    async def test_it_may_run_any_number_of_times(self, database_url: str) -> None:
        await close_clients()
        assert await asyncio.to_thread(prepare_all, database_url) == []
