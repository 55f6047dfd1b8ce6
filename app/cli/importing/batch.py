"""The files of one `tolva import`, one after the other."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from app.cli import exit_codes
from app.cli.arguments.names import check_dataset_name
from app.cli.display.bars import Bars
from app.cli.display.output import Output, say_error
from app.cli.importing.report import ImportReport
from app.cli.importing.run import ImportRun
from app.cli.importing.sources import LocalFile, Source
from app.client.api import ApiError, Client, CommandError, Document, Unreachable
from app.local.file_names import dataset_name

# Refused for one file, it is refused for all.
REFUSED_FOR_ALL = (401, 403)


class Misused(Exception):
    """The command line cannot be meant so; the message says why."""


def check_batch(sources: Sequence[Source], dataset: str | None, mode: str) -> None:
    """Raise Misused if a file's dataset is unclear, or if one file would remove the records of another."""
    if dataset is None:
        for source in sources:
            if source.name is None:
                raise Misused(f"Name the dataset with --dataset NAME: {source.place} has no name to take it from.")
        names = Counter(dataset_name(source.name or "") for source in sources)
        for name, count in names.items():
            if count > 1:
                places = ", ".join(source.place for source in sources if dataset_name(source.name or "") == name)
                raise Misused(f"{places} would all go into '{name}'. If you mean that, say --dataset {name}.")
    elif mode == "replace" and len(sources) > 1:
        raise Misused(
            "Each file would replace the records of the one before. Import the first with --mode replace, "
            "and the others with --mode append."
        )


class ImportBatch:
    """Imports files into datasets of their names, or all of them into one."""

    def __init__(
        self,
        client: Client,
        output: Output,
        report: ImportReport,
        settings: Document,
        *,
        dataset: str | None,
        store: str,
    ) -> None:
        if dataset is not None:
            check_dataset_name(dataset)
        self._client = client
        self._output = output
        self._report = report
        self._settings = settings
        self._dataset = dataset
        self._store = store
        self._bars = Bars(quiet=output.is_quiet)
        self._is_interrupted = False

    def run(self, sources: Sequence[Source]) -> int:
        """Import each file; the exit code. Of several for one dataset the first that fails is the last."""
        failed = []
        for place, source in enumerate(sources):
            status = self._import(source, alone=len(sources) == 1)
            if status == "cancelled" or (self._is_interrupted and sources[place + 1 :]):
                return exit_codes.INTERRUPTED
            if status == "succeeded":
                continue
            failed.append(source.place)
            if self._dataset is not None and (left := sources[place + 1 :]):
                say_error(f"Stopped there; not imported: {', '.join(source.place for source in left)}")
                break
        if failed and len(sources) > 1:
            say_error(f"{len(failed)} of {len(sources)} files failed: {', '.join(failed)}")
        return exit_codes.FAILED if failed else exit_codes.OK

    def resume(self, source: Source, import_id: str) -> int:
        """Go on with the upload of an import that broke off; the exit code."""
        with source.opened(self._bars) as file:
            dataset = str(self._client.get_import(import_id)["dataset"])
            run = ImportRun(self._client, self._output, self._bars, dataset, self._settings, store=self._store)
            document = run.resume(file, import_id)
        return exit_codes.OK if self._show(document, dataset) == "succeeded" else exit_codes.FAILED

    def try_file(self, file: Path) -> None:
        """Import a file of this machine; what goes wrong with it is said, and the next one can follow.

        Raises:
            Unreachable: nothing answers.
            ApiError: the key may not do this.
            KeyboardInterrupt: the user asked to stop meanwhile.
        """
        # Read in place: no limit is needed.
        source = LocalFile(file, most_bytes=0)
        status = self._import(source, alone=False)
        if status == "cancelled" or self._is_interrupted:
            raise KeyboardInterrupt

    def _import(self, source: Source, *, alone: bool) -> str:
        """The final status of a file's import, `refused` if it never began."""
        try:
            with source.opened(self._bars) as file:
                dataset = self._dataset or dataset_name(file.name)
                run = ImportRun(self._client, self._output, self._bars, dataset, self._settings, store=self._store)
                document = run.run(file)
            self._is_interrupted = run.is_interrupted
        except Unreachable:
            raise
        except CommandError as error:
            if alone or (isinstance(error, ApiError) and error.status in REFUSED_FOR_ALL):
                raise
            say_error(f"{source.place}: {error}")
            return "refused"
        return self._show(document, dataset)

    def _show(self, document: Document, dataset: str) -> str:
        """Show how an import ended; its status."""
        succeeded = document["status"] == "succeeded"
        shown = self._client.find_dataset(dataset) if succeeded and not self._output.as_json else None
        self._report.show(document, shown)
        return str(document["status"])
