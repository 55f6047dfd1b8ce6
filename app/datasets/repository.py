"""Datasets in the catalogue, and the tables that hold their records."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app.columns.column import is_name
from app.core.database.names import DATA_SCHEMA, quote
from app.datasets.bodies import DatasetPublic
from app.datasets.definition import Index
from app.datasets.errors import DatasetNameTaken
from app.datasets.lookup import not_found
from app.datasets.models import Dataset
from app.datasets.tables import constraint_name, index_name

_TABLE_FACTS = text("""
    SELECT class.relname AS name,
           CASE WHEN class.reltuples < 0 THEN NULL ELSE class.reltuples::bigint END AS record_count,
           array(
               SELECT index_class.relname::text
               FROM pg_index JOIN pg_class AS index_class ON index_class.oid = pg_index.indexrelid
               WHERE pg_index.indrelid = class.oid ORDER BY 1
           ) AS indexes
    FROM pg_class AS class JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
    WHERE namespace.nspname = :schema AND class.relkind = 'r' AND class.relname = ANY(:names)
""")

# Each transaction that loads into a dataset or changes its table holds this lock of its id until it ends.
LOADING_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:dataset, 0))")


@dataclass(frozen=True)
class TableFacts:
    """PostgreSQL's statistics of a table: its planner's count of rows, None at first, and its indexes."""

    record_count: int | None = None
    indexes: tuple[str, ...] = ()


async def find_dataset(session: AsyncSession, name: str) -> Dataset | None:
    """The dataset of this name."""
    if not is_name(name):
        return None
    found: Dataset | None = await session.scalar(select(Dataset).where(col(Dataset.name) == name))
    return found


async def get_dataset(session: AsyncSession, name: str, *, visible: Collection[str] | None = None) -> Dataset:
    """The dataset of this name.

    Raises:
        DatasetNotFound: no dataset has this name; a near name is suggested, a `visible` one if given.
    """
    dataset = await find_dataset(session, name)
    if dataset is None:
        raise not_found(name, await list_names(session, visible))
    return dataset


async def lock_dataset(session: AsyncSession, dataset_id: UUID) -> Dataset | None:
    """Lock the dataset against every other writer until the transaction ends; None if it is gone.

    Rows that reference it, such as imports, can be created meanwhile.
    """
    query = select(Dataset).where(col(Dataset.id) == dataset_id).with_for_update(key_share=True)
    found: Dataset | None = await session.scalar(query.execution_options(populate_existing=True))
    return found


async def lock_loading(session: AsyncSession, dataset_id: UUID) -> None:
    """Keep imports from loading into a dataset until the transaction ends, once none does."""
    await session.execute(LOADING_LOCK, {"dataset": str(dataset_id)})


async def list_names(session: AsyncSession, visible: Collection[str] | None = None) -> list[str]:
    """The names of all datasets, sorted, only of the `visible` ones if that is given."""
    query = select(Dataset.name).order_by(col(Dataset.name))
    if visible is not None:
        query = query.where(col(Dataset.name).in_(visible))
    return list(await session.scalars(query))


async def list_page(
    session: AsyncSession, limit: int, *, after: str = "", visible: Collection[str] | None = None
) -> list[Dataset]:
    """Up to `limit` datasets by name, those after `after`, only the `visible` ones if that is given."""
    name = col(Dataset.name)
    query = select(Dataset).where(name > after).order_by(name).limit(limit)
    if visible is not None:
        query = query.where(name.in_(visible))
    return list(await session.scalars(query))


async def list_referring(session: AsyncSession, name: str) -> list[str]:
    """The names of the other datasets with a column that references this one."""
    refers = col(Dataset.columns).contains([{"references": name}])
    return list(await session.scalars(select(Dataset.name).where(refers, col(Dataset.name) != name)))


async def add_dataset(session: AsyncSession, dataset: Dataset) -> None:
    """Store a new dataset.

    Raises:
        DatasetNameTaken: there is one of this name.
    """
    session.add(dataset)
    try:
        await session.flush()
    except IntegrityError:
        raise DatasetNameTaken(
            f"There is a dataset '{dataset.name}' already.", hint="Import into it, or choose another name."
        ) from None


async def touch_dataset(session: AsyncSession, dataset: Dataset) -> None:
    """Store what was changed of a dataset, with the time of the change."""
    # Caches of a definition are tagged with this time: two changes never have the same one.
    dataset.updated_at = max(datetime.now(UTC), dataset.updated_at + timedelta(microseconds=1))
    session.add(dataset)
    await session.flush()


async def run_ddl(session: AsyncSession, statements: Sequence[str]) -> None:
    """Run statements that change tables, in the session's transaction."""
    connection = await session.connection()
    for statement in statements:
        await connection.exec_driver_sql(statement)


async def table_has_rows(session: AsyncSession, name: str) -> bool:
    """Return whether a dataset's table has any records; if not, it gets none until the transaction ends."""
    table = quote(DATA_SCHEMA, name)
    query = text(f"SELECT EXISTS (SELECT FROM {table})")
    # Nobody has to wait for a lock that is not needed.
    if await session.scalar(query):
        return True
    await run_ddl(session, [f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"])
    return bool(await session.scalar(query))


async def drop_table(session: AsyncSession, name: str) -> None:
    """Drop a dataset's table with its records, if it exists."""
    await run_ddl(session, [f"DROP TABLE IF EXISTS {quote(DATA_SCHEMA, name)}"])


async def show(session: AsyncSession, datasets: Sequence[Dataset]) -> list[DatasetPublic]:
    """Datasets as the API shows them, with what PostgreSQL knows of their tables."""
    names = [dataset.name for dataset in datasets]
    rows = await session.execute(_TABLE_FACTS, {"schema": DATA_SCHEMA, "names": names})
    facts = {row.name: TableFacts(row.record_count, tuple(row.indexes)) for row in rows}
    return [_public(dataset, facts.get(dataset.name, TableFacts())) for dataset in datasets]


def _public(dataset: Dataset, facts: TableFacts) -> DatasetPublic:
    members = dataset.model_dump() | {
        "record_count": facts.record_count,
        "indexes": _shown_indexes(dataset, facts.indexes),
        "unindexed": dataset.definition.unindexed,
    }
    return DatasetPublic.model_validate(members)


def _shown_indexes(dataset: Dataset, names: Sequence[str]) -> list[Index]:
    """The indexes that a table has by `names`, with what they stand on; those that Tolva did not make by name only."""
    definition, table = dataset.definition, dataset.name
    key = tuple(column.name for column in definition.key_columns)
    known = {constraint_name(table, "pkey"): Index(columns=key, origin="key")}
    for column in definition.columns:
        if column.unique:
            shown = Index(columns=(column.name,), origin="unique")
            known[constraint_name(table, column.name, "key")] = shown
    for index in definition.indexes:
        known[index_name(table, index)] = index.model_copy(update={"origin": "declared"})
    other = Index(origin="database")
    return [known.get(name, other).model_copy(update={"name": name}) for name in names]
