"""Runs the migrations over the application's own driver.

The database is the config attribute `database_url` where it is given, else TOLVA_DATABASE_URL.
"""

import asyncio
import os
from functools import partial
from typing import Any

import asyncpg
from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel

import app.access.keys.models
import app.core.database.models
import app.datasets.models
import app.images.models
import app.imports.models
import app.imports.picture_batches  # noqa: F401  # a model is known once its module is
from app.core.database.names import CATALOGUE_SCHEMA
from app.core.database.pool import login

# Any number, as long as no one else takes it: the holder of this lock migrates, the others wait.
MIGRATION_LOCK = 7_046_031_221


def _database_url() -> str:
    given = context.config.attributes.get("database_url") or os.environ.get("TOLVA_DATABASE_URL")
    if not given:
        raise SystemExit("Set TOLVA_DATABASE_URL to the database that is to be migrated.")
    return str(given)


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Compare the catalogue only: the data tables belong to the importers."""
    return kind != "schema" or name == CATALOGUE_SCHEMA


def _run(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
    # The old code goes on serving meanwhile: a migration that cannot have its lock at once gives up, nobody queues.
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.execute(text("SET statement_timeout = '60s'"))
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {CATALOGUE_SCHEMA}"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        version_table_schema=CATALOGUE_SCHEMA,
        include_schemas=True,
        include_name=_is_ours,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _migrate() -> None:
    connect = partial(asyncpg.connect, **login(_database_url()))
    engine = create_async_engine("postgresql+asyncpg://", poolclass=NullPool, async_creator=connect)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_migrate())
