"""Job: one import from its file to its outcome, by one worker that holds its lease."""

import asyncio
from dataclasses import dataclass, replace

from pydantic import ValidationError

from app.core import log
from app.core.aws.storage import StoredObject, storage_errors
from app.core.database.sessions import is_passing, transaction
from app.core.dynamo.requests import patience
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings
from app.datasets.import_options import ImportOptions
from app.imports import errors, repository
from app.imports.archive.opening import open_archive
from app.imports.choices import first_mistake
from app.imports.inference.infer import Proposal
from app.imports.load.loader import RowsConflict
from app.imports.models import Import, rejections_key
from app.imports.report import Report
from app.imports.repository import Lease
from app.imports.source.encoding import EncodingInDoubt
from app.imports.source.file import MemberFile
from app.imports.source.source import ArchiveFound, Source
from app.imports.worker.attempt import Attempt, ImportFile, ProposalOutdated
from app.imports.worker.claim import Claim, LeaseLost
from app.imports.worker.commit import record_failure
from app.imports.worker.memory import give_back
from app.imports.worker.outcome import Outcome
from app.imports.worker.outlook import Kind, Outlook, rates
from app.imports.worker.pictures import (
    ArrivedPicture,
    remove_made,
    settle_pictures,
    wait_for_checks,
    wait_for_pictures,
    warn_of_refused,
)
from app.imports.worker.progress import Meter
from app.imports.worker.turns import ImportPostponed

WATCH_SECONDS = 1.0


@dataclass(frozen=True)
class Limit:
    """The time that an import has, and what becomes of one that needs more: a task takes it over, or it fails."""

    seconds: float
    hands_over: bool = False
    # A task or a longer time is a parameter of the stack.
    is_function: bool = False

    @classmethod
    def of(cls, seconds: float) -> "Limit":
        """The limit of a worker that has `seconds`: its own, if that is less than any import may take."""
        settings = get_settings()
        if seconds >= settings.import_timeout_seconds:
            return cls(settings.import_timeout_seconds)
        return cls(seconds, hands_over=settings.large_imports is not None, is_function=True)

    @property
    def hint(self) -> str:
        """Advice to who sees an import end for it."""
        if self.is_function:
            return (
                "Split the file, or deploy with LargeImports=true: a task takes such an import. (TOLVA_LARGE_IMPORTS)"
            )
        return "Split the file, or give it more time. (TOLVA_IMPORT_TIMEOUT_SECONDS)"


class ImportTooLong(Exception):
    """The import needs more time than its worker has, and a task is to take it over."""

    def __init__(self, reason: str, *, has_begun: bool) -> None:
        super().__init__(reason)
        self.has_begun = has_begun


async def run_import(row: Import, lease: Lease, stored: StoredObject, limit: Limit) -> None:
    """Do an import that has been claimed, within its limit, and record how it ended.

    Raises:
        ImportPostponed: it has not begun, and is to be taken up later.
        ImportTooLong: it is to be handed over.

    What fails for a passing reason (a database or a bucket that does not answer) is raised, for the import to be tried
    again once its lease has ended.
    """
    job = ImportJob(row, lease, stored, limit)
    await _run(job, row)
    if row.dry_run and job.pictures:
        await remove_made(row, job.pictures)


async def _run(job: "ImportJob", row: Import) -> None:
    try:
        await job.run()
    except errors.ImportFailed as problem:
        await job.fail(problem)
    except LeaseLost:
        log.event("import.lost", import_id=row.id)
    except (ImportPostponed, ImportTooLong):
        raise
    except Exception as error:
        if is_passing(error) or isinstance(error, (*storage_errors(), ServiceUnavailable)):
            raise
        log.failure("import.broken", error, import_id=row.id)
        await job.fail(
            errors.InternalImportError(
                "The import failed because of an error in the server; nothing was loaded.",
                hint=f"Report the import's id, {row.id}: the worker's log has the reason.",
            )
        )


class ImportJob:
    """An import while one worker is on it: as many attempts as it takes, as long as the lease is held."""

    def __init__(self, row: Import, lease: Lease, stored: StoredObject, limit: Limit) -> None:
        self._row = row
        self._stored = stored
        self._limit = limit
        self._claim = Claim(lease, Meter(stored.size))
        self._outlook = Outlook(self._claim.meter, limit.seconds)
        self._reason = ""
        self._outcome = self._new_outcome()
        self._source: Source | None = None
        # Those that came with the file.
        self.pictures: list[ArrivedPicture] = []

    def _new_outcome(self) -> Outcome:
        return Outcome(Report(rejections_key(self._row.id)), self._claim.meter)

    async def run(self) -> None:
        """Import the file.

        Raises:
            ImportFailed, ImportPostponed, ImportTooLong, LeaseLost: the job ends without the file's records.
        """
        work = asyncio.create_task(self._work())
        helpers = [asyncio.create_task(self._claim.keep(work))]
        if self._limit.hands_over:
            helpers.append(asyncio.create_task(self._watch(work)))
        try:
            await asyncio.wait({work}, timeout=self._limit.seconds)
        finally:
            for task in (work, *helpers):
                task.cancel()
            await asyncio.gather(work, *helpers, return_exceptions=True)
            if self._source is not None:
                await self._source.close()
            await asyncio.to_thread(give_back)
        if not work.cancelled():
            work.result()
        elif self._claim.is_lost:
            raise LeaseLost
        elif not self._claim.is_committed:
            self._give_up()

    def _give_up(self) -> None:
        """Raise what an import ends with that was stopped before it was done."""
        if self._limit.hands_over:
            reason = self._reason or f"it was not done after {self._limit.seconds:.0f} seconds"
            raise ImportTooLong(reason, has_begun=True)
        became = "some of it is written" if self._claim.is_writing else "nothing was loaded"
        raise errors.ImportTimedOut(
            f"The import was stopped after {self._limit.seconds:.0f} seconds; {became}.", hint=self._limit.hint
        )

    async def _watch(self, work: "asyncio.Task[None]") -> None:
        """Stop the work as soon as its rate says that it would not end in time: what it does is done again."""
        while not self._claim.is_ending:
            await asyncio.sleep(WATCH_SECONDS)
            is_late = self._outlook.outlasts_by_rate(is_writing=self._claim.is_writing)
            if is_late and not self._claim.is_ending:
                self._reason = "at its rate it takes longer"
                work.cancel()
                return

    async def _find_kind(self, source: Source) -> Kind:
        async with transaction() as session:
            store = await repository.find_store(session, self._row.dataset_id)
        return Kind(store, self._row.mode, source.compression)

    async def fail(self, problem: errors.ImportFailed) -> None:
        """Record that it failed and why; only rows that are written among other records count as loaded."""
        if not self._claim.is_writing:
            self._claim.meter.rows_loaded = 0
        document = problem.document(log.request_id.get())
        recorded = await record_failure(self._claim.lease, document, self._outcome.values("failed", None))
        log.event("import.failed" if recorded else "import.lost", import_id=self._row.id, problem=document["type"])

    async def _work(self) -> None:
        if self._row.attempts > repository.MAX_ATTEMPTS:
            raise errors.WorkerLost(
                f"{repository.MAX_ATTEMPTS} workers started the import and none of them finished it.",
                hint=f"The worker's log has the reason, by the import's id, {self._row.id}. "
                "Split a file that takes more memory than a worker has.",
            )
        file = await self._open_file()
        if file.source.is_short:
            await self._load(file)
            return
        await self._claim.take_slot()
        kind = await self._find_kind(file.source)
        if self._limit.hands_over and self._outlook.outlasts_by_size(kind):
            raise ImportTooLong("files of its size take longer", has_begun=False)
        await self._load(file)
        rates.note(kind, self._claim.meter.bytes_total, self._claim.meter.loading_seconds)

    async def _open_file(self) -> ImportFile:
        """The file to import: of an archive its table, once its pictures are checked.

        Raises:
            ImportPostponed: they are not.
        """
        await wait_for_pictures(self._row)
        file = await self._find_file()
        self._source = file.source
        try:
            await file.source.open()
        except ArchiveFound:
            await file.source.close()
            file = await self._find_table(file)
            self._source = file.source
            await file.source.open()
        await wait_for_checks(self._row)
        return file

    async def _find_table(self, file: ImportFile) -> ImportFile:
        contents = await open_archive(self._stored)
        member = MemberFile(self._stored, contents.table)
        member.check_size()
        self.pictures = await settle_pictures(self._row, len(contents.pictures))
        self._claim.meter.bytes_total = member.size
        warnings = [*contents.warnings, *warn_of_refused(self.pictures)]
        return replace(file, source=Source(member, file.options), pictures=self.pictures, warnings=warnings)

    async def _load(self, file: ImportFile) -> None:
        with patience(get_settings().keyvalue_patience_seconds):
            await self._try(file)

    async def _find_file(self) -> ImportFile:
        """The file, written as the import says and, of what that leaves out, as its dataset's options say.

        Raises:
            OptionsMismatch: they do not go together.
        """
        async with transaction() as session:
            found = await repository.find_import_options(session, self._row.dataset_id)
        kept = {name: value for name, value in found.items() if name not in self._row.options}
        try:
            options = ImportOptions.model_validate(kept | self._row.options)
        except ValidationError as error:
            if not kept:
                raise
            raise errors.OptionsMismatch(
                f"The import's options do not go with those of its dataset: {first_mistake(error)}.",
                hint="Change the dataset's `import_options`, or give what differs with the import.",
            ) from None
        return ImportFile(Source(self._stored, options), options, kept)

    async def _try(self, file: ImportFile) -> None:
        """Make attempts until one succeeds or fails for good: each that does not says what the next one needs."""
        proposal: Proposal | None = None
        staged = False
        while True:
            await self._outcome.report.discard()
            self._outcome = self._new_outcome()
            attempt = Attempt(
                row=self._row,
                claim=self._claim,
                file=file,
                outcome=self._outcome,
                proposal=proposal,
                staged=staged,
            )
            try:
                await attempt.run()
            except EncodingInDoubt:
                await file.source.take_census()
                proposal = None
            except ProposalOutdated:
                log.event("import.reread", import_id=self._row.id)
                proposal = attempt.proposal
            except RowsConflict:
                staged = True
                proposal = attempt.proposal
            else:
                return
