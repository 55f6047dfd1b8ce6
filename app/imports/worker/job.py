"""Run: one import from its file to its outcome, by one worker that holds its lease."""

import asyncio
from itertools import chain
from typing import Any

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core import log
from app.core.aws.storage import StoredObject, storage_errors
from app.core.database.sessions import driver_connection, is_passing, transaction
from app.core.dynamo.requests import patience
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings
from app.datasets.import_options import ImportOptions
from app.datasets.models import Dataset
from app.datasets.repository import lock_dataset, touch_dataset
from app.imports import errors, repository
from app.imports.choices import first_mistake
from app.imports.formats.csv.dialect import Dialect, detect_dialect
from app.imports.inference.chosen import infer_table
from app.imports.inference.infer import Proposal, TableInference
from app.imports.inference.match import Match
from app.imports.load.keyvalue import Destination, KeyvalueLoader
from app.imports.load.loader import Counts, Loaded, Loader, LoadPlan, RowsConflict
from app.imports.load.relational import RelationalLoader
from app.imports.models import Import, rejections_key
from app.imports.report import Report, judge
from app.imports.repository import Lease
from app.imports.source.encoding import EncodingInDoubt
from app.imports.source.source import Source
from app.imports.worker.memory import give_back
from app.imports.worker.outcome import Outcome, list_resettled
from app.imports.worker.pipeline import Loading, Validation, infer_sample, settle_sample
from app.imports.worker.plan import (
    FilePlan,
    check_settled,
    plan_file,
    plan_load,
    settle,
)
from app.imports.worker.progress import Meter
from app.imports.worker.turns import ImportPostponed, loading_transaction

HEARTBEAT_SECONDS = 1.0


class LeaseLost(Exception):
    """The import was cancelled, or another worker has it."""


class ProposalOutdated(Exception):
    """The file's beginning suggested other columns than all of it does."""


async def run_import(row: Import, lease: Lease, stored: StoredObject, seconds: float) -> None:
    """Do an import that has been claimed, within `seconds`, and record how it ended.

    Raises:
        ImportPostponed: it has not begun, and is to be taken up later.

    What fails for a passing reason (a database or a bucket that does not answer) is raised, for the import to be tried
    again once its lease has ended.
    """
    runner = _Runner(row, lease, stored)
    try:
        await runner.run(seconds)
    except errors.ImportFailed as problem:
        await runner.fail(problem)
    except LeaseLost:
        log.event("import.lost", import_id=row.id)
    except ImportPostponed:
        raise
    except Exception as error:
        if is_passing(error) or isinstance(error, (*storage_errors(), ServiceUnavailable)):
            raise
        log.failure("import.broken", error, import_id=row.id)
        await runner.fail(
            errors.InternalImportError(
                "The import failed because of an error in the server; nothing was loaded.",
                hint=f"Report the import's id, {row.id}: the worker's log has the reason.",
            )
        )


class _Runner:
    def __init__(self, row: Import, lease: Lease, stored: StoredObject) -> None:
        self._row = row
        self._lease = lease
        self._stored = stored
        self._options = ImportOptions.model_validate(row.options)
        # Those that are the dataset's.
        self._kept_options: dict[str, Any] = {}
        self._source = Source(stored, self._options)
        self._meter = Meter(stored.size)
        self._report = Report(rejections_key(row.id))
        self._outcome = Outcome()
        self._proposal: Proposal | None = None
        self._is_writing = False
        self._is_lost = False
        # Its outcome is written, and nobody else can take it up: the commit follows, and then what comes after that.
        self._is_ending = False
        self._is_committed = False

    async def run(self, seconds: float) -> None:
        work = asyncio.create_task(self._work())
        keeper = asyncio.create_task(self._keep_lease(work))
        try:
            await asyncio.wait({work}, timeout=seconds)
        finally:
            for task in (work, keeper):
                task.cancel()
            await asyncio.gather(work, keeper, return_exceptions=True)
            await self._source.close()
            await asyncio.to_thread(give_back)
        if not work.cancelled():
            work.result()
        elif self._is_lost:
            raise LeaseLost
        elif not self._is_committed:
            became = "some of it is written" if self._is_writing else "nothing was loaded"
            raise errors.ImportTimedOut(
                f"The import was stopped after {seconds:.0f} seconds; {became}.",
                hint="Split the file, or give the worker more time.",
            )

    async def _keep_lease(self, work: "asyncio.Task[None]") -> None:
        """Renew the lease and show the progress every second; cancels the work when the import is lost."""
        kept = True
        while not self._is_ending:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                async with transaction() as session:
                    document = self._meter.document()
                    kept = await repository.renew_lease(session, self._lease, self._meter.phase, document)
            except Exception as error:
                # The lease outlives a few failures; what loads fails by itself when the database is gone.
                log.failure("import.lease_not_renewed", error, import_id=self._row.id)
            # One that waited for the import's own commit finds it ended, which is not lost.
            if not kept and not self._is_ending:
                self._is_lost = True
                work.cancel()
                return

    async def fail(self, problem: errors.ImportFailed) -> None:
        """Record that it failed and why; only rows that are written among other records count as loaded."""
        if not self._is_writing:
            self._meter.rows_loaded = 0
        document = problem.document(log.request_id.get())
        async with transaction() as session:
            recorded = await repository.finish_import(
                session, self._lease, self._values("failed", None) | {"problem": document}
            )
        log.event("import.failed" if recorded else "import.lost", import_id=self._row.id, problem=document["type"])

    def _values(self, status: str, loaded: Loaded | None) -> dict[str, Any]:
        outcome = self._outcome
        return {
            "status": status,
            "dialect": outcome.dialect,
            "columns": outcome.columns,
            "renamed": outcome.renamed,
            "warnings": outcome.warnings,
            "progress": self._meter.document(),
            "totals": self._report.totals,
            "rejections": self._report.rejections,
            "result": None if loaded is None else vars(loaded.counts),
        }

    async def _work(self) -> None:
        if self._row.attempts > repository.MAX_ATTEMPTS:
            raise errors.WorkerLost(
                f"{repository.MAX_ATTEMPTS} workers started the import and none of them finished it.",
                hint=f"The worker's log has the reason, by the import's id, {self._row.id}. "
                "Split a file that takes more memory than a worker has.",
            )
        await self._take_options()
        await self._source.open()
        if not self._source.is_short:
            await self._take_slot()
        staged = False
        while True:
            try:
                with patience(get_settings().keyvalue_patience_seconds):
                    await self._attempt(staged=staged)
            except EncodingInDoubt:
                await self._source.take_census()
                self._proposal = None
            except ProposalOutdated:
                log.event("import.reread", import_id=self._row.id)
            except RowsConflict:
                staged = True
            else:
                return

    async def _take_options(self) -> None:
        """Complete the import's options with its dataset's."""
        async with transaction() as session:
            kept = await repository.find_import_options(session, self._row.dataset_id)
        self._kept_options = {name: value for name, value in kept.items() if name not in self._row.options}
        if not self._kept_options:
            return
        try:
            self._options = ImportOptions.model_validate(self._kept_options | self._row.options)
        except ValidationError as error:
            raise errors.OptionsMismatch(
                f"The import's options do not go with those of its dataset: {first_mistake(error)}.",
                hint="Change the dataset's `import_options`, or give what differs with the import.",
            ) from None
        self._source = Source(self._stored, self._options)

    async def _take_slot(self) -> None:
        # Before the place is taken: a heartbeat that is under way would say otherwise of it for a moment.
        self._meter.is_long = True
        async with transaction() as session:
            if not await repository.take_slot(session, self._lease):
                raise ImportPostponed(takes_long=True)

    async def _attempt(self, *, staged: bool) -> None:
        """One try at the whole import; a failed try leaves nothing in the dataset."""
        await self._report.discard()
        self._report = Report(rejections_key(self._row.id))
        self._outcome = Outcome()
        self._meter.begin("reading")
        dialect = await self._detect_dialect()
        async with loading_transaction(self._row, takes_long=self._meter.is_long) as connection:
            dataset = await self._get_dataset(connection)
            plan = plan_file(self._row, dataset, dialect, self._options)
            sampled = await self._sample_columns(plan) if plan.settles and self._proposal is None else None
            if plan.match is not None:
                await asyncio.to_thread(self._settle_columns, plan, plan.match)
            load = await plan_load(connection, self._row, dataset, plan, self._proposal, staged=staged)
            self._outcome.describe(dialect, self._source, plan, load)
            self._outcome.describe_options(self._kept_options)
            self._outcome.describe_columns(load, self._proposal)
            loader = await self._make_loader(connection, dataset, load)
            try:
                loaded = await self._load(loader, plan, load, sampled)
                await self._commit(connection, dataset, load, loaded, loader)
            except BaseException:
                await asyncio.shield(loader.rollback())
                raise
        self._is_committed = True
        log.event("import.finished", import_id=self._row.id, dataset=load.dataset, **vars(loaded.counts))
        if not self._row.dry_run and not self._leaves_open(load):
            await self._follow_up(loader)

    async def _detect_dialect(self) -> Dialect:
        sample, final = self._source.sample()
        dialect = await asyncio.to_thread(detect_dialect, sample, self._options, final=final)
        if not dialect.labels:
            raise errors.FileEmpty("The file has no header and no records.", hint="Upload a file with both.")
        self._source.check_names(chain.from_iterable(dialect.headers), dialect.header_line)
        limit = get_settings().max_columns
        if dialect.width > limit:
            raise errors.FileTooWide(
                f"The file has {dialect.width:,} columns; {limit:,} is the most a dataset may have.",
                hint=f"Is the delimiter '{dialect.grammar.delimiter.decode()}' right? Give it as `delimiter`. "
                "(TOLVA_MAX_COLUMNS)",
            )
        return dialect

    async def _get_dataset(self, connection: AsyncConnection) -> Dataset:
        async with AsyncSession(connection, expire_on_commit=False) as session:
            dataset = await session.get(Dataset, self._row.dataset_id) if self._row.dataset_id else None
        if dataset is None:
            raise errors.DatasetDeleted(
                f"The dataset '{self._row.dataset_name}' was deleted before its import finished.",
                hint="Create it again and import the file into it.",
            )
        if self._row.mode == "upsert" and dataset.columns and not dataset.key:
            raise errors.ColumnsChanged(f"'{dataset.name}' has no key to update records by.")
        return dataset

    async def _sample_columns(self, plan: FilePlan) -> TableInference:
        """Propose the columns that the file's first records suggest; answers what is known from these."""
        sampled = infer_table(plan.selection, plan.read.conventions)
        await asyncio.to_thread(infer_sample, plan.read, self._source, sampled)
        self._proposal = sampled.propose()
        return sampled

    def _settle_columns(self, plan: FilePlan, match: Match) -> None:
        """Store the formats that the file's first records prove with the dataset's columns."""
        open_ones = {
            place: column
            for place, column in enumerate(match.columns)
            if column is not None and place not in match.stated
        }
        places = list(open_ones)
        columns, may_be_export = list(open_ones.values()), match.has_own_header
        settled = settle_sample(plan.read, self._source, columns, places, may_be_export=may_be_export)
        for place, column in zip(places, settled.columns, strict=True):
            match.columns[place] = column
        match.apart |= {places[index] for index in settled.apart}
        match.warnings += settled.warnings

    async def _make_loader(self, connection: AsyncConnection, dataset: Dataset, load: LoadPlan) -> Loader:
        driver = await driver_connection(connection)
        if dataset.can.has_table:
            return RelationalLoader(connection=driver, plan=load)
        to = Destination(dataset, self._row.id, self._row.attempts, self._begin_writing, self._meter.note_written)
        return KeyvalueLoader(connection=driver, plan=load, destination=to)

    async def _begin_writing(self) -> None:
        """Note that the import goes to its end from now on."""
        async with transaction() as session:
            if not await repository.renew_lease(session, self._lease, "committing", self._meter.document()):
                raise LeaseLost
        self._meter.rows_loaded = 0
        self._is_writing = True

    async def _load(self, loader: Loader, plan: FilePlan, load: LoadPlan, sampled: TableInference | None) -> Loaded:
        self._meter.begin("loading")
        encoding = self._source.encoding
        stage = Validation(plan.read, encoding, list(load.loaded), load.key, load.picked, with_places=load.staged)
        if sampled is not None:
            stage.watch(infer_table(plan.selection, plan.read.conventions), sampled.records)
        aborts = self._row.on_reject == "abort"
        loading = Loading(self._source, stage, self._meter, self._report, stops_at_rejection=aborts)
        await loader.copy(rows=loading.rows())
        key_candidates = self._conclude(stage, load)
        self._meter.phase = "committing"
        async for conflicts in loader.reject_conflicts():
            await self._report.add(conflicts)
        self._meter.rows_rejected = self._report.rows
        self._meter.rows_loaded = self._meter.rows_read - self._report.rows
        self._outcome.warnings += loading.list_warnings(load.loaded)
        await self._report.close()
        judge(self._row, self._report, self._meter.rows_read, self._source.encoding_hint)
        if self._leaves_open(load):
            return Loaded(Counts(), load.key, load.indexes)
        loaded = await loader.finish(key_candidates=key_candidates)
        self._meter.rows_loaded = self._meter.rows_read - self._report.rows
        return loaded

    def _conclude(self, stage: Validation, load: LoadPlan) -> list[str]:
        """Take over what all of the file says of columns that it settles; answers which of them may be the key.

        Raises:
            ProposalOutdated: its beginning said otherwise.
        """
        candidates = load.key_candidates
        if stage.inference is not None:
            self._proposal = stage.inference.propose()
            check_settled(load, self._proposal)
            if not stage.agrees:
                raise ProposalOutdated
            if candidates:
                candidates = self._proposal.keys
            self._outcome.describe_columns(load, self._proposal)
        if load.new and self._proposal:
            self._outcome.warnings += self._proposal.warnings
        return [name for name in candidates if name not in stage.no_keys]

    def _leaves_open(self, load: LoadPlan) -> bool:
        """Return whether the file has no record to determine a dataset's columns."""
        return load.new and self._meter.rows_read == 0

    async def _commit(
        self, connection: AsyncConnection, dataset: Dataset, load: LoadPlan, loaded: Loaded, loader: Loader
    ) -> None:
        """Record the outcome in the transaction that loads: both are there, or neither."""
        async with AsyncSession(connection, expire_on_commit=False) as session:
            current = await lock_dataset(session, dataset.id)
            if current is None:
                raise errors.DatasetDeleted(f"The dataset '{dataset.name}' was deleted while its file was read.")
            if current.columns != dataset.columns or current.key != dataset.key or current.name != dataset.name:
                raise errors.ColumnsChanged(
                    f"The columns of '{dataset.name}' were changed while its file was read.", hint="Import it again."
                )
            if self._leaves_open(load):
                self._leave_open(dataset)
            elif load.new and dataset.columns:
                self._outcome.warnings += list_resettled(dataset, load.columns, loaded.key, loaded.indexes)
            values = self._values("succeeded", loaded)
            if self._leaves_open(load):
                await self._finish_without_load(connection, values)
                await loader.rollback()
                return
            if self._row.dry_run:
                await self._finish_without_load(
                    connection, values | {"dialect": values["dialect"] | {"key": list(loaded.key)}}
                )
                return
            if load.new:
                settle(current, load, loaded.key, loaded.indexes)
                await touch_dataset(session, current)
            elif load.columns != dataset.typed_columns:
                # What the file proved of how its values are written is known from now on.
                settle(current, load, loaded.key, load.indexes)
                await touch_dataset(session, current)
            await self._end(session, values)
            await loader.publish(dataset=current)

    def _leave_open(self, dataset: Dataset) -> None:
        """Say that the dataset's columns are as open as before.

        Raises:
            FileWithoutRecords: it has columns, which were to be inferred again.
        """
        if dataset.columns:
            raise errors.FileWithoutRecords(
                "The file has a header and no records: there is nothing to infer the columns from.",
                hint="Import a file with records, or leave `infer_again` out.",
            )
        self._outcome.describe_open()

    async def _follow_up(self, loader: Loader) -> None:
        """Do what comes after the commit; an import that is done does not fail for it."""
        try:
            await loader.after_commit()
        except Exception as error:
            log.failure("import.not_tidied", error, import_id=self._row.id)

    async def _finish_without_load(self, connection: AsyncConnection, values: dict[str, Any]) -> None:
        await connection.rollback()
        async with transaction() as session:
            await self._end(session, values)

    async def _end(self, session: AsyncSession, values: dict[str, Any]) -> None:
        """Write the outcome, which the transaction's commit makes true."""
        if not await repository.finish_import(session, self._lease, values):
            raise LeaseLost
        self._is_ending = True
