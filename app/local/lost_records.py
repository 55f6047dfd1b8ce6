"""Key-value datasets whose records are gone: the database knows of them, and the emulator's folder is another one."""

from typing import Any

import asyncpg

from app.core import dynamo
from app.core.aws import client
from app.core.settings import get_settings
from app.datasets.mirror import address_of

# Those that had records, as far as the database knows: by an import, or by single writes into a table that was there.
HAD_RECORDS = """
SELECT name FROM tolva.dataset
WHERE store = 'keyvalue' AND columns <> '[]' AND (created_at < to_timestamp($1) OR EXISTS (
    SELECT FROM tolva.import
    WHERE dataset_id = dataset.id AND status = 'succeeded' AND NOT dry_run
))
ORDER BY name
"""


async def find_lost(database_url: str) -> list[str]:
    """The datasets that had records before the table was made, or lost the item that says where they are."""
    dynamodb = await client("dynamodb")
    table = (await dynamodb.describe_table(TableName=get_settings().table))["Table"]
    # The client reads answers as they come: times are seconds since 1970.
    made: Any = table["CreationDateTime"]
    connection = await asyncpg.connect(database_url)
    try:
        names = [row["name"] for row in await connection.fetch(HAD_RECORDS, made)]
    finally:
        await connection.close()
    return [name for name in names if await dynamo.find_item(*address_of(name)) is None]
