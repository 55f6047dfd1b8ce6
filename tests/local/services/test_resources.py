from itertools import permutations

import pytest

from app.core.aws.clients import client
from app.core.settings import get_settings
from app.local.services.emulator import BUCKET, QUEUE, TABLE
from app.local.services.resources import (
    EXPIRY_ATTRIBUTE,
    IMAGE_PREFIXES,
    IMAGES_QUEUE_ARN,
    QUEUE_ARN,
    WATCHED_PREFIXES,
    create_resources,
)

pytestmark = pytest.mark.usefixtures("database_url")


class TestCreateResources:
    async def test_what_is_missing_is_made_and_the_rest_stays(self) -> None:
        s3 = await client("s3")
        await s3.put_object(Bucket=BUCKET, Key="kept", Body=b"x")
        await create_resources()
        assert (await s3.head_object(Bucket=BUCKET, Key="kept"))["ContentLength"] == 1

    async def test_files_of_the_watched_folders_are_announced(self) -> None:
        s3 = await client("s3")
        found = await s3.get_bucket_notification_configuration(Bucket=BUCKET)
        rules = found["QueueConfigurations"]
        prefixes = [rule["Filter"]["Key"]["FilterRules"][0]["Value"] for rule in rules]
        queues = dict(zip(prefixes, (rule["QueueArn"] for rule in rules), strict=True))
        assert queues == dict.fromkeys(WATCHED_PREFIXES, QUEUE_ARN) | dict.fromkeys(IMAGE_PREFIXES, IMAGES_QUEUE_ARN)

    def test_no_prefix_begins_with_another_which_s3_refuses(self) -> None:
        prefixes = (*WATCHED_PREFIXES, *IMAGE_PREFIXES)
        assert [(one, other) for one, other in permutations(prefixes, 2) if one.startswith(other)] == []

    async def test_they_are_those_of_the_settings(self) -> None:
        settings = get_settings()
        assert (settings.bucket, settings.table) == (BUCKET, TABLE)
        assert settings.queue_url.endswith(f"/{QUEUE}")
        dynamodb = await client("dynamodb")
        described = await dynamodb.describe_time_to_live(TableName=TABLE)
        assert described["TimeToLiveDescription"]["AttributeName"] == EXPIRY_ATTRIBUTE
