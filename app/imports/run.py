"""Run: one import from its file to its outcome, by one worker that holds its lease."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core import log
from app.core.db import driver_connection, is_passing, transaction
from app.core.dynamo_requests import patience
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings
from app.core.storage import StoredObject, storage_errors
from app.datasets.models import Dataset
from app.datasets.repository import find_dataset, lock_dataset, touch_dataset
from app.imports import errors, repository
from app.imports.cells import Conventions
from app.imports.dialect import Dialect, detect_dialect
from app.imports.formulas import formula_warning
from app.imports.infer import Proposal, TableInference
from app.imports.load import Clash, Counts, Loader, LoadPlan
from app.imports.load_keyvalue import Destination, KeyvalueLoader
from app.imports.match import match_columns
from app.imports.memory import give_back
from app.imports.models import Import, rejections_key
from app.imports.options import ImportOptions
from app.imports.parse import Layout
from app.imports.pipeline import EncodingInDoubt, Loading, ReadPlan, Validation, infer_sample
from app.imports.progress import Meter
from app.imports.report import Report, judge
from app.imports.repository import Lease
from app.imports.source import Source
from app.imports.surplus import trimmed_warning
from app.imports.turns import ImportPostponed, loading_transaction

HEARTBEAT_SECONDS = 1.0
# A record may be longer than a field, and an open quote is followed no further than this.
RECORD_PER_FIELD = 8


class LeaseLost(Exception):
    """The import was cancelled, or another worker has it."""


class ProposalOutdated(Exception):
    """The file's beginning suggested other columns than all of it does."""


@dataclass
class Outcome:
    """What an import shows beside its status."""

    dialect: dict[str, Any] = field(default_factory=dict)
    columns: list[dict[str, Any]] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


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
            errors.ImportBroken(
                "The import failed for a reason that is not in the file; nothing was loaded.",
                hint=f"Report the import's id, {row.id}: the worker's log has the reason.",
            )
        )


class _Runner:
    def __init__(self, row: Import, lease: Lease, stored: StoredObject) -> None:
        self._row = row
        self._lease = lease
        self._options = ImportOptions.model_validate(row.options)
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

    def _values(self, status: str, counts: Counts | None) -> dict[str, Any]:
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
            "result": None if counts is None else vars(counts),
        }

    async def _work(self) -> None:
        if self._row.attempts > repository.MAX_ATTEMPTS:
            raise errors.WorkerLost(
                f"{repository.MAX_ATTEMPTS} workers took the import up and none of them ended it.",
                hint=f"The worker's log has the reason, by the import's id, {self._row.id}. "
                "Split a file that takes more memory than a worker has.",
            )
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
            except Clash:
                staged = True
            else:
                return

    async def _take_slot(self) -> None:
        # Before the place is taken: a heartbeat that is under way would say otherwise of it for a moment.
        self._meter.is_long = True
        async with transaction() as session:
            if not await repository.take_slot(session, self._lease):
                raise ImportPostponed(takes_long=True)

    async def _attempt(self, *, staged: bool) -> None:
        """One try at the whole import; a try that fails leaves nothing behind."""
        await self._report.discard()
        self._report = Report(rejections_key(self._row.id))
        self._outcome = Outcome()
        self._meter.begin("reading")
        dialect = await self._detect_dialect()
        async with loading_transaction(self._row, takes_long=self._meter.is_long) as connection:
            dataset = await self._get_dataset(connection)
            plan = self._read_plan(dialect)
            sampled = None if dataset.columns or self._proposal else await self._sample_columns(plan)
            load = await self._load_plan(connection, dataset, dialect, staged=staged)
            self._describe(dialect, load)
            loader = await self._make_loader(connection, dataset, load)
            try:
                counts = await self._load(loader, plan, load, sampled)
                await self._commit(connection, dataset, load, counts, loader)
            except BaseException:
                await asyncio.shield(loader.abandon())
                raise
        self._is_committed = True
        log.event("import.finished", import_id=self._row.id, dataset=load.dataset, **vars(counts))
        if not self._row.dry_run:
            await self._tidy(loader)

    async def _detect_dialect(self) -> Dialect:
        sample, final = self._source.sample()
        dialect = await asyncio.to_thread(detect_dialect, sample, self._options, final=final)
        if not dialect.labels:
            raise errors.FileEmpty("The file has no header and no records.", hint="Upload a file with both.")
        limit = get_settings().max_columns
        if dialect.width > limit:
            raise errors.TooManyColumns(
                f"The file has {dialect.width} columns; {limit} is the most a dataset may have.",
                hint="Is the delimiter right? Give it as `delimiter`.",
            )
        return dialect

    async def _get_dataset(self, connection: AsyncConnection) -> Dataset:
        async with AsyncSession(connection, expire_on_commit=False) as session:
            dataset = await session.get(Dataset, self._row.dataset_id) if self._row.dataset_id else None
        if dataset is None:
            raise errors.DatasetDeleted(
                f"The dataset '{self._row.dataset_name}' was deleted before its import was done.",
                hint="Create it again and import the file into it.",
            )
        if self._row.mode == "upsert" and dataset.columns and not dataset.key:
            raise errors.ColumnsChanged(f"'{dataset.name}' has no key to update records by.")
        return dataset

    def _read_plan(self, dialect: Dialect) -> ReadPlan:
        options = self._options
        limit = get_settings().max_field_bytes
        nulls = (b"", *(null.encode() for null in options.nulls or ()))
        layout = Layout(dialect.width, nulls, options.pad_short_rows, limit, dialect.headers, dialect.surplus)
        conventions = Conventions(
            dialect.decimal_separator,
            dialect.thousands_separator,
            tuple(options.units or ()),
            options.booleans,
            options.date_format or {},
            options.timezone or "UTC",
            max(get_settings().max_document_bytes, limit),
        )
        return ReadPlan(dialect, layout, conventions, limit * RECORD_PER_FIELD)

    async def _sample_columns(self, plan: ReadPlan) -> TableInference:
        """Propose the columns that the file's first records suggest; answers what is known from these."""
        sampled = TableInference(plan.dialect.labels, plan.conventions)
        await asyncio.to_thread(infer_sample, plan, self._source, sampled)
        self._proposal = sampled.propose()
        return sampled

    async def _load_plan(
        self, connection: AsyncConnection, dataset: Dataset, dialect: Dialect, *, staged: bool
    ) -> LoadPlan:
        if not dataset.columns:
            assert self._proposal is not None
            columns = self._proposal.columns
            staged = dataset.store == "keyvalue"
            return LoadPlan(dataset.name, "append", columns, columns, self._proposal.keys, True, staged, {})
        columns = dataset.typed_columns
        loaded = match_columns(dialect.labels, columns, has_header=bool(dialect.header_line))
        references = {}
        async with AsyncSession(connection, expire_on_commit=False) as session:
            for name in {column.references for column in loaded if column.references}:
                target = await find_dataset(session, name)
                if target is not None:
                    references[name] = target.key_columns[0].name
        staged = staged or self._row.mode == "upsert" or dataset.store == "keyvalue"
        mode: Any = self._row.mode
        indexes = dataset.definition.indexes
        return LoadPlan(dataset.name, mode, columns, loaded, dataset.key, False, staged, references, indexes)

    def _describe(self, dialect: Dialect, load: LoadPlan) -> None:
        """Note what the import will show of the file and its columns."""
        source, outcome = self._source, self._outcome
        outcome.dialect = dialect.report() | {
            "encoding": source.encoding.name,
            "compression": source.compression,
            "timezone": self._options.timezone or "UTC",
        }
        outcome.warnings = [*source.warnings, *dialect.warnings]
        self._describe_columns(load)
        pairs = zip(dialect.labels, load.loaded, strict=True)
        outcome.renamed = {
            label: column.name for label, column in pairs if label != column.name and dialect.header_line
        }
        absent = [column.name for column in load.columns if column not in load.loaded]
        if absent:
            outcome.warnings.append(f"The file has no column {', '.join(absent)}: its records have null there.")

    def _describe_columns(self, load: LoadPlan) -> None:
        evidence = self._proposal.evidence if load.new and self._proposal else [[] for _ in load.loaded]
        self._outcome.columns = [
            column.model_dump(mode="json", exclude_none=True) | {"evidence": why}
            for column, why in zip(load.loaded, evidence, strict=True)
        ]

    async def _make_loader(self, connection: AsyncConnection, dataset: Dataset, load: LoadPlan) -> Loader:
        driver = await driver_connection(connection)
        if dataset.store == "relational":
            return Loader(driver, load)
        row = self._row
        to = Destination(dataset, row.id, row.attempts, row.dry_run, self._begin_writing, self._meter.note_written)
        return KeyvalueLoader(driver, load, to)

    async def _begin_writing(self) -> None:
        """Note that the import goes to its end from now on."""
        async with transaction() as session:
            if not await repository.renew_lease(session, self._lease, "committing", self._meter.document()):
                raise LeaseLost
        self._meter.rows_loaded = 0
        self._is_writing = True

    async def _load(self, loader: Loader, plan: ReadPlan, load: LoadPlan, sampled: TableInference | None) -> Counts:
        self._meter.begin("loading")
        # Of a new dataset these are candidates, which the inference has looked through.
        key = () if load.new else load.key
        stage = Validation(plan, self._source.encoding, list(load.loaded), key, with_places=load.staged)
        if sampled is not None:
            stage.watch(TableInference(plan.dialect.labels, plan.conventions), sampled.records)
        aborts = self._row.on_reject == "abort"
        loading = Loading(self._source, stage, self._meter, self._report, stops_at_rejection=aborts)
        if not self._row.dry_run:
            await loader.keep_writers_away()
        copied = await loader.copy(loading.rows())
        if stage.inference is not None:
            self._proposal = stage.inference.propose()
            if not stage.agrees:
                raise ProposalOutdated
            loader.candidates = self._proposal.keys
            self._describe_columns(load)
        if load.new and self._proposal:
            self._outcome.warnings += self._proposal.warnings
        loader.candidates = [name for name in loader.candidates if name not in stage.no_keys]
        self._meter.phase = "committing"
        async for clashes in loader.clashes():
            await self._report.add(clashes)
        self._meter.rows_rejected = self._report.rows
        self._meter.rows_loaded = self._meter.rows_read - self._report.rows
        if loading.trimmed:
            self._outcome.warnings.append(trimmed_warning(loading.trimmed, loading.trimmed_lines))
        for place, count in sorted((+loading.formulas).items()):
            self._outcome.warnings.append(formula_warning(load.loaded[place].name, count))
        await self._report.close()
        judge(self._row, self._report, self._meter.rows_read)
        counts = await loader.finish(copied)
        self._meter.rows_loaded = self._meter.rows_read - self._report.rows
        return counts

    async def _commit(
        self, connection: AsyncConnection, dataset: Dataset, load: LoadPlan, counts: Counts, loader: Loader
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
            values = self._values("succeeded", counts)
            if self._row.dry_run:
                await self._finish_dry_run(connection, values | {"dialect": values["dialect"] | {"key": loader.key}})
                return
            if load.new:
                columns = [
                    column.model_copy(update={"required": True}) if column.name in loader.key else column
                    for column in load.columns
                ]
                current.columns = [column.model_dump(mode="json", exclude_none=True) for column in columns]
                current.key = list(loader.key)
                await touch_dataset(session, current)
            await self._end(session, values)
            await loader.show(current)

    async def _tidy(self, loader: Loader) -> None:
        """Do what comes after the commit; an import that is done does not fail for it."""
        try:
            await loader.tidy()
        except Exception as error:
            log.failure("import.not_tidied", error, import_id=self._row.id)

    async def _finish_dry_run(self, connection: AsyncConnection, values: dict[str, Any]) -> None:
        await connection.rollback()
        async with transaction() as session:
            await self._end(session, values)

    async def _end(self, session: AsyncSession, values: dict[str, Any]) -> None:
        """Write the outcome, which the transaction's commit makes true."""
        if not await repository.finish_import(session, self._lease, values):
            raise LeaseLost
        self._is_ending = True
