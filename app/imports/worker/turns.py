"""Turns: imports into one dataset follow each other, and none waits long for it in a worker that others could use."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database.sessions import get_engine, sql_state, transaction
from app.datasets.repository import LOADING_LOCK
from app.imports import repository
from app.imports.models import Import

# A load takes and waits as long as it takes, and memory makes its indexes and its look for clashes faster.
LOAD_SETTINGS = ("statement_timeout = 0", "lock_timeout = 0", "work_mem = '64MB'", "maintenance_work_mem = '256MB'")
# How long the import before one is waited for until it is looked at.
PATIENCE = "1s"
LOCK_NOT_AVAILABLE = "55P03"


class ImportPostponed(Exception):
    """The import takes long and enough such imports run, one of them goes into its dataset, or it waits for pictures.

    `progress` is what it shows meanwhile.
    """

    def __init__(
        self, *, takes_long: bool = False, reason: str | None = None, progress: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(reason or ("it takes long" if takes_long else "a long import goes into its dataset"))
        self.takes_long = takes_long
        self.progress = dict(progress or {})


@asynccontextmanager
async def loading_transaction(row: Import, *, takes_long: bool) -> AsyncIterator[AsyncConnection]:
    """The transaction that everything of an import is loaded in, once it is its turn.

    Raises:
        ImportPostponed: an import that takes long is before it.
    """
    async with get_engine().connect() as connection:
        try:
            async with connection.begin():
                for setting in LOAD_SETTINGS:
                    await connection.execute(text(f"SET LOCAL {setting}"))
                while not await _lock_loading(connection, row):
                    async with transaction() as session:
                        if await repository.find_reason_to_wait(session, row):
                            raise ImportPostponed(takes_long=takes_long)
                yield connection
        except BaseException:
            # A COPY that was broken off leaves the connection in no state to be used again.
            await connection.invalidate()
            raise


async def _lock_loading(connection: AsyncConnection, row: Import) -> bool:
    """Wait with limited patience until no other import goes into the dataset; return whether that is so."""
    try:
        async with connection.begin_nested():
            await connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
            await connection.execute(LOADING_LOCK, {"dataset": str(row.dataset_id)})
            await connection.execute(text("SET LOCAL lock_timeout = 0"))
    except DBAPIError as error:
        if sql_state(error) != LOCK_NOT_AVAILABLE:
            raise
        return False
    return True
