"""Making and deleting datasets: the catalogue's row and the table, in one transaction."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.columns.column import Column
from app.core import log
from app.core.database.errors import CONTENDED
from app.core.database.names import DATA_SCHEMA
from app.core.database.sessions import after_commit, sql_state
from app.core.settings import get_settings
from app.datasets import repository, tables
from app.datasets.bodies import DatasetCreate
from app.datasets.definition import Index
from app.datasets.errors import (
    DatasetBusy,
    DatasetNotEmpty,
    DatasetReferenced,
    ReferenceInvalid,
    TooManyColumns,
    TooManyIndexes,
)
from app.datasets.keyvalue import generations, limits, metadata
from app.datasets.keyvalue.generations import Retired
from app.datasets.models import Dataset
from app.datasets.stores import STORES


async def create_dataset(session: AsyncSession, body: DatasetCreate, caller: Principal) -> Dataset:
    """Create a dataset, and its table at once if its columns are given.

    Raises:
        ScopeMissing: the caller may not read a dataset that a column references.
        DatasetNameTaken, NotSupportedByStore, TooManyColumns, TooManyIndexes, ReferenceInvalid: the definition is
            refused.
    """
    definition = body.definition
    check_column_count(definition.columns)
    check_index_count(definition.indexes)
    if STORES[body.store].has_item and (definition.columns or definition.indexes):
        limits.check_definition(definition)
    demand_references(caller, definition.columns)
    await check_references(session, body.name, definition.columns)
    dataset = Dataset(name=body.name, title=body.title, description=body.description, store=body.store)
    dataset.define(definition)
    if body.import_options is not None:
        dataset.import_options = body.import_options.given
    await repository.add_dataset(session, dataset)
    if definition.columns and dataset.can.has_table:
        await create_table(session, dataset)
    return dataset


async def create_table(session: AsyncSession, dataset: Dataset) -> None:
    """Make the empty table of a dataset, with its constraints and indexes."""
    definition = dataset.definition
    columns = definition.columns
    await repository.run_ddl(
        session,
        [
            *tables.create_table(DATA_SCHEMA, dataset.name, columns, keyless=not dataset.key),
            *tables.add_constraints(DATA_SCHEMA, dataset.name, columns, dataset.key),
            *tables.add_indexes(DATA_SCHEMA, dataset.name, definition),
            *tables.comments(DATA_SCHEMA, dataset.name, columns),
        ],
    )


async def check_is_empty(session: AsyncSession, dataset: Dataset) -> None:
    """Keep a dataset that holds records from being deleted by mistake.

    Raises:
        DatasetNotEmpty: it does.
        DatasetBusy: its table is being written to.
    """
    with busy_as_problem(dataset.name, "deleted"):
        await _lock(session, dataset)
        if dataset.can.has_item:
            has_records = await generations.has_records(await generations.shown_generation(dataset))
        else:
            has_records = bool(dataset.columns) and await repository.table_has_rows(session, dataset.name)
    if has_records:
        raise DatasetNotEmpty(
            f"'{dataset.name}' holds records, which would be deleted with it.",
            hint=f"To delete it with its records, send DELETE /datasets/{dataset.name}?confirm={dataset.name}.",
        )


async def _lock(session: AsyncSession, dataset: Dataset) -> None:
    """Keep a dataset from being loaded into or changed until the transaction ends."""
    if dataset.can.has_item:
        # It has no table whose lock an import would hold.
        await repository.lock_loading(session, dataset.id)
    await repository.lock_dataset(session, dataset.id)


async def delete_dataset(session: AsyncSession, dataset: Dataset, caller: Principal) -> None:
    """Delete a dataset with all of its records.

    Raises:
        DatasetReferenced: another dataset's column refers to it.
        DatasetBusy: its table is being written to.
    """
    if referring := await repository.list_referring(session, dataset.name):
        raise DatasetReferenced(
            f"'{dataset.name}' is referenced by {name_visible(referring, caller)}.",
            hint="Delete what references it first.",
        )
    with busy_as_problem(dataset.name, "deleted"):
        await _lock(session, dataset)
        await repository.drop_table(session, dataset.name)
    await session.delete(dataset)
    await session.flush()
    if dataset.can.has_item:
        await _retire_records(session, dataset)


async def _retire_records(session: AsyncSession, dataset: Dataset) -> None:
    """Let the worker remove the records of a key-value dataset, once it is known to be deleted."""
    generation = await metadata.mark_deletion(session, dataset)
    # A deletion that was not committed after all has been noticed by then.
    seconds = metadata.CHANGE_SECONDS + get_settings().keyvalue_retire_seconds
    await generations.retire(Retired(generation, dataset.name, int(time.time()) + seconds))
    after_commit(session, partial(_announce_removal, dataset.name, seconds))


async def _announce_removal(name: str, seconds: int) -> None:
    try:
        await generations.announce_removal(seconds)
    except Exception as error:
        # The dataset is deleted all the same; what is retired is removed with the next announcement.
        log.failure("dataset.removal_not_announced", error, dataset=name)


@contextmanager
def busy_as_problem(name: str, done: str) -> Iterator[None]:
    """Tell a caller that others use the dataset; `done` is what was to be done to it.

    Raises:
        DatasetBusy: they did not let go of it in time.
    """
    try:
        yield
    except DBAPIError as error:
        if sql_state(error) not in CONTENDED:
            raise
        raise DatasetBusy(
            f"'{name}' is being loaded into, written to or read, and cannot be {done} now.",
            hint="Try again; if an import is running, wait until it finishes or cancel it.",
        ) from None


def check_column_count(columns: Sequence[Column]) -> None:
    """Raise TooManyColumns when a dataset would have more columns than the settings allow."""
    limit = get_settings().max_columns
    if len(columns) > limit:
        raise TooManyColumns(f"There are {len(columns)} columns; {limit} is the most a dataset may have.")


def check_index_count(indexes: Sequence[Index]) -> None:
    """Raise TooManyIndexes when a dataset would declare more indexes than the settings allow."""
    limit = get_settings().max_indexes
    if len(indexes) > limit:
        raise TooManyIndexes(
            f"There are {len(indexes)} indexes; {limit} is the most a dataset may declare (TOLVA_MAX_INDEXES).",
            hint="Each makes every write slower. Keep those that queries need.",
        )


def name_visible(names: Sequence[str], caller: Principal) -> str:
    """Datasets as a message names them: those that the caller may read by their names, the others by their number."""
    visible = [name for name in names if caller.may("read", name)]
    others = len(names) - len(visible)
    hidden = ["another dataset" if others == 1 else f"{others} other datasets"] if others else []
    return ", ".join([*visible, *hidden])


def demand_references(caller: Principal, columns: Sequence[Column]) -> None:
    """Raise ScopeMissing if the caller may not read a dataset that a column refers to: a reference tells what it has.

    It comes before any look at that dataset, so that the refusal does not say whether there is one.
    """
    for column in columns:
        if column.references is not None:
            caller.demand("read", column.references)


async def check_references(session: AsyncSession, name: str, columns: Sequence[Column]) -> dict[str, str]:
    """The name of the key's column of each dataset that columns reference; none can be deleted meanwhile.

    Raises:
        ReferenceInvalid: a column references something other than a key of its type.
    """
    return {
        column.references: await _check_reference(session, name, column, column.references)
        for column in columns
        if column.references is not None
    }


async def _check_reference(session: AsyncSession, name: str, column: Column, target_name: str) -> str:
    if column.kind.is_image:
        raise ReferenceInvalid(
            f"'{column.name}' holds images, and cannot reference '{target_name}' too.",
            hint="Leave `references` out: an image column refers to images.",
        )
    target = await repository.find_dataset(session, target_name)
    if target is None or target_name == name:
        raise ReferenceInvalid(
            f"'{column.name}' references '{target_name}', which is no other dataset.",
            hint=f"Create '{target_name}' first.",
        )
    if not target.can.has_table:
        raise ReferenceInvalid(f"'{column.name}' references '{target_name}', which is in the key-value store.")
    # Kept from being deleted until this one's foreign key is in place.
    await repository.lock_dataset(session, target.id)
    key = target.key_columns
    if not target.key or len(key) != 1:
        raise ReferenceInvalid(f"'{column.name}' references '{target_name}', whose key is not one column.")
    if key[0].sql_type != column.sql_type:
        raise ReferenceInvalid(
            f"'{column.name}' is {column.type}, but the key of '{target_name}' is {key[0].type}.",
            hint="Give the column the type of that key.",
        )
    return key[0].name
