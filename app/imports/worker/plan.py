"""Planning: how a file is read, and what of it is loaded into which columns of its dataset."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import cast

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.columns.column import Column
from app.core.database.sessions import transaction
from app.core.errors import Problem, did_you_mean
from app.core.settings import get_settings
from app.datasets.definition import Definition, Index
from app.datasets.import_options import ImportOptions
from app.datasets.models import Dataset
from app.datasets.repository import find_dataset, list_referring
from app.datasets.service import check_references
from app.imports import errors
from app.imports.choices import ColumnChoice
from app.imports.formats.csv.dialect import Dialect
from app.imports.formats.csv.reader import Coding, CsvPlan, CsvReader, layout_of
from app.imports.formats.table import Reader
from app.imports.inference.infer import Proposal
from app.imports.inference.match import Match, match_columns
from app.imports.inference.pick import Picked
from app.imports.inference.selection import Selection, name_formats, select_columns
from app.imports.load.loader import LoadPlan
from app.imports.load.new_table import key_referenced
from app.imports.models import Import, Mode
from app.imports.service import check_key
from app.imports.values.cells import Conventions
from app.imports.values.conventions import conventions_of
from app.imports.values.image_names import ImageNames

# A record may be longer than a field, and an open quote is followed no further than this.
RECORD_PER_FIELD = 8
SEPARATORS = ("decimal_separator", "thousands_separator")


@dataclass(frozen=True)
class ReadPlan:
    """How a file is read: its records, by its format, and the ways that values are written in it."""

    file: CsvPlan
    conventions: Conventions

    def reader(self, coding: Coding) -> Reader:
        """The reader of the file from its beginning."""
        return CsvReader(self.file, coding)


@dataclass(frozen=True)
class FilePlan:
    """The plan of a file by its labels and its import's choices: `match` is None if the file settles the columns."""

    selection: Selection
    match: Match | None
    read: ReadPlan


@dataclass(frozen=True, kw_only=True)
class ImportPlan:
    """How one attempt reads its file and what it loads, settled before the first row.

    `proposal` has the columns that the file settles; it is that of all records, or of the first `sampled` ones.
    """

    dialect: Dialect
    file: FilePlan
    load: LoadPlan
    proposal: Proposal | None
    sampled: int | None

    def leaves_open(self, records: int) -> bool:
        """Return whether a file of so many records has none to settle the dataset's columns by."""
        return self.load.new and records == 0


def plan_file(
    row: Import, dataset: Dataset, dialect: Dialect, options: ImportOptions, images: ImageNames | None = None
) -> FilePlan:
    """Plan the reading of a file for a dataset, whose cells may name `images`.

    Raises:
        ColumnOptionsInvalid, ColumnsMismatch, KeyColumnsInvalid: its columns are not the chosen ones or the dataset's.
    """
    choices = [ColumnChoice.model_validate(choice) for choice in row.choices]
    selection = select_columns(dialect.labels, choices)
    for choice in choices:
        _check_options(choice, options)
    if not dataset.columns or row.infer_again:
        selection.check_names()
        return FilePlan(selection, None, _read_plan(dialect, options, selection, selection.names, images=images))
    check_key(dataset, row.key)
    match = match_columns(
        selection, dataset.typed_columns, has_header=bool(dialect.header_line), is_numbered=not dataset.key
    )
    names = ["" if column is None else column.name for column in match.columns]
    others = {column.name for column in dataset.typed_columns} - set(names)
    return FilePlan(selection, match, _read_plan(dialect, options, selection, names, others, images=images))


def _check_options(choice: ColumnChoice, options: ImportOptions) -> None:
    """Refuse a choice that says otherwise than the options of all columns how values are written.

    Raises:
        ColumnOptionsInvalid: it does; the dataset's options among them.
    """
    said = choice.conventions
    for name in (*SEPARATORS, "units", "booleans"):
        given = getattr(options, name)
        # What separates groups of digits in other columns cannot stand before the fraction in this one.
        of_others = [said.get(other) for other in SEPARATORS if other != name] if name in SEPARATORS else []
        if given is not None and (tuple(said.get(name, given)) != tuple(given) or given in of_others):
            raise errors.ColumnOptionsInvalid(
                f"What is said of '{choice.label}' does not go with the option {name}, which is for all columns.",
                hint="Say it of columns only. If the dataset's `import_options` have it, give null as this option.",
            )


def _read_plan(
    dialect: Dialect,
    options: ImportOptions,
    selection: Selection,
    names: Sequence[str],
    others: Collection[str] = (),
    *,
    images: ImageNames | None = None,
) -> ReadPlan:
    limit = get_settings().max_field_bytes
    omitted = frozenset(place for place, name in enumerate(names) if not name)
    layout = layout_of(dialect, options, max_field=limit, omitted=omitted)
    documents = max(get_settings().max_document_bytes, limit)
    conventions = conventions_of(options, dialect.grammar.delimiter.decode(), documents)
    formats = name_formats(conventions.date_formats, selection.labels, names, others)
    for place, choice in selection.choices.items():
        if choice.date_format is not None and formats.get(names[place], choice.date_format) != choice.date_format:
            raise errors.ColumnOptionsInvalid(
                f"'{choice.label}' has another format of dates in the option `date_format`."
            )
    file = CsvPlan(dialect, layout, limit * RECORD_PER_FIELD)
    return ReadPlan(file, replace(conventions, date_formats=formats, images=images))


async def plan_load(
    connection: AsyncConnection,
    row: Import,
    dataset: Dataset,
    plan: FilePlan,
    proposal: Proposal | None,
    *,
    staged: bool,
) -> LoadPlan:
    """Plan the loading of a file into columns; `proposal` has those of a dataset whose columns the file determines.

    Raises:
        KeyReferenced, ColumnOptionsInvalid, KeyColumnsInvalid, ColumnsMismatch: it cannot be loaded so.
    """
    if plan.match is not None:
        return await _plan_known(connection, row, dataset, plan.selection, plan.match, staged=staged)
    assert proposal is not None, "the columns of a new dataset are proposed before they are loaded"
    async with AsyncSession(connection, expire_on_commit=False) as session:
        if dataset.columns and await list_referring(session, dataset.name):
            raise key_referenced(dataset.name)
    key = row.key or ()
    columns = [_required(column) if column.name in key else column for column in proposal.columns]
    _check_new(columns, key)
    return LoadPlan(
        dataset=dataset.name,
        mode="replace" if dataset.columns else "append",
        columns=columns,
        loaded=columns,
        key=key,
        new=True,
        staged=staged or dataset.can.always_stages,
        dry_run=row.dry_run,
        references=await _check_references(dataset.name, columns),
        indexes=dataset.definition.indexes,
        key_candidates=proposal.keys if row.key is None else (),
        picked=_pick(plan.selection, proposal.places, ()),
    )


def _required(column: Column) -> Column:
    return column.model_copy(update={"required": True})


def _check_new(columns: Sequence[Column], key: Sequence[str]) -> None:
    names = [column.name for column in columns]
    if not names:
        raise errors.ColumnsMismatch("No column of the file is left to load.", hint="Omit fewer columns.")
    if unknown := [name for name in key if name not in names]:
        raise errors.KeyColumnsInvalid(
            f"The key names '{unknown[0]}', which is no column.{did_you_mean(unknown[0], names)}",
            hint=f"The columns are {', '.join(names)}.",
        )


async def _check_references(name: str, columns: Sequence[Column]) -> dict[str, str]:
    """The name of the key's column of each dataset that columns refer to."""
    if not any(column.references for column in columns):
        return {}
    async with transaction() as session:
        try:
            return await check_references(session, name, columns)
        except Problem as problem:
            raise errors.ColumnOptionsInvalid(problem.detail, hint=problem.hint) from None


async def _plan_known(
    connection: AsyncConnection, row: Import, dataset: Dataset, selection: Selection, match: Match, *, staged: bool
) -> LoadPlan:
    places = [place for place, column in enumerate(match.columns) if column is not None]
    loaded = [column for column in match.columns if column is not None]
    if not loaded:
        raise errors.ColumnsMismatch("No column of the file is left to load.", hint="Omit fewer columns.")
    references = {}
    async with AsyncSession(connection, expire_on_commit=False) as session:
        for name in {column.references for column in loaded if column.references}:
            target = await find_dataset(session, name)
            if target is not None:
                references[name] = target.key_columns[0].name
    mode = cast("Mode", row.mode)
    kept = {column.name: column for place, column in enumerate(match.columns) if column and place not in match.apart}
    return LoadPlan(
        dataset=dataset.name,
        mode=mode,
        columns=[kept.get(column.name, column) for column in dataset.typed_columns],
        loaded=loaded,
        key=dataset.key,
        new=False,
        staged=staged or mode == "upsert" or dataset.can.always_stages,
        dry_run=row.dry_run,
        references=references,
        indexes=dataset.definition.indexes,
        picked=_pick(selection, places, match.empty),
    )


def _pick(selection: Selection, places: Sequence[int], empty: Sequence[int]) -> Picked | None:
    return None if len(places) == len(selection.labels) else Picked(selection.labels, places, empty)


def settle(dataset: Dataset, load: LoadPlan, key: Sequence[str], indexes: Sequence[Index]) -> None:
    """Take over the columns that a file has settled."""
    columns = tuple(_required(column) if column.name in key else column for column in load.columns)
    dataset.define(replace(Definition(columns, tuple(key)), indexes=tuple(indexes)))


def check_settled(load: LoadPlan, proposal: Proposal) -> None:
    """Refuse columns that all of a file shows not to be as they were chosen.

    Raises:
        ColumnOptionsInvalid, KeyColumnsInvalid: they cannot be so.
    """
    if proposal.mistakes:
        raise errors.ColumnOptionsInvalid(
            f"What was said of columns does not go with their values: {'; '.join(proposal.mistakes[:10])}.",
            hint="Give the `type` too, and values of another are rejected, or leave the rest out.",
        )
    try:
        Definition(tuple(proposal.columns), tuple(load.key)).check()
    except ValueError as error:
        message = str(error)
        raise errors.KeyColumnsInvalid(
            f"{message[:1].upper()}{message[1:]}.", hint="Give its `type`, or another key."
        ) from None
