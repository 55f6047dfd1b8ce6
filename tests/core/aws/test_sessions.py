import os

import pytest

from app.core.aws.sessions import get_credentials, new_client
from app.core.settings import get_settings

pytestmark = pytest.mark.usefixtures("database_url")


class TestDynamodbClient:
    async def test_arguments_and_answers_are_the_interfaces_json(self) -> None:
        item = {"pk": {"S": "a"}, "sk": {"S": "b"}, "n": {"N": "1.5"}, "data": {"B": b"\x00"}}
        key = {"pk": {"S": "a"}, "sk": {"S": "b"}}
        async with new_client("dynamodb") as dynamodb:
            await dynamodb.put_item(TableName=get_settings().table, Item=item)
            answer = await dynamodb.get_item(TableName=get_settings().table, Key=key)
        assert answer["Item"] == {**item, "data": {"B": "AA=="}}
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


class TestS3Client:
    async def test_the_bucket_is_in_the_path_and_the_signature_is_of_version_4(self) -> None:
        async with new_client("s3") as s3:
            url = await s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
        assert "/b/k?" in url
        assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url


class TestGetCredentials:
    async def test_they_are_those_of_the_environment(self) -> None:
        credentials = await get_credentials()
        assert credentials.key_id == os.environ["AWS_ACCESS_KEY_ID"]
