"""Outcome: what an import shows of its file and of the columns that it was loaded into."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.columns.column import ROW_ID, Column
from app.datasets.definition import Index
from app.datasets.models import Dataset
from app.imports.inference.infer import Proposal
from app.imports.load.loader import Loaded, LoadPlan
from app.imports.models import UNUSED_SHOWN, Status
from app.imports.report import Report
from app.imports.source.source import Source
from app.imports.values.conventions import separators_of
from app.imports.values.image_names import AMBIGUOUS, MISSING, REJECTED, ImageNotes
from app.imports.worker.plan import FilePlan, ImportPlan
from app.imports.worker.progress import Meter


@dataclass
class Outcome:
    """The members that an import shows besides its status."""

    report: Report
    meter: Meter
    dialect: dict[str, Any] = field(default_factory=dict)
    columns: list[dict[str, Any]] = field(default_factory=list)
    renamed: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    images: ImageNotes | None = None
    # The pictures that came with the file: their names by their images' ids.
    arrived: Mapping[str, str] = field(default_factory=dict)

    def describe(self, source: Source, plan: ImportPlan, kept: Collection[str]) -> None:
        """Note how the file is written, what of it goes where, and which options, `kept`, are the dataset's."""
        dialect, file, load = plan.dialect, plan.file, plan.load
        self.dialect = dialect.report() | {
            "encoding": source.encoding.name,
            "compression": source.compression,
            "timezone": file.read.conventions.timezone,
        }
        if kept:
            self.dialect["from_dataset"] = sorted(kept)
        self.warnings = [*source.warnings, *dialect.warnings, *_list_warnings(file, load)]
        chosen = [place for place, choice in file.selection.choices.items() if choice.name is not None]
        self.renamed = _name_changes(dialect.labels, load, chosen, has_header=bool(dialect.header_line))
        self.describe_columns(load, plan.proposal)

    def describe_columns(self, load: LoadPlan, proposal: Proposal | None) -> None:
        """Note which columns there are and, of those that the file settles, why."""
        self.dialect |= separators_of(load.loaded)
        settled = proposal if load.new else None
        evidence = settled.evidence if settled else [[] for _ in load.loaded]
        candidates = settled.candidates if settled else [[] for _ in load.loaded]
        self.columns = [
            column.model_dump(mode="json", exclude_none=True) | {"evidence": why, "candidates": nearly}
            for column, why, nearly in zip(load.loaded, evidence, candidates, strict=True)
        ]

    def values(self, status: Status, loaded: Loaded | None) -> dict[str, Any]:
        """The catalogue's values for an import that ends so."""
        return {
            "status": status,
            "dialect": self.dialect,
            "columns": self.columns,
            "renamed": self.renamed,
            "warnings": self.warnings,
            "progress": self.meter.document(),
            "totals": self.report.totals,
            "rejections": self.report.rejections,
            "result": None if loaded is None else vars(loaded.counts),
            "images": self._describe_images(),
        }

    def _describe_images(self) -> dict[str, Any] | None:
        """The report of images; None if nothing is to be said of any."""
        if self.images is None or not (self.arrived or any(column["type"] == "image" for column in self.columns)):
            return None
        counts: Counter[str] = Counter()
        for total in self.report.totals:
            counts[total["code"]] += total["count"]
        unused = [name for image, name in self.arrived.items() if image not in self.images.used]
        return {
            "matched": self.images.matched,
            "missing": counts[MISSING] + self.images.missing,
            "ambiguous": counts[AMBIGUOUS],
            "rejected": counts[REJECTED],
            "unused": len(unused),
            "unused_first": unused[:UNUSED_SHOWN],
        }

    def describe_open(self) -> None:
        """Note that no columns are settled."""
        self.columns, self.renamed = [], {}
        self.warnings.append(
            "The file has a header and no records: the dataset's columns stay open, for a file that has some to settle."
        )


def _name_changes(labels: Sequence[str], load: LoadPlan, chosen: Sequence[int], *, has_header: bool) -> dict[str, Any]:
    """The names of the columns that differ from their label, by label: one, or several for a repeated label."""
    places = range(len(labels)) if load.picked is None else load.picked.loaded
    names: dict[str, list[str]] = {}
    for place, column in zip(places, load.loaded, strict=True):
        if has_header or place in chosen:
            names.setdefault(labels[place], []).append(column.name)
    return {label: found[0] if len(found) == 1 else found for label, found in names.items() if found != [label]}


def _list_warnings(plan: FilePlan, load: LoadPlan) -> list[str]:
    """Warnings about ignored columns of a file, near matches, and columns that it lacks."""
    labels, match = plan.selection.labels, plan.match
    if match is not None:
        found = {column.name for column in load.loaded}
        absent = [column.name for column in load.columns if column.name not in found]
        missing = [f"The file has no column {', '.join(absent)}: its records have null there."] if absent else []
        return [*match.warnings, *missing]
    warnings = []
    passed = range(0) if load.picked is None else sorted(load.picked.omitted - plan.selection.omitted)
    if passed:
        places = ", ".join(str(place + 1) for place in passed)
        warnings.append(f"The file's column {places} has no name and no value, and was left out.")
    if ROW_ID in labels and (name := plan.selection.names[labels.index(ROW_ID)]):
        warnings.append(
            f"{ROW_ID} is what Tolva numbers records of a dataset without a key by: here it is a column like others, "
            f"'{name}'. Leave it out with `omit` if records are to get new numbers."
        )
    return warnings


def list_resettled(
    dataset: Dataset, columns: Sequence[Column], key: Sequence[str], indexes: Sequence[Index]
) -> list[str]:
    """The changes after a file has determined the columns of a dataset that had some."""
    before = {column.name: column for column in dataset.typed_columns}
    after = {column.name: column for column in columns}
    changed = [
        f"{name} is {column.sql_type}, not {before[name].sql_type}"
        for name, column in after.items()
        if name in before and before[name].sql_type != column.sql_type
    ]
    parts = [
        f"gone: {', '.join(name for name in before if name not in after)}" if before.keys() - after.keys() else "",
        f"new: {', '.join(name for name in after if name not in before)}" if after.keys() - before.keys() else "",
        f"changed: {', '.join(changed)}" if changed else "",
        f"the key is {', '.join(key) or ROW_ID}, not {', '.join(dataset.key) or ROW_ID}"
        if list(key) != dataset.key
        else "",
    ]
    said = "; ".join(filter(None, parts)) or "they are as before"
    dropped = [index for index in dataset.definition.indexes if index not in indexes]
    return [
        f"The columns were inferred again: {said}.",
        *(f"The index {_over(index)} was dropped with its columns." for index in dropped),
    ]


def _over(index: Index) -> str:
    return "of the search" if index.columns is None else f"over {', '.join(index.columns)}"
