"""Alterations: changes of a dataset's columns, key and indexes, checked against its records, in one transaction.

Imports into the dataset and its writers wait meanwhile; readers do only once its table is changed, not while it is
checked or indexed.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.columns.column import Column
from app.core.database.errors import PROGRAM_LIMIT_EXCEEDED, QUERY_CANCELED
from app.core.database.names import DATA_SCHEMA, quote
from app.core.database.sessions import TimedSession, sql_state
from app.core.errors import RequestInvalid
from app.core.settings import get_settings
from app.datasets import repository, service
from app.datasets.alter.diff import Change, plan_change
from app.datasets.alter.inspection import Inspection
from app.datasets.alter.keyvalue_changes import check_change
from app.datasets.alter.plan import plan_restructuring
from app.datasets.bodies import DatasetUpdate
from app.datasets.errors import (
    ChangeTimedOut,
    ColumnInUse,
    DatasetNotFound,
    DatasetReferenced,
    RecordsIncompatible,
    TooManyColumns,
    ValueTooLongForIndex,
)
from app.datasets.import_options import ImportOptions
from app.datasets.keyvalue import metadata
from app.datasets.models import Dataset
from app.datasets.tables import Attachment

# Memory makes looking for clashes and building indexes faster.
CHANGE_SETTINGS = ("work_mem = '64MB'", "maintenance_work_mem = '256MB'")
TOO_MANY_COLUMNS = "54011"
UNIQUE_VIOLATION = "23505"
# A view needs a column that is to be dropped, or of the type that it has.
NEEDED = ("2BP01", "0A000")

_INDEXES = """
    SELECT class.relname AS name, indisvalid AS valid
    FROM pg_index JOIN pg_class AS class ON class.oid = indexrelid
    JOIN pg_class AS indexed ON indexed.oid = indrelid JOIN pg_namespace ON pg_namespace.oid = indexed.relnamespace
    WHERE nspname = $1::text AND indexed.relname = $2::text"""


async def update_dataset(session: AsyncSession, dataset: Dataset, update: DatasetUpdate, caller: Principal) -> None:
    """Apply an update to a dataset; `dataset` has the new state then.

    Raises:
        ColumnNotFound, TypeConversionNotSupported, RequestInvalid, ReferenceInvalid, TooManyColumns,
            TooManyIndexes: the change makes no sense.
        ScopeMissing: the caller may not read a dataset that a column is to refer to.
        RecordsIncompatible, ValueTooLongForIndex: the records do not fit it.
        DatasetReferenced, ColumnInUse: other datasets reference the key that it changes, or a view uses a column.
        DatasetBusy, ChangeTimedOut: the dataset is locked, or the change takes too long.
        DatasetNotFound: it has been deleted.
        NotSupportedByStore: the key-value store would have to rewrite its records.
    """
    if dataset.can.has_item:
        # The table gets all of it, so all of it must be current.
        with service.busy_as_problem(dataset.name, "changed"):
            if await repository.lock_dataset(session, dataset.id) is None:
                raise DatasetNotFound(f"Dataset '{dataset.name}' no longer exists.")
    described = update.model_dump(exclude_unset=True, include={"title", "description"})
    if "import_options" in update.model_fields_set:
        described["import_options"] = _changed_options(dataset, update.import_options)
    changed = any(getattr(dataset, name) != text for name, text in described.items())
    with service.busy_as_problem(dataset.name, "changed"):
        if not update.model_fields_set <= {"title", "description", "import_options", "dry_run"}:
            changed |= await _change_definition(session, dataset, update, caller)
        dataset.sqlmodel_update(described)
        if changed:
            await repository.touch_dataset(session, dataset)
    if changed and dataset.can.has_item and not update.dry_run:
        await metadata.mark_change(session, dataset)


def _changed_options(dataset: Dataset, change: ImportOptions | None) -> dict[str, Any]:
    """The dataset's import options after a change."""
    return {} if change is None else ImportOptions.model_validate(dataset.import_options).changed_by(change).given


async def _change_definition(session: AsyncSession, dataset: Dataset, update: DatasetUpdate, caller: Principal) -> bool:
    """Change what the dataset's table is built from, and its records; answers whether there was anything to change."""
    await repository.lock_loading(session, dataset.id)
    if await repository.lock_dataset(session, dataset.id) is None:
        raise DatasetNotFound(f"Dataset '{dataset.name}' no longer exists.")
    change = plan_change(dataset.definition, update)
    service.check_column_count(change.after.columns)
    service.check_index_count(change.after.indexes)
    if not change.changes_anything:
        return False
    targets = await _check_references(session, dataset.name, change, caller)
    if not dataset.can.has_table:
        check_change(change)
        dataset.define(change.after)
        return True
    if change.before.columns:
        timed = TimedSession(session, get_settings().change_timeout_seconds)
        with _explained(dataset.name):
            await _alter(timed, dataset.name, change, targets)
        await timed.release()
    dataset.define(change.after)
    if not change.before.columns:
        await service.create_table(session, dataset)
    return True


async def _check_references(session: AsyncSession, name: str, change: Change, caller: Principal) -> dict[str, str]:
    """Refuse a change of a key that others reference, and references to anything but another dataset's key.

    Return the name of the key's column of each newly referenced dataset.
    """
    if change.changes_key and (referring := await repository.list_referring(session, name)):
        raise DatasetReferenced(
            f"The key of '{name}' is referenced by {service.name_visible(referring, caller)}: it cannot be changed.",
            hint="Remove `references` from their columns first.",
        )
    # An unchanged reference reveals nothing new to a caller who changes something else of its column.
    kept = {after.name for before, after in change.stays if _reference_of(before) == _reference_of(after)}
    service.demand_references(caller, [column for column in change.after.columns if column.name not in kept])
    known = {before.name: before for before, _ in change.stays}
    changed = [column for column in change.after.columns if column.references and known.get(column.name) != column]
    return await service.check_references(session, name, changed)


def _reference_of(column: Column) -> tuple[str | None, str]:
    return column.references, column.sql_type


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Translate PostgreSQL's refusal of an alteration into a problem."""
    try:
        yield
    except TimeoutError:
        raise _timed_out(name) from None
    except DBAPIError as error:
        state = sql_state(error)
        if state == QUERY_CANCELED:
            raise _timed_out(name) from None
        if state == TOO_MANY_COLUMNS:
            raise TooManyColumns(
                f"The table of '{name}' has room for 1,600 columns, and those that were dropped take theirs.",
                hint="Import its records with mode=replace: the new table has the room again.",
            ) from None
        if state in NEEDED:
            reason = getattr(error.orig.__cause__, "detail", None) if error.orig else None
            raise ColumnInUse(
                f"Something else in the database needs a column of '{name}' as it is: {reason or 'a view or a rule'}.",
                hint="Drop what was created there by hand, change the dataset, and create it again.",
            ) from None
        if state == PROGRAM_LIMIT_EXCEEDED:
            raise RecordsIncompatible(f"A record of '{name}' would be larger than PostgreSQL allows.") from None
        raise


def _timed_out(name: str) -> ChangeTimedOut:
    seconds = get_settings().change_timeout_seconds
    return ChangeTimedOut(
        f"The change of '{name}' was stopped after {seconds:g} seconds; nothing of it was kept.",
        hint="Make fewer changes at once, or raise TOLVA_CHANGE_TIMEOUT_SECONDS.",
    )


async def _alter(timed: TimedSession, table: str, change: Change, targets: Mapping[str, str]) -> None:
    """Change the table of a dataset, unless records are in the way; `targets` are the keys that columns refer to."""
    plan = plan_restructuring(table, change)
    inspection = Inspection(timed, table, change)
    await inspection.check_fills()
    if not plan.touches_table and not inspection.is_needed and not change.fills:
        return
    for setting in CHANGE_SETTINGS:
        await timed.run(f"SET LOCAL {setting}")
    await timed.run(f"LOCK TABLE {quote(DATA_SCHEMA, table)} IN SHARE ROW EXCLUSIVE MODE")
    await inspection.check_conversions()
    for statement in plan.columns:
        await timed.run(statement)
    await _fill(timed, table, change)
    await inspection.check_rules(plan.created, targets)
    for statement in plan.required:
        await timed.run(statement)
    await _build(timed, table, plan.created)
    for statement in plan.dropped:
        await timed.run(statement)
    if plan.touches_table:
        await timed.run(f"ANALYZE {quote(DATA_SCHEMA, table)}")


async def _fill(timed: TimedSession, table: str, change: Change) -> None:
    """Give the records that have no value in a column the one they are to have; added columns have theirs already."""
    for _, column in change.stays:
        if (fill := change.fills.get(column.name)) is None:
            continue
        name = quote(column.name)
        value = f"CAST($1::text AS {column.sql_type})"
        try:
            await timed.run(f"UPDATE {quote(DATA_SCHEMA, table)} SET {name} = {value} WHERE {name} IS NULL", fill)
        except IntegrityError as error:
            unique = sql_state(error) == UNIQUE_VIOLATION
            dangling = (
                "no image has this id" if column.kind.is_image else f"no record of {column.references} has this key"
            )
            reason = "no two records may share a value" if unique else dangling
            raise RequestInvalid(f"`fill` of '{column.name}': {reason}.") from None


async def _build(timed: TimedSession, table: str, created: Sequence[Attachment]) -> None:
    """Build constraints and indexes; an index that someone has built before by this name is taken over."""
    found = {row.name: row.valid for row in await timed.run(_INDEXES, DATA_SCHEMA, table)}
    for attachment in created:
        if attachment.kind == "index" and attachment.name in found:
            if found[attachment.name]:
                continue
            await timed.run(attachment.drop(DATA_SCHEMA, table))
        try:
            async with timed.savepoint():
                await timed.run(attachment.create(DATA_SCHEMA, table))
        except DBAPIError as error:
            if sql_state(error) != PROGRAM_LIMIT_EXCEEDED:
                raise
            raise ValueTooLongForIndex(
                f"A value is too long for '{attachment.name}', over {', '.join(attachment.columns)}: 2,700 bytes fit.",
                hint="Shorten the longest values, and set `max_length` so that none like them comes in.",
            ) from None
