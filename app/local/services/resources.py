"""The bucket, queues and table, created in the emulator as the template creates them in AWS."""

from contextlib import suppress
from typing import TYPE_CHECKING

from app.core.aws.clients import client
from app.images.objects import INCOMING
from app.local.services.emulator import ACCOUNT, BUCKET, IMAGES_QUEUE, QUEUE, REGION, TABLE

if TYPE_CHECKING:
    from types_aiobotocore_s3.type_defs import QueueConfigurationTypeDef

QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}"
IMAGES_QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{IMAGES_QUEUE}"
# What a worker took and did not finish comes back after this: soon, for someone is waiting in front of the screen.
VISIBILITY_SECONDS = 30
EXPIRY_ATTRIBUTE = "expires_at"
# No prefix may begin with another one: S3 refuses that, though the emulator does not.
WATCHED_PREFIXES = ("uploads/", "inbox/")
IMAGE_PREFIXES = (INCOMING,)


async def create_resources() -> None:
    """Create every missing resource and set each up again: it may run any number of times."""
    for name in (QUEUE, IMAGES_QUEUE):
        await _create_queue(name)
    await _create_bucket()
    await _create_table()


async def _create_queue(name: str) -> None:
    sqs = await client("sqs")
    await sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)})


async def _create_bucket() -> None:
    s3 = await client("s3")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        await s3.create_bucket(Bucket=BUCKET)
    await s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    await s3.put_bucket_cors(
        Bucket=BUCKET,
        CORSConfiguration={
            "CORSRules": [
                {
                    "AllowedOrigins": ["*"],
                    "AllowedMethods": ["GET", "PUT", "POST", "HEAD"],
                    "AllowedHeaders": ["*"],
                    "ExposeHeaders": ["ETag"],
                }
            ]
        },
    )
    await s3.put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={
            "QueueConfigurations": [
                *(_notification(prefix, QUEUE_ARN) for prefix in WATCHED_PREFIXES),
                *(_notification(prefix, IMAGES_QUEUE_ARN) for prefix in IMAGE_PREFIXES),
            ]
        },
    )


def _notification(prefix: str, queue: str) -> "QueueConfigurationTypeDef":
    return {
        "Id": prefix.rstrip("/").replace("/", "-"),
        "QueueArn": queue,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
    }


async def _create_table() -> None:
    dynamodb = await client("dynamodb")
    with suppress(dynamodb.exceptions.ResourceInUseException):
        await dynamodb.create_table(
            TableName=TABLE,
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            BillingMode="PAY_PER_REQUEST",
        )
        await dynamodb.update_time_to_live(
            TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRY_ATTRIBUTE}
        )
