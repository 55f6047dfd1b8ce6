"""Claim: the right of one worker to an import, renewed while it works, and how far the import has gone."""

import asyncio

from app.core import log
from app.core.database.sessions import transaction
from app.imports import repository
from app.imports.repository import Lease
from app.imports.worker.progress import Meter
from app.imports.worker.turns import ImportPostponed

HEARTBEAT_SECONDS = 1.0


class LeaseLost(Exception):
    """The import was cancelled, or another worker has it."""


class Claim:
    """A worker's claim of an import, by the lease that it has taken."""

    def __init__(self, lease: Lease, meter: Meter) -> None:
        self.lease = lease
        self.meter = meter
        self.is_lost = False
        # Some of it may be written that nothing takes back.
        self.is_writing = False
        # Its outcome is written, and nobody else can take it up: the commit follows, and then what comes after that.
        self.is_ending = False
        self.is_committed = False

    async def keep(self, work: "asyncio.Task[None]") -> None:
        """Renew the lease and show the progress every second; cancels the work when the import is lost."""
        kept = True
        while not self.is_ending:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                kept = await self._renew()
            except Exception as error:
                # The lease outlives a few failures; what loads fails by itself when the database is gone.
                log.failure("import.lease_not_renewed", error, import_id=self.lease.import_id)
            # One that waited for the import's own commit finds it ended, which is not lost.
            if not kept and not self.is_ending:
                self.is_lost = True
                work.cancel()
                return

    async def _renew(self) -> bool:
        async with transaction() as session:
            return await repository.renew_lease(session, self.lease, self.meter.phase, self.meter.document())

    async def take_slot(self) -> None:
        """Count among the imports that take long.

        Raises:
            ImportPostponed: enough of them run.
        """
        # Before the place is taken: a heartbeat that is under way would say otherwise of it for a moment.
        self.meter.is_long = True
        async with transaction() as session:
            if not await repository.take_slot(session, self.lease):
                raise ImportPostponed(takes_long=True)

    async def begin_writing(self) -> None:
        """Note that the import goes to its end from now on.

        Raises:
            LeaseLost: it was cancelled before.
        """
        async with transaction() as session:
            if not await repository.renew_lease(session, self.lease, "committing", self.meter.document()):
                raise LeaseLost
        self.meter.rows_loaded = 0
        self.is_writing = True
