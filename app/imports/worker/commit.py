"""Commit: the end of an import, written in one place; what is to follow from one attaches here.

A load and its import's outcome are there together, or neither is.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core import log
from app.core.database.sessions import transaction
from app.datasets.models import Dataset
from app.datasets.repository import lock_dataset, touch_dataset
from app.imports import errors, repository
from app.imports.load.loader import Loaded, Loader
from app.imports.models import Import
from app.imports.repository import Lease
from app.imports.worker.claim import Claim, LeaseLost
from app.imports.worker.outcome import Outcome, list_resettled
from app.imports.worker.plan import ImportPlan, settle


async def end_import(session: AsyncSession, lease: Lease, values: dict[str, Any]) -> bool:
    """End an import with its outcome, which the transaction's commit makes true; False if the lease is lost.

    Every end that a worker gives an import comes by here.
    """
    return await repository.finish_import(session, lease, values)


async def record_failure(lease: Lease, problem: dict[str, Any], values: dict[str, Any]) -> bool:
    """End an import that has failed; False if the lease is lost."""
    async with transaction() as session:
        return await end_import(session, lease, {**values, "status": "failed", "problem": problem})


@dataclass(frozen=True, kw_only=True)
class Commit:
    """The commit of one load, by the connection whose transaction it is in."""

    connection: AsyncConnection
    row: Import
    claim: Claim
    dataset: Dataset
    plan: ImportPlan
    loader: Loader
    outcome: Outcome

    async def record(self, loaded: Loaded) -> None:
        """Record the outcome in the transaction that loads.

        Raises:
            DatasetDeleted, ColumnsChanged: the dataset is another one than when the load began.
            FileWithoutRecords: there is nothing to infer columns from.
            LeaseLost: the import is another worker's, or cancelled.
        """
        async with AsyncSession(self.connection, expire_on_commit=False) as session:
            current = self._check_unchanged(await lock_dataset(session, self.dataset.id))
            if self.plan.leaves_open(self.outcome.meter.rows_read):
                self._leave_open()
                await self._end_without_load(self.outcome.values("succeeded", loaded))
                return
            if self.plan.load.new and self.dataset.columns:
                self._warn_of_resettled(loaded)
            values = self.outcome.values("succeeded", loaded)
            if self.row.dry_run:
                await self._end_without_load(values | {"dialect": values["dialect"] | {"key": list(loaded.key)}})
                return
            await self._settle(session, current, loaded)
            await self._end(session, values)
            await self.loader.publish(dataset=current)

    def _check_unchanged(self, current: Dataset | None) -> Dataset:
        dataset = self.dataset
        if current is None:
            raise errors.DatasetDeleted(f"The dataset '{dataset.name}' was deleted while its file was read.")
        if current.columns != dataset.columns or current.key != dataset.key or current.name != dataset.name:
            raise errors.ColumnsChanged(
                f"The columns of '{dataset.name}' were changed while its file was read.", hint="Import it again."
            )
        return current

    def _leave_open(self) -> None:
        """Say that the dataset's columns are as open as before.

        Raises:
            FileWithoutRecords: it has columns, which were to be inferred again.
        """
        if self.dataset.columns:
            raise errors.FileWithoutRecords(
                "The file has a header and no records: there is nothing to infer the columns from.",
                hint="Import a file with records, or leave `infer_again` out.",
            )
        self.outcome.describe_open()

    def _warn_of_resettled(self, loaded: Loaded) -> None:
        self.outcome.warnings += list_resettled(self.dataset, self.plan.load.columns, loaded.key, loaded.indexes)

    async def _settle(self, session: AsyncSession, current: Dataset, loaded: Loaded) -> None:
        """Note with the dataset the columns that the file has settled, or proved to be written in some way."""
        load = self.plan.load
        if load.new:
            settle(current, load, loaded.key, loaded.indexes)
        elif load.columns != self.dataset.typed_columns:
            settle(current, load, loaded.key, load.indexes)
        else:
            return
        await touch_dataset(session, current)

    async def _end_without_load(self, values: dict[str, Any]) -> None:
        await self.connection.rollback()
        async with transaction() as session:
            await self._end(session, values)
        await self.loader.rollback()

    async def _end(self, session: AsyncSession, values: dict[str, Any]) -> None:
        if not await end_import(session, self.claim.lease, values):
            raise LeaseLost
        self.claim.is_ending = True

    async def follow(self, loaded: Loaded) -> None:
        """Do what comes after the commit; an import that is done does not fail for it."""
        self.claim.is_committed = True
        log.event("import.finished", import_id=self.row.id, dataset=self.plan.load.dataset, **vars(loaded.counts))
        if self.row.dry_run or self.plan.leaves_open(self.outcome.meter.rows_read):
            return
        try:
            await self.loader.after_commit()
        except Exception as error:
            log.failure("import.not_followed_up", error, import_id=self.row.id)
