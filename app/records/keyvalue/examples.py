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
from app.datasets.schema import Shape
from app.records.keyvalue.item import record_of, show_record

# The partitions that are asked at a time; a dataset of many records has one in the first of them.
ASKED_AT_ONCE = 32
# Every text that a record can be kept under is between these.
FIRST, LAST = "\0", "\U0010ffff"


async def find_record(described: Shape) -> dict[str, Any]:
    """Any record of a dataset as it is shown, empty if there is none, or if the table does not answer."""
    try:
        shape = await metadata.find_shape(described.name)
        if shape is None or shape.id != described.id or not shape.columns:
            return {}
        item = await _find_item(shape)
    except ServiceUnavailable:
        return {}
    if item is None:
        return {}
    found: dict[str, Any] = json.loads(show_record(shape.columns, record_of(shape, item).values))
    return found


async def _find_item(shape: Shape) -> Attributes | None:
    assert shape.generation is not None
    numbers = iter(range(BUCKETS))
    while asked := list(islice(numbers, ASKED_AT_ONCE)):
        parts = [Range(bucket_name(shape.generation, number), FIRST, LAST) for number in asked]
        found = await asyncio.gather(*(table.list_range(part, 1) for part in parts))
        if items := [item for some in found for item in some]:
            return items[0]
    return None
