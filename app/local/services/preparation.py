"""Preparation of services that have just started: tables, bucket, queue."""

import asyncio

from app.core.aws.clients import close_clients
from app.handlers import migrate
from app.local.services.lost_records import find_lost
from app.local.services.resources import create_resources


def prepare_all(database_url: str) -> list[str]:
    """Bring the database to the newest revision and make the resources; answers the datasets whose records are gone.

    The environment points at the emulator.
    """
    migrate.upgrade(database_url)
    return asyncio.run(_prepare(database_url))


def prepare_emulator() -> None:
    """Make the resources that the emulator lacks: the queue, after a crash."""
    asyncio.run(_prepare(None))


async def _prepare(database_url: str | None) -> list[str]:
    try:
        await create_resources()
        return await find_lost(database_url) if database_url else []
    finally:
        # The clients belong to this event loop, which ends here.
        await close_clients()
