"""Load into the key-value store: rows go to a stage in PostgreSQL first, and from there to DynamoDB.

A file that brings all records (`replace`, or any into a dataset without records) writes a generation of its own, which
is shown by one write. Other files are written among the records that are there; a worker that takes such an import up
again knows by the items what the one before has done. Single writes wait meanwhile.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import asyncpg

from app.core import log
from app.core.aws.dynamo_json import Attributes
from app.core.dynamo import table
from app.core.dynamo.requests import patience
from app.core.dynamo.table import MAX_WRITTEN
from app.core.settings import get_settings
from app.datasets.definition import Definition
from app.datasets.errors import NotSupportedByStore
from app.datasets.keyvalue import generations, limits
from app.datasets.keyvalue.generations import DatasetMoved, Retired, WriteLock
from app.datasets.models import Dataset
from app.datasets.schema import DatasetSchema
from app.imports.errors import ColumnsNotSupportedByStore, KeyColumnNotFound, RecordTooLargeForStore
from app.imports.load.batches import Batches
from app.imports.load.hold import KeptHold, outlast_changes
from app.imports.load.loader import KEY_ATTEMPTS, Counts, Loaded, LoadPlan
from app.imports.load.stage import ConflictQuery, Stage, repeated
from app.imports.report import Rejections, list_rejections
from app.records.documents import Values
from app.records.keyvalue.item import RecordTooLarge, item_of, record_of, show_record
from app.records.keyvalue.sort_key import KeyTooLong

CLEAN_UP_SECONDS = 5
# An item's mark apart from its record: the effect of its import.
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
    begin: Callable[[], Awaitable[None]]
    on_written: Callable[[int], None]


class KeyvalueLoader:
    """Loads one file by way of a stage; see `Loader`."""

    def __init__(self, *, connection: asyncpg.Connection, plan: LoadPlan, destination: Destination) -> None:
        self._plan = plan
        self._to = destination
        self._stage = Stage(connection, plan.loaded)
        self._names = [column.name for column in plan.loaded]
        self._key: Sequence[str] = plan.key
        self._shown = ""
        self._generation = ""
        self._in_place = False
        self._kept_hold: KeptHold | None = None
        self._has_begun = False

    @property
    def _is_shown(self) -> bool:
        """Return whether an earlier attempt at this import has published its records."""
        return self._shown.startswith(f"{self._to.import_id}.")

    @property
    def _hold(self) -> KeptHold:
        assert self._kept_hold is not None, "an import that writes holds its dataset"
        return self._kept_hold

    async def copy(self, *, rows: AsyncIterator[bytes]) -> None:
        """Send the rows to the stage."""
        await self._stage.fill(rows)

    async def reject_conflicts(self) -> AsyncIterator[Rejections]:
        """Take the staged rows out that conflict with each other or with records that are there."""
        await self._prepare()
        key = self._plan.key
        queries = [ConflictQuery(",".join(key), "repeated_key", repeated(key))] if key else []
        async for found in self._stage.reject(queries):
            yield found
        if self._in_place:
            async for found in self._check_rows():
                yield found

    async def _prepare(self) -> None:
        """Find the target of the records, and lock single writes out of it."""
        dataset, plan = self._to.dataset, self._plan
        self._shown = await generations.shown_generation(dataset)
        self._generation = f"{self._to.import_id}.{self._to.attempt}"
        if self._is_shown:
            return
        if not plan.dry_run:
            self._kept_hold = KeptHold(WriteLock(dataset, self._shown, self._generation))
            await self._kept_hold.keep()
        brings_all = plan.new or plan.mode == "replace"
        self._in_place = not brings_all and await generations.has_records(self._shown)
        if self._in_place:
            self._generation = self._shown

    async def _keep_hold(self) -> None:
        if self._kept_hold is not None:
            await self._kept_hold.keep()

    async def _check_rows(self) -> AsyncIterator[Rejections]:
        """Look at every row before the first one is written: whether it fits, and, of `append`, whether it is new."""
        async for chunk in self._stage.chunks(self._key):
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
                await self._stage.remove([row["_record"] for row in taken])
                yield list_rejections([_existing_key(row, self._plan.key) for row in taken])

    async def finish(self, *, key_candidates: Sequence[str]) -> Loaded:
        """Write the staged rows; a generation of their own is shown by `publish`.

        Raises:
            KeyColumnNotFound, ColumnsNotSupportedByStore: no column of a new dataset can be its key, or the store
                has no room for all of them.
            RecordTooLargeForStore: DynamoDB cannot hold a row.
        """
        if self._plan.new:
            self._key = self._plan.key or [await self._find_key(key_candidates)]
            self._check_columns()
        writes = not self._plan.dry_run and not self._is_shown
        if writes:
            await self._to.begin()
        if self._in_place and self._plan.mode == "upsert":
            counts = await self._upsert_all()
        else:
            counts = Counts(added=await self._stage.count())
            if writes:
                await self._write_all()
        return Loaded(counts, self._key, self._plan.indexes)

    async def publish(self, *, dataset: Dataset) -> None:
        """Show readers what was loaded; `dataset` is as it is about to be committed.

        Raises:
            ServiceUnavailable: the table does not answer, or the dataset is being changed.
        """

        async def show() -> None:
            if self._is_shown:
                await generations.describe(dataset, self._shown)
            elif self._in_place:
                # Released once it is committed: an attempt that follows finds no other writes in between.
                await self._hold.renew()
            else:
                await generations.show_generation(dataset, self._hold.hold, self._generation)

        await outlast_changes(dataset.name, show)

    async def after_commit(self) -> None:
        """Let single writes go on, or have what is replaced removed, after a while."""
        if self._in_place:
            await self._hold.release()
        else:
            await generations.announce_removal()

    async def rollback(self) -> None:
        """Let single writes go on, and have what was written for nothing removed."""
        if self._kept_hold is None or not self._kept_hold.is_taken:
            return
        try:
            async with asyncio.timeout(CLEAN_UP_SECONDS):
                with patience(0):
                    await self._clean_up(self._kept_hold)
        except Exception as error:
            # What ended the import is what is reported of it; the hold lapses, and what is left is removed in time.
            log.failure("import.not_cleaned_up", error, import_id=self._to.import_id)

    async def _clean_up(self, hold: KeptHold) -> None:
        if self._in_place and self._has_begun:
            # The attempt that follows must find the records as this one leaves them. If none does, the hold lapses.
            return
        with suppress(DatasetMoved):
            await hold.release()
        if not self._in_place:
            await generations.retire(Retired(self._generation, self._plan.dataset, int(time.time())))
            await generations.announce_removal(0)

    async def _find_key(self, candidates: Sequence[str]) -> str:
        """The first candidate whose values are all different."""
        for name in candidates[:KEY_ATTEMPTS]:
            if await self._stage.is_unique(name):
                return name
        raise KeyColumnNotFound(
            "No column of the file has a different value in each record, and a key-value dataset needs a key.",
            hint="Create the dataset with its columns and a key of one or two of them, or as relational.",
        )

    def _check_columns(self) -> None:
        try:
            limits.check_definition(Definition(tuple(self._plan.columns), tuple(self._key)))
        except NotSupportedByStore as problem:
            raise ColumnsNotSupportedByStore(problem.detail, hint=problem.hint) from None

    @cached_property
    def _schema(self) -> DatasetSchema:
        """The schema to write the records by, once the key is known."""
        dataset, columns = self._to.dataset, self._plan.columns
        by_name = {column.name: column for column in columns}
        return DatasetSchema(
            id=dataset.id,
            updated_at=dataset.updated_at,
            name=dataset.name,
            title=None,
            description=None,
            columns=columns,
            key=[by_name[name] for name in self._key],
            store=dataset.store,
            generation=self._generation,
        )

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
        """Return whether an earlier attempt at this import wrote an item."""
        return bool(item.get("import") == {"S": str(self._to.import_id)})

    async def _write_all(self) -> None:
        """Write every staged row as a record of its own."""
        if not self._in_place:
            # Removed in time even if this worker dies and no other takes the import up.
            due = int(time.time() + get_settings().import_timeout_seconds)
            await generations.retire(Retired(self._generation, self._plan.dataset, due))
        async with self._batches() as batches:
            async for chunk in self._stage.chunks(self._key):
                await self._keep_hold()
                # Few at a time: while items are built, those under way wait for this thread.
                for start in range(0, len(chunk), MAX_WRITTEN):
                    rows = chunk[start : start + MAX_WRITTEN]
                    await batches.add([self._item(row, self._values(row)) for row in rows])

    async def _upsert_all(self) -> Counts:
        """Add or change records by key; one that would not change is not written."""
        counts = Counts()
        async with self._batches() as batches:
            async for chunk in self._stage.chunks(self._key):
                await self._keep_hold()
                found = await table.find_many([_address(self._item(row, self._values(row))) for row in chunk])
                changes = [change for row in chunk if (change := self._change(row, found, counts)) is not None]
                if not self._plan.dry_run:
                    for start in range(0, len(changes), MAX_WRITTEN):
                        await batches.add(changes[start : start + MAX_WRITTEN])
        return counts

    def _change(self, row: asyncpg.Record, found: _Found, counts: Counts) -> Attributes | None:
        """The item of a row, None if there is nothing to write; counted as what it is."""
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
        self._has_begun = not self._plan.dry_run
        hold = self._kept_hold
        batches = Batches(self._to.on_written, hold.check if hold is not None and self._in_place else None)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(batches.abandon)
            if hold is not None:
                await stack.enter_async_context(hold.kept())
            yield batches
            await batches.finish()


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
