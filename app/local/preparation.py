"""What services that have just started need before Tolva can use them: tables, bucket, queue."""

import asyncio

from app.core.aws import close_clients
from app.handlers import migrate
from app.local.resources import create_resources


def prepare_all(database_url: str) -> None:
    """Bring the database to the newest revision and make the resources. The environment points at the emulator."""
    migrate.upgrade(database_url)
    prepare_emulator()


def prepare_emulator() -> None:
    """Make the resources that the emulator lacks: all of them after a crash, for it writes its state as it ends."""
    asyncio.run(_create_resources())


async def _create_resources() -> None:
    try:
        await create_resources()
    finally:
        # The clients belong to this event loop, which ends here.
        await close_clients()
