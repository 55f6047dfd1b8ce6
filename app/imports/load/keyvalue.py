"""Load into the key-value store: rows go to a stage in PostgreSQL as ever, and from there to DynamoDB.

A file that brings all records (`replace`, or any into a dataset without records) makes a generation of its own, which
is shown by one write. Other files are written among the records that are there; a worker that takes such an import up
again knows by the items what the one before has done. Single writes wait meanwhile.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import asyncpg

from app.columns.column import Column
from app.core import log
from app.core.aws.dynamo_json import Attributes
from app.core.database.names import quote
from app.core.dynamo import table
from app.core.dynamo.requests import patience, pause
from app.core.dynamo.table import MAX_WRITTEN
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings
from app.datasets.definition import Definition
from app.datasets.errors import NotSupportedByStore
from app.datasets.keyvalue import generations, limits, metadata
from app.datasets.keyvalue.generations import DatasetMoved, Retired, WriteLock
from app.datasets.models import Dataset
from app.datasets.schema import DatasetSchema
from app.imports.errors import ColumnsNotSupportedByStore, KeyColumnNotFound, RecordTooLargeForStore
from app.imports.formats.table import VALUE_LIMIT
from app.imports.load.batches import Batches
from app.imports.load.relational import KEY_ATTEMPTS, PLACES, STAGE, Counts, Loader, LoadPlan
from app.imports.report import Rejections, list_rejections
from app.records.documents import Values
from app.records.keyvalue.item import RecordTooLarge, item_of, record_of, show_record
from app.records.keyvalue.sort_key import KeyTooLong

READ_ROWS = 500
# How long single writes wait for an import that says nothing; it says something well before, and writes nothing among
# other records that could still be under way when they go on.
HOLD_SECONDS = 60
RENEW_SECONDS = 10
WRITE_SECONDS = 30
CLEAN_UP_SECONDS = 5
MOVE_ATTEMPTS = 20
# What an item says beside its record: what its import did to it.
OUTCOME, ADDED, CHANGED = "outcome", "added", "changed"

_Found = dict[tuple[str, str], Attributes]


@dataclass(frozen=True)
class Destination:
    """The dataset that an import is loaded into, and which attempt this is at which import.

    `begin` is called before anything is written that could not be taken back: from then on the import goes to its end.
    """

    dataset: Dataset
    import_id: UUID
    attempt: int
    dry_run: bool
    begin: Callable[[], Awaitable[None]]
    on_written: Callable[[int], None]


class KeyvalueLoader(Loader):
    """Loads one file by way of a stage; see `Loader`, in whose place it stands."""

    def __init__(self, connection: asyncpg.Connection, plan: LoadPlan, destination: Destination) -> None:
        super().__init__(connection, plan)
        self._to = destination
        self._shown = ""
        self._generation = ""
        self._in_place = False
        self._hold: WriteLock | None = None
        self._held_at = 0.0
        self._has_begun = False

    @property
    def _builds_table(self) -> bool:
        return False

    @property
    def _replaces_table(self) -> bool:
        return False

    @property
    def _is_shown(self) -> bool:
        """Whether an earlier attempt at this import got as far as showing what it brought."""
        return self._shown.startswith(f"{self._to.import_id}.")

    def _clash_queries(self) -> list[tuple[str, str, str]]:
        plan = self._plan
        return [(",".join(plan.key), "repeated_key", self._repeated(plan.key))] if plan.key else []

    async def clashes(self) -> AsyncIterator[Rejections]:
        """The staged rows that clash with each other or with records that are there; they leave the stage."""
        await self._prepare()
        async for found in super().clashes():
            yield found
        if self._in_place:
            async for found in self._check_rows():
                yield found

    async def _prepare(self) -> None:
        """Find out where the records are to go, and keep single writes from there."""
        dataset, plan = self._to.dataset, self._plan
        self._shown = await generations.shown_generation(dataset)
        self._generation = f"{self._to.import_id}.{self._to.attempt}"
        if self._is_shown:
            return
        await self._keep_hold()
        brings_all = plan.new or plan.mode == "replace"
        self._in_place = not brings_all and await generations.has_records(self._shown)
        if self._in_place:
            self._generation = self._shown

    async def _keep_hold(self) -> None:
        """Have single writes wait on; said anew now and then."""
        now = time.monotonic()
        if self._to.dry_run or (self._hold is not None and now - self._held_at < RENEW_SECONDS):
            return
        for attempt in range(MOVE_ATTEMPTS):
            with suppress(DatasetMoved):
                if self._hold is None:
                    hold = WriteLock(self._to.dataset, self._shown, self._generation)
                    await hold.take(HOLD_SECONDS)
                    self._hold = hold
                else:
                    await self._hold.renew(HOLD_SECONDS)
                self._held_at = now
                return
            # Someone gives it another title at this moment, or died while doing so.
            await metadata.end_left_change(self._to.dataset.name)
            await pause(attempt)
        raise ServiceUnavailable("The dataset keeps changing.")

    @property
    def _kept_hold(self) -> WriteLock:
        assert self._hold is not None, "an import that writes holds its dataset"
        return self._hold

    async def _check_rows(self) -> AsyncIterator[Rejections]:
        """Look at every row before the first one is written: whether it fits, and, of `append`, whether it is new."""
        async for chunk in self._chunks():
            items = [self._item(row, self._values(row)) for row in chunk]
            if self._plan.mode != "append":
                continue
            await self._keep_hold()
            found = await table.find_many([_address(item) for item in items])
            taken = [
                row
                for row, item in zip(chunk, items, strict=True)
                if (there := found.get(_address(item))) is not None and not self._is_own(there)
            ]
            if taken:
                places = [row["_record"] for row in taken]
                await self._connection.execute(f"DELETE FROM {STAGE} WHERE _record = ANY($1)", places)
                yield list_rejections([_existing_key(row, self._plan.key) for row in taken])

    async def finish(self, copied: int) -> Counts:  # noqa: ARG002  # rows that clashed have left the stage since
        """Write the staged rows; a generation of their own is shown by `show`.

        Raises:
            KeyColumnNotFound, ColumnsNotSupportedByStore: no column of a new dataset can be its key, or the
                store has no room for all of them.
            RecordTooLargeForStore: DynamoDB cannot hold a row.
        """
        if self._plan.new:
            self.key = list(self._plan.key) or [await self._find_key()]
            self._check_columns()
        if not self._to.dry_run and not self._is_shown:
            await self._to.begin()
        if self._in_place and self._plan.mode == "upsert":
            return await self._upsert_all()
        count = int(await self._connection.fetchval(f"SELECT count(*) FROM {STAGE}"))
        if not self._to.dry_run and not self._is_shown:
            await self._write_all()
        return Counts(added=count)

    async def show(self, dataset: Dataset) -> None:
        """Have readers see what was loaded; `dataset` is as it is about to be committed.

        Raises:
            ServiceUnavailable: the table does not answer, or the dataset is being changed.
        """
        for attempt in range(MOVE_ATTEMPTS):
            with suppress(DatasetMoved):
                if self._is_shown:
                    await generations.describe(dataset, self._shown)
                elif self._in_place:
                    # Released once it is committed: an attempt that follows finds no other writes in between.
                    await self._kept_hold.renew(HOLD_SECONDS)
                else:
                    await generations.show_generation(dataset, self._kept_hold, self._generation)
                return
            await metadata.end_left_change(dataset.name)
            await pause(attempt)
        raise ServiceUnavailable("The dataset keeps changing.")

    async def tidy(self) -> None:
        """Let single writes go on, or have what is replaced removed, after a while."""
        if self._in_place:
            await self._kept_hold.release()
        else:
            await generations.announce_removal()

    async def abandon(self) -> None:
        """Let single writes go on, and have what was written for nothing removed."""
        if self._hold is None:
            return
        try:
            async with asyncio.timeout(CLEAN_UP_SECONDS):
                with patience(0):
                    await self._clean_up(self._hold)
        except Exception as error:
            # What ended the import is what is told of it; the hold lapses, and what is left is removed in time.
            log.failure("import.not_cleaned_up", error, import_id=self._to.import_id)

    async def _clean_up(self, hold: WriteLock) -> None:
        if self._in_place and self._has_begun:
            # The attempt that follows must find the records as this one leaves them. Where none does, the hold lapses.
            return
        with suppress(DatasetMoved):
            await hold.release()
        if not self._in_place:
            await generations.retire(Retired(self._generation, self._plan.dataset, int(time.time())))
            await generations.announce_removal(0)

    async def _find_key(self) -> str:
        """The first candidate whose values are all different."""
        for name in self.candidates[:KEY_ATTEMPTS]:
            await self._connection.execute("SAVEPOINT before_key")
            try:
                await self._connection.execute(f"CREATE UNIQUE INDEX ON {STAGE} ({quote(name)})")
            except (asyncpg.UniqueViolationError, asyncpg.ProgramLimitExceededError):
                await self._connection.execute("ROLLBACK TO SAVEPOINT before_key")
            else:
                return name
        raise KeyColumnNotFound(
            "No column of the file has a different value in each record, and a key-value dataset needs a key.",
            hint="Create the dataset with its columns and a key of one or two of them, or as relational.",
        )

    def _check_columns(self) -> None:
        try:
            limits.check_definition(Definition(tuple(self._plan.columns), tuple(self.key)))
        except NotSupportedByStore as problem:
            raise ColumnsNotSupportedByStore(problem.detail, hint=problem.hint) from None

    @cached_property
    def _schema(self) -> DatasetSchema:
        """What the records are written by, once the key is known."""
        dataset, columns = self._to.dataset, self._plan.columns
        by_name = {column.name: column for column in columns}
        return DatasetSchema(
            id=dataset.id,
            updated_at=dataset.updated_at,
            name=dataset.name,
            title=None,
            description=None,
            columns=columns,
            key=[by_name[name] for name in self.key],
            store=dataset.store,
            generation=self._generation,
        )

    async def _chunks(self) -> AsyncIterator[list[asyncpg.Record]]:
        """The staged rows, some at a time: their values by column, their place, and the key as a text."""
        names = ", ".join(map(_selected, self._plan.loaded))
        key = ", ".join(quote(name) for name in self.key)
        query = f"SELECT {names}, {', '.join(PLACES)}, left(concat_ws(',', {key}), {VALUE_LIMIT}) AS _key FROM {STAGE}"
        chunk: list[asyncpg.Record] = []
        # Prepared here, as what is kept of another import's stage of the same name does not fit this one.
        statement = await self._connection.prepare(query)
        async for row in statement.cursor(prefetch=READ_ROWS):
            chunk.append(row)
            if len(chunk) == READ_ROWS:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _values(self, row: asyncpg.Record) -> Values:
        given = {name: row[name] for name in self._names}
        return {column.name: given.get(column.name) for column in self._plan.columns}

    def _item(self, row: asyncpg.Record, values: Values, outcome: str = ADDED) -> Attributes:
        try:
            item, _ = item_of(self._schema, values, str(self._to.import_id))
        except (KeyTooLong, RecordTooLarge) as error:
            raise RecordTooLargeForStore(
                f"The record in line {row['_line']:,}, with the key '{row['_key']}', does not fit: {error}.",
                hint="Shorten it, or import the file into a relational dataset.",
            ) from None
        return item | {OUTCOME: {"S": outcome}}

    def _is_own(self, item: Attributes) -> bool:
        """Whether an earlier attempt at this import wrote an item."""
        return bool(item.get("import") == {"S": str(self._to.import_id)})

    async def _write_all(self) -> None:
        """Write every staged row as a record of its own."""
        if not self._in_place:
            # Removed in time even if this worker dies and no other takes the import up.
            due = int(time.time() + get_settings().import_timeout_seconds)
            await generations.retire(Retired(self._generation, self._plan.dataset, due))
        async with self._batches() as batches:
            async for chunk in self._chunks():
                await self._keep_hold()
                # Few at a time: while items are made, those under way wait for this thread.
                for start in range(0, len(chunk), MAX_WRITTEN):
                    rows = chunk[start : start + MAX_WRITTEN]
                    await batches.add([self._item(row, self._values(row)) for row in rows])

    async def _upsert_all(self) -> Counts:
        """Add or change records by key; one that would not change is not written."""
        counts = Counts()
        async with self._batches() as batches:
            async for chunk in self._chunks():
                await self._keep_hold()
                found = await table.find_many([_address(self._item(row, self._values(row))) for row in chunk])
                changes = [change for row in chunk if (change := self._change(row, found, counts)) is not None]
                if not self._to.dry_run:
                    for start in range(0, len(changes), MAX_WRITTEN):
                        await batches.add(changes[start : start + MAX_WRITTEN])
        return counts

    def _change(self, row: asyncpg.Record, found: _Found, counts: Counts) -> Attributes | None:
        """The item that a row makes, None where there is nothing to write; counted as what it is."""
        there = found.get(_address(self._item(row, self._values(row))))
        if there is None:
            counts.added += 1
            return self._item(row, self._values(row))
        before = record_of(self._schema, there).values
        after = before | {name: row[name] for name in self._names}
        changes = show_record(self._schema.columns, after) != show_record(self._schema.columns, before)
        outcome = there[OUTCOME]["S"] if self._is_own(there) else CHANGED if changes else ""
        counts.added += outcome == ADDED
        counts.changed += outcome == CHANGED
        counts.unchanged += outcome == ""
        return self._item(row, after, outcome) if changes else None

    @asynccontextmanager
    async def _batches(self) -> AsyncIterator[Batches]:
        """Batches that are all written when the block ends, and given up when it raises."""
        self._has_begun = not self._to.dry_run
        batches = Batches(self._to.on_written, self._check_hold if self._in_place else None)
        keeper = asyncio.create_task(self._keep_holding())
        try:
            yield batches
            await batches.finish()
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await batches.abandon()

    async def _keep_holding(self) -> None:
        """Keep the hold while batches wait for the table; where it is lost, `_check_hold` ends them."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await self._keep_hold()

    def _check_hold(self) -> None:
        """Raise ServiceUnavailable where single writes may go on before a request is done that is made now."""
        if time.monotonic() - self._held_at > HOLD_SECONDS - WRITE_SECONDS:
            raise ServiceUnavailable("The dataset could not be locked against other writers.")


def _selected(column: Column) -> str:
    """A staged column as its values are written; of a document that is the text, which the driver would read."""
    name = quote(column.name)
    return f"{name}::text AS {name}" if column.type == "json" else name


def _address(item: Attributes) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _existing_key(row: asyncpg.Record, key: Sequence[str]) -> dict[str, Any]:
    """The rejection of a row whose key a record has."""
    return {
        "record": row["_record"],
        "line": row["_line"],
        "offset": row["_offset"],
        "column": ",".join(key),
        "value": row["_key"],
        "code": "existing_key",
        "message": "a record of the dataset already has it",
    }
