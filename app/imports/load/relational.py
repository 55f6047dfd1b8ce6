"""Load: rows in PostgreSQL's binary format into a dataset's table, in one transaction.

Rows go straight into the table first. When they clash there (a key that exists, a value that must be unique, a
reference to nothing), the transaction is undone and they go to a stage beside it, where each clash is found with its
line. `replace` fills a new table, gives it its constraints and puts it in the old one's place; readers see either.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
from sqlalchemy import text

from app.columns.column import ROW_ID, Column
from app.core.database.names import DATA_SCHEMA, LOADING_SCHEMA, quote
from app.core.database.sessions import get_engine
from app.datasets.definition import Definition, Index
from app.datasets.models import Dataset
from app.datasets.tables import add_indexes, comments, constraints, create_table
from app.imports.errors import (
    ColumnsChanged,
    FileValueTooLong,
    KeyReferenced,
    RecordTooWide,
    ReferencedRecordsMissing,
)
from app.imports.formats.table import VALUE_LIMIT
from app.imports.inference.pick import Picked
from app.imports.models import Mode
from app.imports.report import Rejections, list_rejections

STAGE = "stage"
PLACES = ("_record", "_line", "_offset")
CLASH_BATCH = 5000
KEY_ATTEMPTS = 3
# The key in what PostgreSQL says of a reference that no record answers: `Key (column)=(key) is not present in …`.
REFERRED = re.compile(r"=\((.*)\) ", re.DOTALL)


class Clash(Exception):
    """Rows clash with each other or with what is there; only a stage can tell which."""


@dataclass(frozen=True)
class LoadPlan:
    """What is loaded into what.

    `columns` and `indexes` are the dataset's, `loaded` the columns that the file has, in the file's order. They are
    `new` where the file settles them. If its key is not given then, `candidates` may become it, the likeliest first.
    """

    dataset: str
    mode: Mode
    columns: Sequence[Column]
    loaded: Sequence[Column]
    key: Sequence[str]
    new: bool
    staged: bool
    # The key column of each dataset that a column references.
    references: Mapping[str, str]
    indexes: Sequence[Index] = ()
    candidates: Sequence[str] = ()
    # Which of the file's columns are loaded, unless they are all.
    picked: Picked | None = None


@dataclass
class Counts:
    """Records added, changed and left as they were."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


class Loader:
    """Loads one file over one connection, inside the transaction that the caller began and ends."""

    def __init__(self, connection: asyncpg.Connection, plan: LoadPlan) -> None:
        self._connection = connection
        self._plan = plan
        self._names = [column.name for column in plan.loaded]
        self.key = list(plan.key)
        # All of the file's records may leave less of them than its first ones.
        self.candidates = list(plan.candidates)
        # Those that the columns still allow: new ones may have none for some.
        self.indexes = list(plan.indexes)

    @property
    def _builds_table(self) -> bool:
        return self._plan.new or self._plan.mode == "replace"

    @property
    def _replaces_table(self) -> bool:
        return self._plan.mode == "replace"

    @property
    def _target(self) -> tuple[str, str]:
        """The schema and name of the table that the rows end up in before the swap."""
        if self._replaces_table:
            return LOADING_SCHEMA, self._plan.dataset
        return DATA_SCHEMA, self._plan.dataset

    async def keep_writers_away(self) -> None:
        """Have those who write single records wait for the end of a replacement: the old table takes all with it."""
        if self._replaces_table:
            await self._connection.execute(f"LOCK TABLE {quote(DATA_SCHEMA, self._plan.dataset)} IN SHARE MODE")

    async def copy(self, rows: AsyncIterator[bytes]) -> int:
        """Send the rows to the table, or to the stage; answers how many arrived.

        Raises:
            Clash: they cannot go straight into the table.
            FileValueTooLong: an index has no room for a value.
        """
        if self._builds_table:
            keyless = not self._plan.key and not self._plan.candidates
            await self._run(create_table(*self._target, self._plan.columns, keyless=keyless))
        with _explained():
            if self._plan.staged:
                await self._connection.execute(self._create_stage())
                return await self._copy_into(None, STAGE, [*self._names, *PLACES], rows)
            return await self._copy_into(*self._target, self._names, rows)

    def _create_stage(self) -> str:
        columns = [f"{quote(column.name)} {column.sql_type}" for column in self._plan.loaded]
        places = [f"{quote(name)} bigint" for name in PLACES]
        return f"CREATE TEMP TABLE {STAGE} ({', '.join(columns + places)}) ON COMMIT DROP"

    async def _copy_into(self, schema: str | None, table: str, names: list[str], rows: AsyncIterator[bytes]) -> int:
        copying = self._connection.copy_to_table(table, schema_name=schema, columns=names, source=rows, format="binary")
        try:
            status = await self._while_connected(copying)
        except (asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError) as error:
            raise Clash from error
        return int(status.rpartition(" ")[2])

    async def _while_connected(self, copying: Coroutine[Any, Any, str]) -> str:
        """What a COPY answers; asyncpg would wait for ever where the server goes away while it cannot send."""
        lost = asyncio.Event()

        def note_loss(_: object) -> None:
            lost.set()

        self._connection.add_termination_listener(note_loss)
        tasks = asyncio.create_task(copying), asyncio.create_task(lost.wait())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if lost.is_set():
                raise asyncpg.ConnectionDoesNotExistError("the connection was lost while rows were copied")
            return tasks[0].result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._connection.remove_termination_listener(note_loss)

    async def clashes(self) -> AsyncIterator[Rejections]:
        """The staged rows that clash, as rejections; they leave the stage."""
        if not self._plan.staged:
            return
        await self._connection.execute(f"ANALYZE {STAGE}")
        for column, code, query in self._clash_queries():
            await self._connection.execute(f"CREATE TEMP TABLE clash ON COMMIT DROP AS {query}")
            batch: list[dict[str, Any]] = []
            async for row in self._connection.cursor("SELECT * FROM clash ORDER BY record", prefetch=CLASH_BATCH):
                batch.append({**row, "column": column, "code": code})
                if len(batch) == CLASH_BATCH:
                    yield list_rejections(batch)
                    batch = []
            yield list_rejections(batch)
            await self._connection.execute(f"DELETE FROM {STAGE} USING clash WHERE _record = record; DROP TABLE clash")

    def _clash_queries(self) -> list[tuple[str, str, str]]:
        """Column, code and query of each kind of clash.

        A query gives record, line, offset, value and message; values themselves never become part of one.
        """
        plan, queries = self._plan, []
        if plan.key:
            queries.append((",".join(plan.key), "repeated_key", self._repeated(plan.key)))
            if plan.mode == "append" and not plan.new:
                queries.append((",".join(plan.key), "existing_key", self._existing(plan.key)))
        for column in plan.loaded:
            if column.unique and list(plan.key) != [column.name]:
                queries.append((column.name, "repeated_value", self._repeated([column.name])))
                if plan.mode != "replace" and not plan.new:
                    queries.append((column.name, "existing_value", self._existing([column.name])))
            if column.references is not None:
                queries.append((column.name, "reference_missing", self._dangling(column)))
        return queries

    def _repeated(self, names: Sequence[str]) -> str:
        """Rows whose values stand in an earlier line of the file: the first stays."""
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

    def _existing(self, names: Sequence[str]) -> str:
        """Rows whose values a record of the dataset has; where records are updated by key, another record."""
        table = quote(DATA_SCHEMA, self._plan.dataset)
        columns = ", ".join(f"staged.{quote(name)}" for name in names)
        same = " AND ".join(f"staged.{quote(name)} = record.{quote(name)}" for name in names)
        if self._plan.mode == "upsert":
            same += f" AND NOT ({' AND '.join(f'staged.{quote(n)} = record.{quote(n)}' for n in self._plan.key)})"
        return f"""
            SELECT _record AS record, _line AS line, _offset AS offset,
                   left(concat_ws(',', {columns}), {VALUE_LIMIT}) AS value,
                   'a record of the dataset already has it' AS message
            FROM {STAGE} AS staged JOIN {table} AS record ON {same}"""

    def _dangling(self, column: Column) -> str:
        """Rows whose reference no record of the other dataset answers."""
        assert column.references is not None
        name, target = quote(column.name), quote(DATA_SCHEMA, column.references)
        key = quote(self._plan.references[column.references])
        return f"""
            SELECT _record AS record, _line AS line, _offset AS offset, left({name}::text, {VALUE_LIMIT}) AS value,
                   'no record of {column.references} has this key' AS message
            FROM {STAGE} AS staged WHERE {name} IS NOT NULL
                AND NOT EXISTS (SELECT FROM {target} AS referred WHERE referred.{key} = staged.{name})"""

    async def show(self, dataset: Dataset) -> None:
        """Have readers see what was loaded: the transaction's commit does so, of `dataset` as it is then."""

    async def tidy(self) -> None:
        """Tell the planner of new records, once they are committed; it knows a new table's already."""
        if self._plan.new:
            return
        async with get_engine().connect() as connection:
            await connection.execute(text(f"ANALYZE {quote(DATA_SCHEMA, self._plan.dataset)}"))
            await connection.commit()

    async def abandon(self) -> None:
        """Leave nothing behind: the transaction's end does so."""

    async def finish(self, copied: int) -> Counts:
        """Bring staged rows to the table, build what a new table needs, and put it in its place.

        Raises:
            Clash: the rows of a new table clash.
            FileValueTooLong: an index has no room for a value.
        """
        counts = Counts(added=copied)
        with _explained():
            if self._plan.staged:
                counts = await (self._upsert() if self._upserts else self._insert())
            if self._builds_table:
                await self._constrain()
        if self._builds_table:
            await self._connection.execute(f"ANALYZE {quote(*self._target)}")
        if self._replaces_table:
            await self._swap()
        return counts

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

    async def _constrain(self) -> None:
        """Give a new table its key, its constraints and indexes, and its labels."""
        plan = self._plan
        if plan.candidates:
            await self._try_keys()
        definition = Definition(tuple(plan.columns), tuple(self.key))
        try:
            for constraint in constraints(self._target[1], definition):
                # The key that was found is there already.
                if constraint.kind != "key" or not plan.candidates:
                    await self._run([constraint.create(*self._target)])
        except (asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError) as error:
            raise Clash from error
        except asyncpg.UndefinedTableError:
            raise ColumnsChanged("A dataset that a column references has been deleted.") from None
        self.indexes = [index for index in plan.indexes if definition.allows(index)]
        await self._run(add_indexes(*self._target, replace(definition, indexes=tuple(self.indexes))))
        await self._run(comments(*self._target, plan.columns))

    async def _try_keys(self) -> None:
        """Make the first candidate the key whose values are all different: only an index over all of them can tell."""
        for name in self.candidates[:KEY_ATTEMPTS]:
            await self._connection.execute("SAVEPOINT before_key")
            try:
                await self._add_key([name])
            except (asyncpg.UniqueViolationError, asyncpg.ProgramLimitExceededError):
                await self._connection.execute("ROLLBACK TO SAVEPOINT before_key")
            else:
                self.key = [name]
                return
        await self._connection.execute(
            f"ALTER TABLE {quote(*self._target)} ADD COLUMN {quote(ROW_ID)} bigint GENERATED BY DEFAULT AS IDENTITY"
        )
        await self._add_key([])

    async def _add_key(self, key: Sequence[str]) -> None:
        definition = Definition(tuple(self._plan.columns), tuple(key))
        made = [found for found in constraints(self._target[1], definition) if found.kind == "key"]
        await self._run([key.create(*self._target) for key in made])

    async def _swap(self) -> None:
        """Put the new table in the old one's place; whoever reads meanwhile waits for the commit and reads the new one.

        Raises:
            ReferencedRecordsMissing: other datasets refer to records that the new table does not have.
            KeyReferenced: they refer to a table whose columns are inferred again.
        """
        old = quote(DATA_SCHEMA, self._plan.dataset)
        references = await self._connection.fetch(
            "SELECT conrelid::regclass::text AS table, quote_ident(conname) AS name, "
            "pg_get_constraintdef(oid) AS definition "
            "FROM pg_constraint WHERE contype = 'f' AND confrelid = $1::regclass",
            old,
        )
        if references and self._plan.new:
            raise key_referenced(self._plan.dataset)
        await self._run([f"ALTER TABLE {row['table']} DROP CONSTRAINT {row['name']}" for row in references])
        await self._run([f"DROP TABLE {old}", f"ALTER TABLE {quote(*self._target)} SET SCHEMA {quote(DATA_SCHEMA)}"])
        for row in references:
            try:
                await self._run([f"ALTER TABLE {row['table']} ADD CONSTRAINT {row['name']} {row['definition']}"])
            except asyncpg.ForeignKeyViolationError as error:
                raise ReferencedRecordsMissing(
                    f"A record of another dataset references the record {_referred(error)}, "
                    "which the file does not have.",
                    hint="Keep the referenced records in the file, or delete what references them first.",
                ) from None

    async def _run(self, statements: Sequence[str]) -> None:
        for statement in statements:
            await self._connection.execute(statement)


def key_referenced(dataset: str) -> KeyReferenced:
    """The problem that a dataset's columns cannot be inferred again: who may import may not know who refers to them."""
    return KeyReferenced(
        f"Other datasets reference the key of '{dataset}': its columns cannot be inferred again.",
        hint="Remove `references` from their columns first, or import without infer_again.",
    )


def _referred(error: asyncpg.ForeignKeyViolationError) -> str:
    """The key that a reference names, out of what the database says of it: who may import may not read who refers."""
    found = REFERRED.search(error.detail or "")
    return f"'{found[1][:VALUE_LIMIT]}'" if found else "of a key"


@contextmanager
def _explained() -> Iterator[None]:
    """What an index refuses as the problem that it is."""
    try:
        yield
    except asyncpg.ProgramLimitExceededError as error:
        if error.constraint_name is None:
            raise RecordTooWide(
                f"PostgreSQL has no room for a record of so many columns: {error.args[0]}.",
                hint="A row has 8,160 bytes, and a long value takes 18 of them. Leave columns out with `omit`, or "
                "import into a key-value dataset.",
            ) from None
        raise FileValueTooLong(
            f"A value is too long for the index '{error.constraint_name}': it takes some 2,700 bytes.",
            hint="Shorten it, or drop the index, or load into a column without one.",
        ) from None
