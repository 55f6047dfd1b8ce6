"""Making and deleting datasets: the catalogue's row and the table, in one transaction."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import DATA_SCHEMA, LOCK_NOT_AVAILABLE, sql_state
from app.core.settings import get_settings
from app.datasets import repository, tables
from app.datasets.columns import Column
from app.datasets.errors import DatasetBusy, DatasetReferenced, ReferenceInvalid, StoreNotAvailable, TooManyColumns
from app.datasets.models import Dataset, DatasetCreate


async def create_dataset(session: AsyncSession, body: DatasetCreate) -> Dataset:
    """Make a dataset, and its table at once where its columns are given.

    Raises:
        DatasetNameTaken, StoreNotAvailable, TooManyColumns, ReferenceInvalid: it cannot be made so.
    """
    if body.store != "relational":
        raise StoreNotAvailable(
            "The key-value store is not available in this version.", hint="Create the dataset as relational."
        )
    check_column_count(body.columns)
    columns = [
        column.model_copy(update={"required": True}) if column.name in body.key else column for column in body.columns
    ]
    await _check_references(session, body.name, columns)
    dataset = Dataset(
        name=body.name,
        title=body.title,
        description=body.description,
        store=body.store,
        key=list(body.key),
        columns=[column.model_dump(mode="json", exclude_none=True) for column in columns],
    )
    await repository.add_dataset(session, dataset)
    if columns:
        await create_table(session, dataset)
    return dataset


async def create_table(session: AsyncSession, dataset: Dataset) -> None:
    """Make the empty table of a dataset, with its constraints."""
    columns = dataset.typed_columns
    await repository.run_ddl(
        session,
        [
            *tables.create_table(DATA_SCHEMA, dataset.name, columns, keyless=not dataset.key),
            *tables.add_constraints(DATA_SCHEMA, dataset.name, columns, dataset.key),
            *tables.comments(DATA_SCHEMA, dataset.name, columns),
        ],
    )


async def delete_dataset(session: AsyncSession, dataset: Dataset) -> None:
    """Delete a dataset with all of its records.

    Raises:
        DatasetReferenced: another dataset's column refers to it.
        DatasetBusy: its table is being written to.
    """
    if referring := await repository.list_referring(session, dataset.name):
        raise DatasetReferenced(
            f"'{dataset.name}' is referred to by {', '.join(referring)}.", hint="Delete what refers to it first."
        )
    await session.execute(text("SET LOCAL lock_timeout = '3s'"))
    try:
        await repository.lock_dataset(session, dataset.id)
        await repository.drop_table(session, dataset.name)
    except DBAPIError as error:
        if sql_state(error) == LOCK_NOT_AVAILABLE:
            raise DatasetBusy(
                f"'{dataset.name}' is being written to, and cannot be deleted now.",
                hint="Wait for its imports to end, or cancel them.",
            ) from None
        raise
    await session.delete(dataset)
    await session.flush()


def check_column_count(columns: Sequence[Column]) -> None:
    """Raise TooManyColumns when a dataset would have more columns than the settings allow."""
    limit = get_settings().max_columns
    if len(columns) > limit:
        raise TooManyColumns(f"There are {len(columns)} columns; {limit} is the most a dataset may have.")


def _with_key(column: Column, key: Sequence[str]) -> Column:
    return column.model_copy(update={"required": True}) if column.name in key else column


async def _check_references(session: AsyncSession, name: str, columns: Sequence[Column]) -> None:
    for column in columns:
        if column.references is not None:
            await _check_reference(session, name, column, column.references)


async def _check_reference(session: AsyncSession, name: str, column: Column, target_name: str) -> None:
    target = await repository.find_dataset(session, target_name)
    if target is None or target_name == name:
        raise ReferenceInvalid(
            f"'{column.name}' references '{target_name}', which is no other dataset.",
            hint=f"Create '{target_name}' first.",
        )
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
