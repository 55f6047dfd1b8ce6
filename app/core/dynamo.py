"""The DynamoDB table."""

from app.core.aws import client
from app.core.settings import get_settings


async def check_table() -> None:
    """Raise a botocore error when the table cannot be reached."""
    dynamodb = await client("dynamodb")
    await dynamodb.describe_table(TableName=get_settings().table)
