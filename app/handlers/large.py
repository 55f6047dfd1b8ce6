"""The task of one import that would outlast a Lambda function: `python -m app.handlers.large IMPORT`.

It takes the import as the worker does, under the same lease, and ends with it. Its exit code is 0 if nothing is left
to do, even if the import failed, 1 if something failed that may pass, 2 if it was called or set up wrongly, and 143 if
SIGTERM asked it to end. An import that it had begun is handed over again after 1 and 143.
"""

import asyncio
import signal
import sys
from collections.abc import Sequence
from uuid import UUID

from app.core import log
from app.core.aws.clients import close_clients
from app.core.aws.storage import open_storage
from app.core.database.pool import close_connections
from app.core.settings import SettingsInvalid, get_settings
from app.imports.errors import ImportNotFound
from app.imports.worker.intake import ImportBusy, take_handed_over
from app.imports.worker.memory import limit_arenas

DONE, FAILED, MISUSED, ENDED = 0, 1, 2, 128 + signal.SIGTERM
# As in the worker: the loop must not wait long for a thread that computes.
SWITCH_SECONDS = 0.0005


async def run(import_id: UUID) -> int:
    """Do the import, until it ends or SIGTERM comes; the exit code."""
    work = asyncio.create_task(_take(import_id))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        return ENDED
    except Exception as error:
        log.failure("task.failed", error, import_id=import_id)
        return FAILED
    finally:
        await close_connections()
        await close_clients()
    return DONE


async def _take(import_id: UUID) -> None:
    await open_storage()
    try:
        await take_handed_over(import_id)
    except (ImportBusy, ImportNotFound) as reason:
        # The worker that has it goes on, or recovery finds it: another task would not help.
        log.event("task.not_needed", import_id=import_id, reason=str(reason))


def main(arguments: Sequence[str]) -> int:
    """Run the task by its arguments; the exit code."""
    try:
        (text,) = arguments
        import_id = UUID(text)
        settings = get_settings()
        log.configure(settings.log_level)
        if settings.large_imports is None:
            raise SettingsInvalid("TOLVA_LARGE_IMPORTS is not set: an import could not be handed over again.")
    except (ValueError, SettingsInvalid) as error:
        print(f"python -m app.handlers.large IMPORT: {error}", file=sys.stderr)
        return MISUSED
    sys.setswitchinterval(SWITCH_SECONDS)
    limit_arenas()
    log.event("task.started", import_id=import_id)
    code = asyncio.run(run(import_id))
    log.event("task.ended", import_id=import_id, code=code)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
