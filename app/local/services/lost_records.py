"""Key-value datasets whose records are gone: the database knows of them, and the emulator's folder is another one."""

from itertools import groupby
from typing import Any

import asyncpg

from app.core.aws.clients import client
from app.core.dynamo import table
from app.core.settings import get_settings
from app.datasets.keyvalue.metadata import address_of

# Datasets with records, as far as the database knows: by an import, or by single writes into another table than the one
# created at $1. Each with its imports in their order.
IMPORTS = """
SELECT dataset.name, import.id::text AS import_id, import.mode
FROM tolva.dataset
LEFT JOIN tolva.import
    ON import.dataset_id = dataset.id AND import.status = 'succeeded' AND NOT import.dry_run
WHERE dataset.store = 'keyvalue' AND dataset.columns <> '[]'
    AND (dataset.created_at < to_timestamp($1) OR import.id IS NOT NULL)
ORDER BY dataset.name, import.finished_at
"""


async def find_lost(database_url: str) -> list[str]:
    """The datasets whose records are not in the table, or are those from before their last import with replace."""
    dynamodb = await client("dynamodb")
    table = (await dynamodb.describe_table(TableName=get_settings().table))["Table"]
    # The client reads answers as they come: times are seconds since 1970.
    made: Any = table["CreationDateTime"]
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(IMPORTS, made)
    finally:
        await connection.close()
    imports = {name: list(found) for name, found in groupby(rows, lambda row: row["name"])}
    return [name for name, found in imports.items() if not await _has_records(name, found)]


async def _has_records(name: str, imports: list[asyncpg.Record]) -> bool:
    item = await table.find_item(*address_of(name))
    if item is None:
        return False
    replaced = [place for place, found in enumerate(imports) if found["mode"] == "replace"]
    if not replaced:
        return True
    # A generation is named for the import that has brought it, and its attempt.
    current = {found["import_id"] for found in imports[replaced[-1] :]}
    return str(item["generation"]).partition(".")[0] in current
