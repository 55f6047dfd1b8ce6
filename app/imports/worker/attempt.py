"""Attempt: one try at an import, in a transaction that comes to all of it or nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core.database.sessions import driver_connection
from app.core.settings import get_settings
from app.datasets.import_options import ImportOptions
from app.datasets.models import Dataset
from app.imports import errors
from app.imports.formats.csv.dialect import Dialect, detect_dialect
from app.imports.inference.chosen import infer_table
from app.imports.inference.infer import Proposal
from app.imports.load.keyvalue import Destination, KeyvalueLoader
from app.imports.load.loader import Counts, Loaded, Loader, LoadPlan
from app.imports.load.relational import RelationalLoader
from app.imports.models import Import
from app.imports.source.source import Source
from app.imports.worker.claim import Claim
from app.imports.worker.commit import Commit
from app.imports.worker.image_lookup import load_image_names
from app.imports.worker.loading import Loading
from app.imports.worker.outcome import Outcome
from app.imports.worker.pictures import ArrivedPicture, names_of
from app.imports.worker.plan import FilePlan, ImportPlan, check_settled, plan_file, plan_load
from app.imports.worker.policy import check_policy
from app.imports.worker.sample import infer_sample, settle_match
from app.imports.worker.turns import loading_transaction
from app.imports.worker.validation import Validation, Watch


class ProposalOutdated(Exception):
    """The file's beginning suggested other columns than all of it does."""


@dataclass(frozen=True)
class ImportFile:
    """The file of an import, and how it is written as the import's options say, or the dataset's: those are `kept`.

    `pictures` came with it in an archive, of which there may be `warnings`.
    """

    source: Source
    options: ImportOptions
    kept: dict[str, Any]
    pictures: Sequence[ArrivedPicture] = ()
    warnings: Sequence[str] = ()


class Attempt:
    """One try at an import; if it fails it leaves nothing, but for `proposal`, which says what it knew of columns."""

    def __init__(
        self,
        *,
        row: Import,
        claim: Claim,
        file: ImportFile,
        outcome: Outcome,
        proposal: Proposal | None,
        staged: bool,
    ) -> None:
        self._row = row
        self._claim = claim
        self._meter = claim.meter
        self._file = file
        self._source = file.source
        self._outcome = outcome
        self._report = outcome.report
        self._staged = staged
        self.proposal = proposal

    async def run(self) -> None:
        """Import the file.

        Raises:
            EncodingInDoubt, ProposalOutdated, RowsConflict: another attempt, which knows more, will do better.
            ImportFailed, ImportPostponed, LeaseLost: this is its end, or it is not its turn.
        """
        self._meter.begin("reading")
        dialect = await self._detect_dialect()
        async with loading_transaction(self._row, takes_long=self._meter.is_long) as connection:
            dataset = await self._get_dataset(connection)
            plan = await self._plan(connection, dataset, dialect)
            self._outcome.describe(self._source, plan, self._file.kept)
            self._outcome.warnings += self._file.warnings
            self._outcome.arrived = {found.image: found.filename for found in self._file.pictures if not found.problem}
            loader = await self._make_loader(connection, dataset, plan.load)
            commit = Commit(
                connection=connection,
                row=self._row,
                claim=self._claim,
                dataset=dataset,
                plan=plan,
                loader=loader,
                outcome=self._outcome,
            )
            try:
                loaded = await self._load(loader, plan)
                await commit.record(loaded)
            except BaseException:
                await asyncio.shield(loader.rollback())
                raise
        await commit.follow(loaded)

    async def _detect_dialect(self) -> Dialect:
        sample, final = self._source.sample()
        dialect = await asyncio.to_thread(detect_dialect, sample, self._file.options, final=final)
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
                f"The dataset '{self._row.dataset_name}' was deleted before its import was done.",
                hint="Create it again and import the file into it.",
            )
        if self._row.mode == "upsert" and dataset.columns and not dataset.key:
            raise errors.ColumnsChanged(f"'{dataset.name}' has no key to update records by.")
        return dataset

    async def _plan(self, connection: AsyncConnection, dataset: Dataset, dialect: Dialect) -> ImportPlan:
        """Settle how the file is read and what of it is loaded, by its first records if it comes to them."""
        nulls = self._file.options.missing_images == "null"
        aliases = names_of(self._file.pictures)
        images = await load_image_names(dataset.id, aliases=aliases, nulls_missing=nulls)
        file = plan_file(self._row, dataset, dialect, self._file.options, images)
        sampled = None
        if file.match is not None:
            match = await asyncio.to_thread(settle_match, file.match, file.read, self._source)
            file = FilePlan(file.selection, match, file.read)
        elif self.proposal is None:
            inference = await asyncio.to_thread(infer_sample, file, self._source)
            self.proposal, sampled = inference.propose(), inference.records
        load = await plan_load(connection, self._row, dataset, file, self.proposal, staged=self._staged)
        return ImportPlan(dialect=dialect, file=file, load=load, proposal=self.proposal, sampled=sampled)

    async def _make_loader(self, connection: AsyncConnection, dataset: Dataset, load: LoadPlan) -> Loader:
        driver = await driver_connection(connection)
        if dataset.can.has_table:
            return RelationalLoader(connection=driver, plan=load)
        destination = Destination(
            dataset, self._row.id, self._row.attempts, self._claim.begin_writing, self._meter.note_written
        )
        return KeyvalueLoader(connection=driver, plan=load, destination=destination)

    async def _load(self, loader: Loader, plan: ImportPlan) -> Loaded:
        self._meter.begin("loading")
        loading = self._prepare(plan)
        self._outcome.images = loading.images
        await loader.copy(rows=loading.rows())
        key_candidates = self._conclude(plan, loading.validation)
        await self._reject_conflicts(loader)
        self._outcome.warnings += loading.list_warnings(plan.load.loaded)
        await self._report.close()
        read = self._meter.rows_read
        check_policy(self._row, self._report, read=read, encoding_hint=self._source.encoding_hint)
        if plan.leaves_open(read):
            return Loaded(Counts(), plan.load.key, plan.load.indexes)
        loaded = await loader.finish(key_candidates=key_candidates)
        self._meter.rows_loaded = read - self._report.rows
        return loaded

    def _prepare(self, plan: ImportPlan) -> Loading:
        watch = None
        if plan.sampled is not None:
            watch = Watch(infer_table(plan.file.selection, plan.file.read.conventions), plan.sampled)
        validation = Validation(plan.file.read, plan.load, self._source.encoding, watch)
        aborts = self._row.on_reject == "abort"
        return Loading(self._source, validation, self._meter, self._report, stops_at_rejection=aborts)

    def _conclude(self, plan: ImportPlan, validation: Validation) -> list[str]:
        """Take over what all of the file says of columns that it settles; answers which of them may be the key.

        Raises:
            ProposalOutdated: its beginning said otherwise.
            ColumnOptionsInvalid, KeyColumnsInvalid: they cannot be as they were chosen.
        """
        candidates = plan.load.key_candidates
        if validation.watch is not None:
            self.proposal = validation.watch.inference.propose()
            check_settled(plan.load, self.proposal)
            if not validation.agrees:
                raise ProposalOutdated
            if candidates:
                candidates = self.proposal.keys
            self._outcome.describe_columns(plan.load, self.proposal)
        if plan.load.new and self.proposal:
            self._outcome.warnings += self.proposal.warnings
        return [name for name in candidates if name not in validation.no_keys]

    async def _reject_conflicts(self, loader: Loader) -> None:
        self._meter.phase = "committing"
        async for conflicts in loader.reject_conflicts():
            await self._report.add(conflicts)
        self._meter.rows_rejected = self._report.rows
        self._meter.rows_loaded = self._meter.rows_read - self._report.rows
