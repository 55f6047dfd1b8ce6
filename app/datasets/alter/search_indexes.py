"""Search indexes for this version's searches: one that an older version has built is built again.

Without its index a search is correct, but reads every record. The new index is built next to the old one while records
are read and written, and takes the old one's name once it is complete.
"""

import asyncio
import json

import asyncpg
from asyncpg import Connection, PostgresError, Record

from app.columns.column import Column
from app.core import log
from app.core.database.names import CATALOGUE_SCHEMA, DATA_SCHEMA, quote
from app.core.database.pool import LOST, login
from app.datasets.definition import Definition, Index
from app.datasets.tables import constraint_name, index_name, indexes

# Any number that nothing else takes: the process that holds this lock builds, the others leave it to that one.
BUILD_LOCK = 7_046_031_222
MAX_SECONDS = 150
LOCK_TIMEOUT = "5s"
SEARCH = Index(search=True)
# A part that only the definition of an accent-insensitive index has.
MARK = "NORMALIZE("

_DATASET = quote(CATALOGUE_SCHEMA, "dataset")
_LIST = f"""
    SELECT id, updated_at, name, columns::text, key FROM {_DATASET}
    WHERE store = 'relational' AND indexes @> '[{{"search": true}}]' ORDER BY name"""
_IS_OLD = """
    SELECT strpos(pg_get_indexdef(class.oid), $3::text) = 0
    FROM pg_class AS class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = $1::text AND relname = $2::text"""


async def rebuild_search_indexes(database_url: str) -> None:
    """Build the search indexes again that an older version has built; what fails is logged, and tried the next time."""
    try:
        connection = await asyncpg.connect(**login(database_url))
        try:
            async with asyncio.timeout(MAX_SECONDS):
                await _rebuild_all(connection)
        finally:
            await connection.close()
    except (TimeoutError, *LOST) as error:
        log.failure("search_indexes.failed", error)


async def _rebuild_all(connection: "Connection[Record]") -> None:
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", BUILD_LOCK):
        return
    for dataset in await connection.fetch(_LIST):
        if await connection.fetchval(_IS_OLD, DATA_SCHEMA, index_name(dataset["name"], SEARCH), MARK):
            await _rebuild(connection, dataset)


async def _rebuild(connection: "Connection[Record]", dataset: Record) -> None:
    table = dataset["name"]
    columns = tuple(Column.model_validate(column) for column in json.loads(dataset["columns"]))
    (index,) = indexes(table, Definition(columns, tuple(dataset["key"]), (SEARCH,)))
    name = constraint_name(table, "search", "new")
    new, place = quote(DATA_SCHEMA, name), quote(DATA_SCHEMA, table)
    try:
        # One that was not completed.
        await connection.execute(f"DROP INDEX IF EXISTS {new}")
        await connection.execute(f"CREATE INDEX CONCURRENTLY {quote(name)} ON {place} {index.definition}")
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            # A change of the dataset meanwhile has built its own.
            state = f"SELECT true FROM {_DATASET} WHERE id = $1 AND updated_at = $2 FOR SHARE"
            if await connection.fetchval(state, dataset["id"], dataset["updated_at"]):
                await connection.execute(index.drop(DATA_SCHEMA, table))
                await connection.execute(f"ALTER INDEX {new} RENAME TO {quote(index.name)}")
        await connection.execute(f"DROP INDEX IF EXISTS {new}")
    except PostgresError as error:
        log.failure("search_index.failed", error, dataset=table)
    else:
        log.event("search_index.rebuilt", dataset=table)
