"""Records in PostgreSQL."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import CursorInvalid
from app.datasets.columns import Column, row_id_column
from app.datasets.models import Dataset
from app.records import sql
from app.records.errors import RecordNotFound


@dataclass(frozen=True)
class RecordPage:
    """Records as JSON texts, and the key of the last one (JSON values) where more follow."""

    records: list[str]
    last: list[Any] | None


async def list_page(
    session: AsyncSession, dataset: Dataset, *, limit: int, after: Sequence[Any] | None = None
) -> RecordPage:
    """Up to `limit` records in the order of their key, those behind the key `after` (JSON values)."""
    if not dataset.columns:
        return RecordPage([], None)
    key = dataset.key_columns
    behind = _values(after, key) if after is not None else ()
    statement = sql.select_page(dataset.name, shown_columns(dataset), key, limit=limit + 1, behind=after is not None)
    records = await _fetch(session, statement, behind)
    page = records[:limit]
    last = json.loads(page[-1]) if len(records) > limit else None
    return RecordPage(page, [last[column.name] for column in key] if last is not None else None)


async def get_record(session: AsyncSession, dataset: Dataset, key: Sequence[Any]) -> str:
    """The record with this key as a JSON text; `key` holds the values as `Column.parse` gives them.

    Raises:
        RecordNotFound: there is none.
    """
    columns = dataset.key_columns
    statement = sql.select_record(dataset.name, shown_columns(dataset), columns)
    records = await _fetch(session, statement, key) if dataset.columns else []
    if not records:
        shown = ", ".join(f"{column.name} {value}" for column, value in zip(columns, key, strict=True))
        raise RecordNotFound(f"'{dataset.name}' has no record with {shown}.")
    return records[0]


def shown_columns(dataset: Dataset) -> list[Column]:
    """The members of a record in their order: the file's, behind the number where there is no key."""
    return dataset.typed_columns if dataset.key else [row_id_column(), *dataset.typed_columns]


def _values(position: Sequence[Any], key: Sequence[Column]) -> tuple[Any, ...]:
    try:
        return tuple(column.parse(str(value)) for column, value in zip(key, position, strict=True))
    except ValueError:
        raise CursorInvalid("The cursor does not fit the dataset's key.", hint="Start anew.") from None


async def _fetch(session: AsyncSession, statement: str, values: Sequence[Any]) -> list[str]:
    connection = await session.connection()
    result = await connection.exec_driver_sql(statement, tuple(str(value) for value in values))
    return list(result.scalars())
