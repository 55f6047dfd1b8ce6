"""The work on imports that no message asks for: those whose worker died, and files whose arrival went unnoticed."""

from collections.abc import AsyncIterator, Callable
from functools import partial

from app.core import log
from app.core.aws.queue import send_message
from app.core.aws.storage import find_object, list_pages
from app.core.database.sessions import after_commit, transaction
from app.core.dynamo import table
from app.core.settings import get_settings
from app.imports import repository
from app.imports.messages import FileFound, ImportQueued
from app.imports.models import INBOX
from app.imports.worker.intake import parse_inbox_key

AWAITING_BATCH = 100
RECOVERED_AT_ONCE = 1000
# The item that says how far the search of the inbox is.
SEARCH_ADDRESS = ("recovery", "inbox")


async def _find_uploads() -> None:
    """Queue the announced imports whose file has come without an event."""
    async with transaction() as session:
        waiting = await repository.take_awaiting(session, AWAITING_BATCH)
    for import_id, key in waiting:
        if await find_object(key) is not None:
            await send_message(ImportQueued(import_id=import_id))


class InboxSearch:
    """Scans the inbox for files without an import, page by page, and a limited part of it at a time.

    A search that ends before the inbox does keeps its place in the table, and the next one continues after it, in any
    process: so each takes a short time, however many files there are.
    """

    def __init__(self, pages: Callable[[str, str], AsyncIterator[list[str]]] = list_pages) -> None:
        self._pages = pages

    async def search(self) -> None:
        """Queue the files, up to about RECOVERED_AT_ONCE.

        Raises:
            ServiceUnavailable: the table does not answer.
        """
        item = await table.find_item(*SEARCH_ADDRESS)
        after = item["after"] if item is not None else ""
        reached = await self._search_after(after)
        if reached != after:
            pk, sk = SEARCH_ADDRESS
            await table.put_item({"pk": pk, "sk": sk, "after": reached})

    async def _search_after(self, after: str) -> str:
        """Queue files that come after a key; return the key at which the search ended, an empty one at the inbox's
        end.
        """
        found = seen = 0
        async for keys in self._pages(INBOX, after):
            for key in await self._unknown(keys):
                await send_message(FileFound(key=key))
                found += 1
            seen += len(keys)
            if found >= RECOVERED_AT_ONCE or seen >= get_settings().inbox_search_files:
                return max(keys, default="")
        return ""

    async def _unknown(self, keys: list[str]) -> list[str]:
        dropped = [key for key in keys if parse_inbox_key(key)]
        async with transaction() as session:
            known = await repository.known_object_keys(session, dropped)
        return [key for key in dropped if key not in known]


_inbox = InboxSearch()


async def recover_imports(inbox: InboxSearch = _inbox) -> None:
    """Queue again what has no message any more: imports whose worker died, and files whose arrival went unnoticed.

    What comes first does not wait for the rest, nor fail with it.
    """
    async with transaction() as session:
        for import_id in await repository.requeue_stalled(session, RECOVERED_AT_ONCE):
            log.event("import.requeued", import_id=import_id)
            after_commit(session, partial(send_message, ImportQueued(import_id=import_id)))
    await _find_uploads()
    await inbox.search()
