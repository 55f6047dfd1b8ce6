"""A first record of a key-value dataset, for the documents: some partition of its records is found to have one."""

import asyncio
import json
from itertools import islice
from typing import Any

from app.core.aws.dynamo_json import Attributes
from app.core.dynamo import table
from app.core.dynamo.table import Range
from app.core.errors import ServiceUnavailable
from app.datasets.keyvalue import metadata
from app.datasets.keyvalue.partitions import BUCKETS, bucket_name
from app.datasets.schema import DatasetSchema
from app.records.keyvalue.item import record_of, show_record

# The partitions that are asked at a time; a dataset of many records has one in the first of them.
ASKED_AT_ONCE = 32
# Every text that a record can be kept under is between these.
FIRST, LAST = "\0", "\U0010ffff"


async def find_record(described: DatasetSchema) -> dict[str, Any]:
    """Any record of a dataset as it is shown, empty without records, or if the table does not answer."""
    try:
        schema = await metadata.find_schema(described.name)
        if schema is None or schema.id != described.id or not schema.columns:
            return {}
        item = await _find_item(schema)
    except ServiceUnavailable:
        return {}
    if item is None:
        return {}
    found: dict[str, Any] = json.loads(show_record(schema.columns, record_of(schema, item).values))
    return found


async def _find_item(schema: DatasetSchema) -> Attributes | None:
    assert schema.generation is not None
    numbers = iter(range(BUCKETS))
    while asked := list(islice(numbers, ASKED_AT_ONCE)):
        parts = [Range(bucket_name(schema.generation, number), FIRST, LAST) for number in asked]
        found = await asyncio.gather(*(table.list_range(part, 1) for part in parts))
        if items := [item for some in found for item in some]:
            return items[0]
    return None
