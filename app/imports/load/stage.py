"""Stage: a file's rows in a temporary table, each with its place in the file, before they go to their store."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from app.columns.column import Column
from app.core.database.names import quote
from app.imports.formats.table import VALUE_LIMIT
from app.imports.load.statements import are_unique, copy_rows, explained
from app.imports.report import Rejections, list_rejections

STAGE = "stage"
PLACES = ("_record", "_line", "_offset")
CONFLICT_BATCH = 5000
READ_ROWS = 500


@dataclass(frozen=True)
class ConflictQuery:
    """One kind of conflict: the columns and the code of its rejections, and the SQL that finds them in the stage.

    It gives record, line, offset, value and message; values themselves never become part of it.
    """

    column: str
    code: str
    sql: str


class Stage:
    """The stage of one load, as long as its transaction."""

    def __init__(self, connection: asyncpg.Connection, columns: Sequence[Column]) -> None:
        self._connection = connection
        self._columns = columns

    async def fill(self, rows: AsyncIterator[bytes]) -> None:
        """Take the file's rows in.

        Raises:
            RecordTooWide: there is no room for one.
        """
        columns = [f"{quote(column.name)} {column.sql_type}" for column in self._columns]
        places = [f"{quote(name)} bigint" for name in PLACES]
        with explained():
            await self._connection.execute(f"CREATE TEMP TABLE {STAGE} ({', '.join(columns + places)}) ON COMMIT DROP")
        await copy_rows(self._connection, None, STAGE, [*(column.name for column in self._columns), *PLACES], rows)

    async def reject(self, queries: Iterable[ConflictQuery]) -> AsyncIterator[Rejections]:
        """Take the rows out that conflict, one kind after the other."""
        await self._connection.execute(f"ANALYZE {STAGE}")
        for query in queries:
            await self._connection.execute(f"CREATE TEMP TABLE conflicting ON COMMIT DROP AS {query.sql}")
            batch: list[dict[str, Any]] = []
            select = "SELECT * FROM conflicting ORDER BY record"
            async for row in self._connection.cursor(select, prefetch=CONFLICT_BATCH):
                batch.append({**row, "column": query.column, "code": query.code})
                if len(batch) == CONFLICT_BATCH:
                    yield list_rejections(batch)
                    batch = []
            yield list_rejections(batch)
            await self._connection.execute(
                f"DELETE FROM {STAGE} USING conflicting WHERE _record = record; DROP TABLE conflicting"
            )

    async def remove(self, records: Sequence[int]) -> None:
        """Take rows out, by the numbers of their records."""
        await self._connection.execute(f"DELETE FROM {STAGE} WHERE _record = ANY($1)", records)

    async def count(self) -> int:
        """How many rows there are."""
        return int(await self._connection.fetchval(f"SELECT count(*) FROM {STAGE}"))

    async def is_unique(self, name: str) -> bool:
        """Return whether the values of a column are all different."""
        return await are_unique(self._connection, [f"CREATE UNIQUE INDEX ON {STAGE} ({quote(name)})"])

    async def chunks(self, key: Sequence[str]) -> AsyncIterator[list[asyncpg.Record]]:
        """The rows, some at a time: their values by column, their place, and the key as a text."""
        names = ", ".join(map(_selected, self._columns))
        shown = f"left(concat_ws(',', {', '.join(quote(name) for name in key)}), {VALUE_LIMIT}) AS _key"
        chunk: list[asyncpg.Record] = []
        # Prepared here, as what is kept of another import's stage of the same name does not fit this one.
        statement = await self._connection.prepare(f"SELECT {names}, {', '.join(PLACES)}, {shown} FROM {STAGE}")
        async for row in statement.cursor(prefetch=READ_ROWS):
            chunk.append(row)
            if len(chunk) == READ_ROWS:
                yield chunk
                chunk = []
        if chunk:
            yield chunk


def repeated(names: Sequence[str]) -> str:
    """The SQL that finds rows whose values stand in an earlier line of the file: the first stays."""
    columns = ", ".join(quote(name) for name in names)
    given = " AND ".join(f"{quote(name)} IS NOT NULL" for name in names)
    return f"""
        SELECT _record AS record, _line AS line, _offset AS offset,
               left(concat_ws(',', {columns}), {VALUE_LIMIT}) AS value,
               'the same as in line ' || first_line AS message
        FROM {STAGE} JOIN (
            SELECT {columns}, min(_record) AS first_record, min(_line) AS first_line
            FROM {STAGE} WHERE {given} GROUP BY {columns} HAVING count(*) > 1
        ) AS repeated USING ({columns}) WHERE _record > first_record"""


def _selected(column: Column) -> str:
    """A staged column as its values are written; of a document that is the text, which the driver would read."""
    name = quote(column.name)
    return f"{name}::text AS {name}" if column.type == "json" else name
