"""Loading: one pass that loads, as it goes: rows flow to the database until a rejection leaves nothing to load."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from app.columns.column import Column
from app.imports.formats.csv.formulas import formula_warning
from app.imports.formats.csv.surplus import trimmed_warning
from app.imports.load.copy_format import SIGNATURE, TRAILER
from app.imports.report import Report
from app.imports.source.source import Source
from app.imports.values.image_names import ImageNotes
from app.imports.worker.pipeline import run_pass
from app.imports.worker.progress import Meter
from app.imports.worker.validation import Batch, Validation

# The driver copies what it is given.
SENT_BYTES = 1024 * 1024
# Lines that a warning names.
MAX_NAMED_LINES = 10


@dataclass
class Loading:
    """The consumer of a validation: counts what comes out, reports rejections, and passes rows on."""

    source: Source
    validation: Validation
    meter: Meter
    report: Report
    stops_at_rejection: bool
    trimmed: int = 0
    # The lines of the first of them.
    trimmed_lines: list[int] = field(default_factory=list)
    formulas: Counter[int] = field(default_factory=Counter)
    images: ImageNotes = field(default_factory=ImageNotes)

    def list_warnings(self, columns: Sequence[Column]) -> list[str]:
        """Warnings about the cells of loaded columns, and of those that were left out."""
        trimmed = [trimmed_warning(self.trimmed, self.trimmed_lines)] if self.trimmed else []
        found = sorted((+self.formulas).items())
        formulas = (formula_warning(columns[place].name, count) for place, count in found)
        return [*trimmed, *formulas, *self.images.warnings]

    async def rows(self) -> AsyncIterator[bytes]:
        """The rows of the file in PostgreSQL's binary format."""
        yield SIGNATURE
        async with aclosing(run_pass(self.source, self.validation.read, self.meter)) as batches:
            async for batch in batches:
                if not self.validation.agrees:
                    self.meter.phase = "inferring"
                    continue
                await self._count(batch)
                if self.stops_at_rejection and self.report.rows:
                    self.validation.give_no_rows()
                    continue
                for start in range(0, len(batch.rows), SENT_BYTES):
                    yield batch.rows[start : start + SENT_BYTES]  # type: ignore[misc]  # as good to the driver as bytes
                self.meter.rows_loaded += batch.accepted
        yield TRAILER

    async def _count(self, batch: Batch) -> None:
        if batch.rejections is not None:
            await self.report.add(batch.rejections)
        self.meter.rows_rejected = self.report.rows
        self.formulas.update(batch.formulas)
        if batch.images is not None:
            self.images.add(batch.images)
        self.trimmed += len(batch.trimmed)
        self.trimmed_lines += batch.trimmed[: MAX_NAMED_LINES - len(self.trimmed_lines)]
