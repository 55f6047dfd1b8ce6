"""The exact number of records of a dataset, in either store."""

import asyncio

from app.client.api import Client, Document
from app.core.aws.clients import client, close_clients
from app.core.dynamo import table
from app.core.settings import get_settings
from app.datasets.keyvalue.metadata import address_of
from app.datasets.keyvalue.partitions import BUCKETS, bucket_name
from app.datasets.stores import STORES


def count_records(tolva: Client, dataset: Document) -> int:
    """The number of a dataset's records; the environment points at the emulator."""
    if not STORES[dataset["store"]].queries:
        # The API does not count these, as on AWS it would cost a read of each.
        return asyncio.run(_count_items(dataset["name"]))
    page = tolva.request("GET", f"/datasets/{dataset['name']}/records", _limit="1", _count="exact")
    return int(page["count"])


async def _count_items(name: str) -> int:
    """The number of a key-value dataset's records, each of them counted."""
    try:
        item = await table.find_item(*address_of(name))
        if item is None:
            return 0
        parts = [bucket_name(str(item["generation"]), number) for number in range(BUCKETS)]
        return sum([await _count_part(part) for part in parts])
    finally:
        # The clients belong to this event loop, which ends here.
        await close_clients()


async def _count_part(pk: str) -> int:
    dynamodb = await client("dynamodb")
    pages = dynamodb.get_paginator("query").paginate(
        TableName=get_settings().table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": pk}},
        Select="COUNT",
        ConsistentRead=True,
    )
    return sum([page["Count"] async for page in pages])
