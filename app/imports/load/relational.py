"""Load into PostgreSQL: rows in its binary format into a dataset's table, in one transaction.

Rows go straight into the table first. If they conflict there (a key that exists, a value that must be unique, a
reference to nothing), the transaction is undone and they go to a stage first, where each conflict is found with its
line. `replace` fills a new table, adds its constraints and swaps it for the old one; readers see either.
"""

from collections.abc import AsyncIterator, Sequence

import asyncpg
from sqlalchemy import text

from app.core.database.names import DATA_SCHEMA, quote
from app.core.database.sessions import get_engine
from app.datasets.models import Dataset
from app.imports.load.conflicts import list_conflict_queries
from app.imports.load.loader import Counts, Loaded, LoadPlan
from app.imports.load.new_table import NewTable
from app.imports.load.stage import STAGE, Stage
from app.imports.load.statements import copy_rows, explained
from app.imports.report import Rejections


class RelationalLoader:
    """Loads one file into a table; see `Loader`."""

    def __init__(self, *, connection: asyncpg.Connection, plan: LoadPlan) -> None:
        self._connection = connection
        self._plan = plan
        self._names = [column.name for column in plan.loaded]
        self._stage = Stage(connection, plan.loaded) if plan.staged else None
        self._new_table = NewTable(connection, plan) if plan.new or plan.mode == "replace" else None
        self._copied = 0

    @property
    def _target(self) -> tuple[str, str]:
        """The schema and name of the table that the rows end up in before the swap."""
        return (DATA_SCHEMA, self._plan.dataset) if self._new_table is None else self._new_table.address

    async def copy(self, *, rows: AsyncIterator[bytes]) -> None:
        """Send the rows to the table, or to the stage."""
        if self._new_table is not None:
            await self._keep_writers_away(self._new_table)
            await self._new_table.create()
        if self._stage is not None:
            await self._stage.fill(rows)
        else:
            self._copied = await copy_rows(self._connection, *self._target, self._names, rows)

    async def _keep_writers_away(self, table: NewTable) -> None:
        """Make single writes wait for the end of a replacement: the old table is dropped with all records."""
        if table.is_apart and not self._plan.dry_run:
            await self._connection.execute(f"LOCK TABLE {quote(DATA_SCHEMA, self._plan.dataset)} IN SHARE MODE")

    async def reject_conflicts(self) -> AsyncIterator[Rejections]:
        """Take the staged rows out that conflict."""
        if self._stage is not None:
            async for found in self._stage.reject(list_conflict_queries(self._plan)):
                yield found

    async def finish(self, *, key_candidates: Sequence[str]) -> Loaded:
        """Bring staged rows to the table, build what a new table needs, and put it in its place."""
        counts, key, indexes = Counts(added=self._copied), self._plan.key, self._plan.indexes
        with explained():
            if self._stage is not None:
                counts = await (self._upsert() if self._upserts else self._insert())
            if self._new_table is not None:
                key, indexes = await self._new_table.constrain(key_candidates)
        if self._new_table is not None:
            await self._connection.execute(f"ANALYZE {quote(*self._target)}")
            if self._new_table.is_apart:
                await self._new_table.swap()
        return Loaded(counts, key, indexes)

    @property
    def _upserts(self) -> bool:
        return self._plan.mode == "upsert" and not self._plan.new

    async def _insert(self) -> Counts:
        names = ", ".join(quote(name) for name in self._names)
        status = await self._connection.execute(
            f"INSERT INTO {quote(*self._target)} ({names}) SELECT {names} FROM {STAGE} ORDER BY _record"
        )
        return Counts(added=int(status.rpartition(" ")[2]))

    async def _upsert(self) -> Counts:
        """Add or change records by key; a record that would not change is not written."""
        names = ", ".join(quote(name) for name in self._names)
        key = ", ".join(quote(name) for name in self._plan.key)
        others = [quote(name) for name in self._names if name not in self._plan.key]
        action = "DO NOTHING"
        if others:
            values = ", ".join(f"{name} = excluded.{name}" for name in others)
            before, after = (", ".join(f"{of}.{name}" for name in others) for of in ("record", "excluded"))
            action = f"DO UPDATE SET {values} WHERE ({before}) IS DISTINCT FROM ({after})"
        row = await self._connection.fetchrow(
            f"WITH written AS (INSERT INTO {quote(*self._target)} AS record ({names}) "
            f"SELECT {names} FROM {STAGE} ORDER BY _record ON CONFLICT ({key}) {action} RETURNING xmax = 0 AS is_new) "
            f"SELECT count(*) FILTER (WHERE is_new) AS added, count(*) FILTER (WHERE NOT is_new) AS changed, "
            f"(SELECT count(*) FROM {STAGE}) AS staged FROM written"
        )
        assert row is not None
        return Counts(row["added"], row["changed"], row["staged"] - row["added"] - row["changed"])

    async def publish(self, *, dataset: Dataset) -> None:
        """Leave it to the transaction's commit."""

    async def after_commit(self) -> None:
        """Let the planner know of new records; it knows a new table's already."""
        if self._plan.new:
            return
        async with get_engine().connect() as connection:
            await connection.execute(text(f"ANALYZE {quote(DATA_SCHEMA, self._plan.dataset)}"))
            await connection.commit()

    async def rollback(self) -> None:
        """Leave it to the transaction's end."""
